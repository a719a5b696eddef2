import type { Storage } from "../image/storage.ts";

/** Draws a whole SVG document as PNG, with so many pixels for each of its units (default 1). */
export type DrawPng = (svg: string, scale?: number) => Promise<Uint8Array>;

/** Where long work writes its files and pictures. */
export interface OutputContext {
  storage: Storage;
  drawPng: DrawPng;
}
