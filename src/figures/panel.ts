/** One picture of a sheet: its pixels at the size they are drawn, its scale bar, its colour bar. */
import { resize } from "../array/resample.ts";
import type { Plane } from "../image/image.ts";
import { type Colour, divergingColour } from "./colour-map.ts";
import { type Block, muted, pixels, textAt } from "./drawing.ts";
import { textWidth } from "./text-lines.ts";

const smallSize = 15;

/** Drawn units for each pixel of the plane. */
export type Panel = Block & { zoom: number };

/**
 * A plane whose longest side is at most `size`: enlarged by a whole factor, so that a pixel can be seen for what it is, or averaged down.
 * @param framed whether an edge is drawn around it, without which white would be lost on the page
 */
export function panel(plane: Plane, size: number, colour: (value: number) => Colour, framed = false): Panel {
  const room = size / Math.max(plane.height, plane.width);
  const sideOf = (length: number): number => Math.max(1, Math.round(length * room));
  const shown = room < 1 ? resize(plane, sideOf(plane.height), sideOf(plane.width)) : plane;
  const block = pixels(shown, Math.max(1, Math.floor(room)), colour);
  const { width, height } = block;
  const frame = `<rect x="-0.5" y="-0.5" width="${width + 1}" height="${height + 1}" fill="none" stroke="#bbb"/>`;
  return { ...block, svg: `${block.svg}${framed ? frame : ""}`, zoom: width / plane.width };
}

/** A round length of about a quarter of the panel, lower right, white with a dark outline; nothing where it has no room. */
export function scaleBar({ width, height, zoom }: Panel, pixelSize: number): string {
  const perUnit = pixelSize / zoom;
  const length = roundLength(0.25 * width * perUnit);
  const bar = Math.max(1, Math.round(length / perUnit));
  const text = length < 1 ? `${Math.round(1000 * length)} nm` : `${length} um`;
  const room = Math.ceil(Math.max(bar, textWidth(text, smallSize)));
  if (room + 20 > width || height < 40) return "";
  const middle = width - 10 - Math.ceil(room / 2);
  const x = middle - Math.floor(bar / 2);
  const y = height - 14;
  const outline = `<rect x="${x - 1}" y="${y - 1}" width="${bar + 2}" height="6" fill="#000"/>`;
  const inside = `<rect x="${x}" y="${y}" width="${bar}" height="4" fill="#fff"/>`;
  const label = textAt(text, middle, y - 23, { size: smallSize, anchor: "middle", outlined: true });
  return `${outline}${inside}${label}`;
}

/** The colours of differences from -limit to limit, and these numbers. */
export function colourBar(width: number, limit: number, unit: string): Block {
  const ramp = { data: Float32Array.from({ length: width }, (_, i) => (2 * i) / (width - 1) - 1), height: 1, width };
  const band = pixels(ramp, 1, divergingColour).svg.replace('height="1"', 'height="10"');
  const [low, high] = [`−${plain(limit)}${unit}`, `+${plain(limit)}${unit}`];
  const style = { size: smallSize, colour: muted } as const;
  const bothFit = textWidth(low, smallSize) + textWidth(high, smallSize) + 16 <= width;
  const numbers = bothFit
    ? textAt(low, 0, 12, style) + textAt(high, width, 12, { ...style, anchor: "end" })
    : textAt(`±${plain(limit)}${unit}`, 0, 12, style);
  const frame = `<rect x="-0.5" y="-0.5" width="${width + 1}" height="11" fill="none" stroke="#bbb"/>`;
  return { width, height: 33, svg: `${band}${frame}${numbers}` };
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
