/**
 * Drawings: blocks of text, pictures and charts, put below and beside each other, and the page around them as SVG text. Text is
 * real text, and a picture is a PNG of its own pixels, shown enlarged by a whole factor: nothing is blurred, and the same input
 * gives the same bytes.
 */
import { encode } from "fast-png";
import type { Plane } from "../image/image.ts";
import type { Colour } from "./colour-map.ts";
import { dataUrl, escapeMarkup } from "./markup.ts";
import { textWidth, typeset, wrapText } from "./text-lines.ts";

/** SVG elements between (0, 0) and (width, height), in units that are pixels of a PNG of the drawing. */
export interface Block {
  width: number;
  height: number;
  svg: string;
}

const ink = "#222";
export const muted = "#666";
const fontSize = 16;
const margin = 24;

export interface TextStyle {
  /** Default 16. */
  size?: number;
  colour?: string;
  anchor?: "start" | "middle" | "end";
  /** White text with a dark outline, to be read on any picture. */
  outlined?: boolean;
}

/** From one line of text to the next. */
const lineHeight = (size = fontSize): number => Math.round(1.4 * size);

/** One line of text whose line begins at `top`. */
export function textAt(text: string, x: number, top: number, style: TextStyle = {}): string {
  const { size = fontSize, colour = ink, anchor = "start", outlined } = style;
  const look = outlined
    ? ' fill="#fff" stroke="#000" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
    : ` fill="${colour}"`;
  const from = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${x}" y="${top + Math.round(size)}" font-size="${size}"${from}${look}>${escapeMarkup(typeset(text))}</text>`;
}

/** Lines of text, broken where they are wider than `width`. */
export function paragraph(text: string, width: number, style: TextStyle = {}): Block {
  const { size = fontSize } = style;
  const lines = text === "" ? [] : wrapText(text, width, size);
  return {
    width: Math.ceil(Math.max(0, ...lines.map((line) => textWidth(line, size)))),
    height: lines.length * lineHeight(size),
    svg: lines.map((line, i) => textAt(line, 0, i * lineHeight(size), style)).join(""),
  };
}

/** Pixels in colours, each drawn as a square of `zoom` units. */
export function pixels({ data, height, width }: Plane, zoom: number, colour: (value: number) => Colour): Block {
  const rgb = new Uint8Array(3 * data.length);
  data.forEach((value, i) => {
    rgb.set(colour(value), 3 * i);
  });
  const grey = rgb.every((value, i) => value === rgb[i - (i % 3)]);
  const png = encode({
    ...{ width, height, depth: 8 },
    ...(grey ? { data: rgb.filter((_, i) => i % 3 === 0), channels: 1 } : { data: rgb, channels: 3 }),
  });
  const size = { width: width * zoom, height: height * zoom };
  const svg = `<image width="${size.width}" height="${size.height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${dataUrl("image/png", png)}"/>`;
  return { ...size, svg };
}

/** A chart of chart.ts as a part of a drawing, at the size of its own. */
export function chartBlock(svg: string): Block {
  const [, attributes, inner] = /^<svg([^>]*)>(?:<style>.*?<\/style>)?(.*)<\/svg>$/s.exec(svg) ?? ["", "", ""];
  const sizeOf = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(attributes)?.[1]);
  // Size and name are those of a page, and a style sheet would hold for the whole of it.
  const own = attributes.replace(/ (?:xmlns|viewBox|width|height|class)="[^"]*"/g, "");
  return { width: sizeOf("width"), height: sizeOf("height"), svg: `<g${own}>${inner}</g>` };
}

export const moved = (svg: string, x: number, y: number): string =>
  svg === "" || (x === 0 && y === 0) ? svg : `<g transform="translate(${x} ${y})">${svg}</g>`;

/** Blocks below each other; empty ones take no room. */
export function below(blocks: readonly Block[], gap: number): Block {
  let height = 0;
  const parts = blocks
    .filter((block) => block.height > 0)
    .map((block) => {
      const y = height === 0 ? 0 : height + gap;
      height = y + block.height;
      return moved(block.svg, 0, y);
    });
  return { width: Math.max(0, ...blocks.map(({ width }) => width)), height, svg: parts.join("") };
}

/** Blocks beside each other, level at the top; empty ones take no room. */
export function beside(blocks: readonly Block[], gap: number): Block {
  let width = 0;
  const parts = blocks
    .filter((block) => block.width > 0)
    .map((block) => {
      const x = width === 0 ? 0 : width + gap;
      width = x + block.width;
      return moved(block.svg, x, 0);
    });
  return { width, height: Math.max(0, ...blocks.map(({ height }) => height)), svg: parts.join("") };
}

/** The drawing as an SVG file, on white. */
export function page(block: Block): string {
  const [width, height] = [block.width + 2 * margin, block.height + 2 * margin];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif"><rect width="${width}" height="${height}" fill="#fff"/>${moved(block.svg, margin, margin)}</svg>\n`;
}
