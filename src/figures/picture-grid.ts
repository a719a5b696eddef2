/** Planes in rows and columns as one drawing: montages of a stack, outputs of several models for several planes. */
import { percentiles } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { type Colour, divergingColour, greyColour } from "./colour-map.ts";
import { type Block, below, moved, muted, page, paragraph } from "./drawing.ts";
import { colourBar, type Panel, panel, scaleBar } from "./panel.ts";
import { textWidth } from "./text-lines.ts";

export interface GridCell {
  plane: Plane;
  /** Under the picture; may be several lines. */
  caption?: string;
  /** Counts shown as black and as white; default percentiles 0.1 and 99.9 of the plane. */
  contrast?: readonly [number, number];
  /** Instead of grey: of a value between black (0) and white (1). */
  colour?: (value: number) => Colour;
  /** Instead of grey, for signed values: blue at -limit, white at 0, red at limit, grey for NaN, with a colour bar under the picture. */
  limit?: number;
  /** Behind the numbers of the colour bar. */
  unit?: string;
}

export interface GridRow {
  /** Left of the row. */
  label: string;
  /** Below the label, paler. */
  detail?: string;
  /** undefined leaves a gap. */
  cells: readonly (GridCell | undefined)[];
  /** um, where it is another than that of the other rows. */
  pixelSize?: number | undefined;
}

export interface PictureGridOptions {
  title?: string;
  columns?: readonly string[];
  /** Below, paler. */
  note?: string;
  /** um; draws a scale bar into the first picture, and into each of another scale than the one before. */
  pixelSize?: number | undefined;
  /** Longest side of a picture, units; default 200. */
  panelSize?: number;
}

const [columnGap, rowGap] = [12, 14];
const widestLabel = 200;
const narrowestColumn = 120;
const headSize = 16;
export const small = { size: 15, colour: muted };
const unknown: Colour = [205, 205, 205];
const titleStyle = { size: 20 };

/** The contrast that shows several planes alike: percentiles 0.1 and 99.9 of one of them. */
export function contrastOf(plane: Plane): [number, number] {
  const [low, high] = percentiles(plane.data, [0.1, 99.9]);
  return [low, high > low ? high : low + 1];
}

/**
 * A drawing of them, SVG text.
 * @throws image.unfit without any plane
 */
export function pictureGrid(rows: readonly GridRow[], options: PictureGridOptions = {}): string {
  return page(gridBlock(rows, options));
}

/**
 * As {@link pictureGrid}, as a part of a larger drawing.
 * @throws image.unfit without any plane
 */
export function gridBlock(rows: readonly GridRow[], options: PictureGridOptions = {}): Block {
  const { panelSize = 200, columns = [], pixelSize, title = "", note = "" } = options;
  const drawn = rows.map((row) => ({ row, panels: row.cells.map((cell) => cell && panelOf(cell, panelSize)) }));
  const panels = drawn.flatMap((row) => row.panels.filter((one) => one !== undefined));
  if (panels.length === 0) {
    const detail = "Picture grid: there is no plane to be shown.";
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const words = columns.flatMap((text) => text.split(" ")).map((word) => Math.ceil(textWidth(word, headSize)));
  const columnWidth = Math.max(narrowestColumn, ...panels.map(({ width }) => width), ...words);
  const labels = rows.map(({ label, detail = "" }) =>
    below([paragraph(label, widestLabel), paragraph(detail, widestLabel, small)], 2),
  );
  const labelWidth = Math.max(...labels.map(({ width }) => width));
  const left = labelWidth === 0 ? 0 : labelWidth + columnGap;
  const xOf = (column: number): number => left + column * (columnWidth + columnGap);
  const count = Math.max(columns.length, ...rows.map(({ cells }) => cells.length));
  const width = xOf(count) - columnGap;

  let barScale: number | undefined;
  const bar = (one: Panel, micrometres: number | undefined): string => {
    if (micrometres === undefined || micrometres / one.zoom === barScale) return "";
    const svg = scaleBar(one, micrometres);
    if (svg !== "") barScale = micrometres / one.zoom;
    return svg;
  };
  const blocks = drawn.map(({ row, panels: own }, r): Block => {
    const cells = own.map((one, c): Block => {
      const cell = row.cells[c];
      if (!one || !cell) return { width: 0, height: 0, svg: "" };
      const shown = { ...one, svg: one.svg + bar(one, row.pixelSize ?? pixelSize) };
      const scale =
        cell.limit === undefined
          ? []
          : [colourBar(one.width, cell.limit, cell.unit === undefined ? "" : ` ${cell.unit}`)];
      return below([shown, ...scale, paragraph(cell.caption ?? "", columnWidth, small)], 6);
    });
    return {
      width,
      height: Math.max(labels[r].height, ...cells.map(({ height }) => height)),
      svg: labels[r].svg + cells.map(({ svg }, c) => moved(svg, xOf(c), 0)).join(""),
    };
  });
  const heads = columns.map((text) => paragraph(text, columnWidth, { size: headSize }));
  const headHeight = Math.max(0, ...heads.map(({ height }) => height));
  const head: Block = {
    width,
    height: headHeight,
    svg: heads.map(({ svg, height }, c) => moved(svg, xOf(c), headHeight - height)).join(""),
  };
  const lineWidth = Math.max(width, 400);
  return below(
    [
      paragraph(title, lineWidth, titleStyle),
      below([head, below(blocks, rowGap)], 4),
      paragraph(note, lineWidth, small),
    ],
    rowGap,
  );
}

function panelOf({ plane, contrast, colour, limit }: GridCell, size: number): Panel {
  if (limit !== undefined) {
    const signed = (value: number): Colour =>
      Number.isNaN(value) ? unknown : divergingColour(limit > 0 ? value / limit : 0);
    return panel(plane, size, signed, true);
  }
  const [low, high] = contrast ?? contrastOf(plane);
  const of = colour ?? greyColour;
  return panel(plane, size, (value) => of((value - low) / (high - low)), colour !== undefined);
}
