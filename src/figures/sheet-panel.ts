/** One picture of a contact sheet: its size on the page, its pixels, what stands under it, its scale bar. */
import { resize } from "../array/resample.ts";
import type { Plane } from "../image/image.ts";
import {
  type Canvas,
  type Colour,
  drawText,
  fillRectangle,
  type Rectangle,
  TEXT_HEIGHT,
  textWidth,
  wrapText,
} from "./canvas.ts";
import { divergingColour } from "./colour-map.ts";

const BLACK: Colour = [0, 0, 0];
const WHITE: Colour = [255, 255, 255];
export const INK: Colour = [30, 30, 30];
/** From one line of text to the next, pixels. */
export const LINE = TEXT_HEIGHT + 6;

/** A plane at the size it is drawn, with the meaning of its numbers. */
export interface Panel extends Plane {
  title: string;
  /** Drawn pixels per pixel of the plane. */
  zoom: number;
  colour: (value: number) => Colour;
  caption: string;
  /** For differences: the value of the darkest colours. */
  scale?: { limit: number };
}

/** Enlarged by repeating pixels, so that a pixel can be seen for what it is, or averaged down. */
export function enlarge(plane: Plane, size: number): Plane & { zoom: number } {
  const room = size / Math.max(plane.height, plane.width);
  if (room < 1) {
    const height = Math.max(1, Math.round(plane.height * room));
    const width = Math.max(1, Math.round(plane.width * room));
    return { ...resize(plane, height, width), zoom: width / plane.width };
  }
  const zoom = Math.floor(room);
  const height = plane.height * zoom;
  const width = plane.width * zoom;
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data[y * width + x] = plane.data[Math.floor(y / zoom) * plane.width + Math.floor(x / zoom)];
  return { data, height, width, zoom };
}

export function drawPanel(canvas: Canvas, panel: Panel, top: number, left: number): void {
  // White differences need an edge.
  if (panel.scale) frame(canvas, { y: top, x: left, height: panel.height, width: panel.width });
  for (let y = 0; y < panel.height; y++)
    for (let x = 0; x < panel.width; x++)
      canvas.data.set(panel.colour(panel.data[y * panel.width + x]), ((top + y) * canvas.width + left + x) * 3);
}

export function drawCaption(canvas: Canvas, panel: Panel, y: number, x: number, width: number): void {
  if (!panel.scale) {
    if (panel.caption === "") return;
    wrapText(panel.caption, width).forEach((line, i) => {
      drawText(canvas, line, y + i * LINE, x, INK);
    });
    return;
  }
  const { limit } = panel.scale;
  const bar = { y, x, height: TEXT_HEIGHT, width: Math.min(panel.width, width) };
  frame(canvas, bar);
  for (let i = 0; i < bar.width; i++)
    fillRectangle(canvas, { ...bar, x: x + i, width: 1 }, divergingColour((2 * i) / (bar.width - 1) - 1));
  const [low, high] = [`−${plain(limit)}`, `+${plain(limit)}`];
  if (textWidth(low) + textWidth(high) + TEXT_HEIGHT > bar.width) {
    drawText(canvas, `+/${low}`, y + LINE, x, INK);
    return;
  }
  drawText(canvas, low, y + LINE, x, INK);
  drawText(canvas, high, y + LINE, x + bar.width - textWidth(high), INK);
}

/** Drawn twice, a pixel apart. */
export function drawBold(canvas: Canvas, text: string, y: number, x: number): void {
  drawText(canvas, text, y, x, INK);
  drawText(canvas, text, y, x + 1, INK);
}

function frame(canvas: Canvas, { y, x, height, width }: Rectangle): void {
  fillRectangle(canvas, { y: y - 1, x: x - 1, height: height + 2, width: width + 2 }, [190, 190, 190]);
}

/** A round length of about a fifth of the panel, lower right, white with a black outline. */
export function drawScaleBar(canvas: Canvas, panel: Panel, top: number, left: number, pixelSize: number): void {
  const perPixel = pixelSize / panel.zoom;
  const length = roundLength(0.25 * panel.width * perPixel);
  const pixels = Math.max(1, Math.round(length / perPixel));
  const text = length < 1 ? `${Math.round(1000 * length)} nm` : `${length} um`;
  const middle = left + panel.width - 10 - Math.ceil(Math.max(pixels, textWidth(text)) / 2);
  const y = top + panel.height - 14;
  const x = middle - Math.floor(pixels / 2);
  fillRectangle(canvas, { y: y - 1, x: x - 1, height: 6, width: pixels + 2 }, BLACK);
  fillRectangle(canvas, { y, x, height: 4, width: pixels }, WHITE);
  drawText(canvas, text, y - TEXT_HEIGHT - 3, middle - Math.floor(textWidth(text) / 2), WHITE, BLACK);
}

/** The largest of 1, 2, 5 times a power of ten that is not above `length`. */
export function roundLength(length: number): number {
  const power = 10 ** Math.floor(Math.log10(length));
  const digit = length / power >= 5 ? 5 : length / power >= 2 ? 2 : 1;
  return Number((digit * power).toPrecision(1));
}

/** A number with about three digits, and no exponent where it can be avoided. */
export function plain(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(rounded);
}
