/** Drawings and charts as PNG in Node: resvg and the font come from node_modules, nothing from the network or the system. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { ParfocalError } from "../errors.ts";
import { openSvgPng, type SvgPng } from "./svg-png.ts";

/** DejaVu Sans, in one file: Latin, Greek, Cyrillic, arrows and mathematics. */
const FONT = "@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2";

let opened: Promise<SvgPng> | undefined;

/**
 * SVG text as a PNG file, on white, 8-bit grey or RGB.
 * @param scale pixels for each unit of the SVG; charts are drawn with `chartScale`
 * @throws image.unfit for what is no SVG; runtime.unavailable where resvg or the font is missing
 */
export async function svgPng(svg: string, scale = 1): Promise<Uint8Array> {
  opened ??= open();
  return (await opened)(svg, scale);
}

async function open(): Promise<SvgPng> {
  const [wasm, font] = await Promise.all(["@resvg/resvg-wasm/index_bg.wasm", FONT].map(readPackaged));
  return openSvgPng({ wasm, font });
}

/** A file of an installed package. */
async function readPackaged(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(createRequire(import.meta.url).resolve(name));
  } catch (cause) {
    throw new ParfocalError(
      "runtime.unavailable",
      `Pictures as PNG need the file ${name}, which is missing or cannot be read: run \`npm install\` again.`,
      { runtime: "resvg", detail: String(cause) },
      { cause },
    );
  }
}
