/** A picture to draw on, 8-bit RGB, and the few things that are drawn: rectangles, pixels and text. */
import { GLYPH_HEIGHT, rasterise, scale2x } from "./bitmap-font.ts";
import { withMicroSign } from "./micro-sign.ts";

export type Colour = readonly [red: number, green: number, blue: number];

/** `[y, x, rgb]`, 0..255. */
export interface Canvas {
  data: Uint8Array;
  height: number;
  width: number;
}

export function createCanvas(height: number, width: number, colour: Colour): Canvas {
  const canvas = { data: new Uint8Array(height * width * 3), height, width };
  fillRectangle(canvas, { y: 0, x: 0, height, width }, colour);
  return canvas;
}

export interface Rectangle {
  y: number;
  x: number;
  height: number;
  width: number;
}

/** Whatever lies outside the canvas is cut off. */
export function fillRectangle(canvas: Canvas, { y, x, height, width }: Rectangle, colour: Colour): void {
  for (let row = Math.max(0, y); row < Math.min(canvas.height, y + height); row++)
    for (let column = Math.max(0, x); column < Math.min(canvas.width, x + width); column++)
      canvas.data.set(colour, (row * canvas.width + column) * 3);
}

/** Letters of 16 pixels: capitals 14 high, on a baseline 14 below `y`. */
export const TEXT_HEIGHT = 2 * GLYPH_HEIGHT;

/** Width of a line of text as {@link drawText} draws it, pixels. */
export function textWidth(text: string): number {
  return 2 * (rasterise(withMicroSign(text))[0]?.length ?? 0);
}

/** One line of text with its upper left corner at (y, x); micrometres get their sign. `halo` outlines the letters, to be readable on any picture. */
export function drawText(canvas: Canvas, text: string, y: number, x: number, colour: Colour, halo?: Colour): void {
  const rows = scale2x(rasterise(withMicroSign(text)));
  const stamp = (dy: number, dx: number, size: number, ink: Colour): void => {
    rows.forEach((row, v) => {
      row.forEach((inked, u) => {
        if (inked) fillRectangle(canvas, { y: y + v + dy, x: x + u + dx, height: size, width: size }, ink);
      });
    });
  };
  if (halo) stamp(-1, -1, 3, halo);
  stamp(0, 0, 1, colour);
}

/** Breaks a text at spaces (and at line feeds) into lines no wider than `width`; longer words, such as names of files, where they can be. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      const [first, ...rest] = piecesOf(word, width);
      const longer = line === "" ? first : `${line} ${first}`;
      if (line !== "" && textWidth(longer) > width) {
        lines.push(line);
        line = first;
      } else line = longer;
      for (const piece of rest) {
        lines.push(line);
        line = piece;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** A word in pieces no wider than `width`, if need be: after its last sign that fits, or else after its last letter that does. */
function piecesOf(word: string, width: number): string[] {
  const pieces: string[] = [];
  let rest = word;
  while (rest.length > 1 && textWidth(rest) > width) {
    let fits = 1;
    while (textWidth(rest.slice(0, fits + 1)) <= width) fits++;
    const sign = /^.*[-_./]/.exec(rest.slice(0, fits))?.[0].length ?? 0;
    const at = sign > 1 ? sign : fits;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...pieces, rest];
}
