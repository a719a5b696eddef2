/** Planes in rows and columns as one PNG: montages of a stack, outputs of several models for several planes. */
import { encode } from "fast-png";
import { percentiles } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { type Colour, createCanvas, drawText, textWidth, wrapText } from "./canvas.ts";
import { greyColour } from "./colour-map.ts";
import { drawBold, drawPanel, drawScaleBar, enlarge, INK, LINE, type Panel } from "./sheet-panel.ts";

export interface GridCell {
  plane: Plane;
  /** Under the picture; may be several lines. */
  caption?: string;
  /** Counts shown as black and as white; default percentiles 0.1 and 99.9 of the plane. */
  contrast?: readonly [number, number];
  /** Instead of grey: of a value between black (0) and white (1). */
  colour?: (value: number) => Colour;
}

export interface GridRow {
  /** Left of the row. */
  label: string;
  /** undefined leaves a gap. */
  cells: readonly (GridCell | undefined)[];
}

export interface PictureGridOptions {
  title?: string;
  columns?: readonly string[];
  /** Below, smaller. */
  note?: string;
  /** um; draws a scale bar into the first picture. */
  pixelSize?: number | undefined;
  /** Longest side of a picture, pixels; default 200. */
  panelSize?: number;
}

const WHITE: Colour = [255, 255, 255];
const FAINT: Colour = [95, 95, 95];
const [MARGIN, GAP, LABEL] = [18, 8, 190];

/** The contrast that shows several planes alike: percentiles 0.1 and 99.9 of one of them. */
export function contrastOf(plane: Plane): [number, number] {
  const [low, high] = percentiles(plane.data, [0.1, 99.9]);
  return [low, high > low ? high : low + 1];
}

/**
 * A picture, PNG bytes, 8-bit RGB.
 * @throws image.unfit without any plane
 */
export function pictureGrid(rows: readonly GridRow[], options: PictureGridOptions = {}): Uint8Array {
  const { panelSize = 200, columns = [] } = options;
  const drawn = rows.map(({ label, cells }) => ({
    label,
    cells: cells.map((cell) => cell && panelOf(cell, panelSize)),
  }));
  const panels = drawn.flatMap(({ cells }) => cells.filter((cell) => cell !== undefined));
  if (panels.length === 0) {
    const detail = "Picture grid: there is no plane to be shown.";
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const count = Math.max(columns.length, ...drawn.map(({ cells }) => cells.length));
  const headWords = columns.flatMap((text) => text.split(" "));
  const columnWidth = Math.max(90, ...panels.map(({ width }) => width), ...headWords.map(textWidth));
  const labels = rows.some(({ label }) => label !== "");
  const left = MARGIN + (labels ? LABEL + GAP : 0);
  const least = options.title === undefined ? 0 : textWidth(options.title) + 2 * MARGIN;
  const width = Math.max(left + count * (columnWidth + GAP) - GAP + MARGIN, least);
  const heads = columns.map((text) => wrapText(text, columnWidth));
  const headLines = Math.max(0, ...heads.map((lines) => lines.length));
  const note = options.note === undefined ? [] : wrapText(options.note, width - 2 * MARGIN);
  const heights = drawn.map(({ label, cells }) => {
    const lines = Math.max(0, ...cells.map((cell) => (cell?.caption ? wrapText(cell.caption, columnWidth).length : 0)));
    const tall = Math.max(0, ...cells.map((cell) => cell?.height ?? 0));
    return Math.max(tall + (lines > 0 ? 4 : 0) + lines * LINE, wrapText(label, LABEL).length * LINE) + GAP;
  });
  const top = MARGIN + (options.title === undefined ? 0 : LINE + GAP);
  const body = top + headLines * LINE;
  const height = body + heights.reduce((a, b) => a + b, 0) + note.length * LINE + MARGIN;
  const canvas = createCanvas(height, width, WHITE);
  if (options.title !== undefined) drawBold(canvas, options.title, MARGIN, MARGIN);
  const xOf = (c: number): number => left + c * (columnWidth + GAP);
  heads.forEach((lines, c) => {
    lines.forEach((line, i) => {
      drawBold(canvas, line, top + i * LINE, xOf(c));
    });
  });
  let y = body;
  let scaled = options.pixelSize === undefined;
  drawn.forEach(({ label, cells }, r) => {
    wrapText(label, LABEL).forEach((line, i) => {
      drawText(canvas, line, y + i * LINE, MARGIN, INK);
    });
    cells.forEach((panel, c) => {
      if (!panel) return;
      drawPanel(canvas, panel, y, xOf(c));
      if (!scaled && options.pixelSize !== undefined) drawScaleBar(canvas, panel, y, xOf(c), options.pixelSize);
      scaled = true;
      if (panel.caption === "") return;
      wrapText(panel.caption, columnWidth).forEach((line, i) => {
        drawText(canvas, line, y + panel.height + 4 + i * LINE, xOf(c), INK);
      });
    });
    y += heights[r];
  });
  note.forEach((line, i) => {
    drawText(canvas, line, y + i * LINE, MARGIN, FAINT);
  });
  return encode({ width, height, data: canvas.data, channels: 3, depth: 8 });
}

function panelOf({ plane, caption = "", contrast, colour = greyColour }: GridCell, size: number): Panel {
  const [low, high] = contrast ?? contrastOf(plane);
  return {
    title: "",
    ...enlarge(plane, size),
    colour: (value) => colour((value - low) / (high - low)),
    caption,
  };
}
