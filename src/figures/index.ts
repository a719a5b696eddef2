/**
 * Drawing: contact sheets, maps of defocus, and SVG as PNG.
 * @module
 */

export { contactSheet, type SheetOptions, type SheetRow } from "./contact-sheet.ts";
export { type DefocusPicture, defocusSheet } from "./defocus-sheet.ts";
export type { DrawPng, OutputContext } from "./output-context.ts";
export { openSvgPng, type SvgPng, type SvgPngParts } from "./svg-png.ts";
