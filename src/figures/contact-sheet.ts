/**
 * Pictures beside each other for judging by eye: one row per plane or distance; input, output, truth, and what input and output
 * still lack, as one PNG.
 */
import { encode } from "fast-png";
import { percentiles } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "../metrics/comparable.ts";
import type { Scores } from "../metrics/metrics.ts";
import { type Colour, createCanvas, drawText, textWidth, wrapText } from "./canvas.ts";
import { divergingColour, greyColour } from "./colour-map.ts";
import {
  drawBold,
  drawCaption,
  drawPanel,
  drawScaleBar,
  enlarge,
  INK,
  LINE,
  type Panel,
  plain,
} from "./sheet-panel.ts";

/** One row of a {@link contactSheet}: planes of one size, in the same units. */
export interface SheetRow {
  /** What tells this row from the others: "+2.0 um". */
  label: string;
  input: Plane;
  output: Plane;
  truth?: Plane;
  inputScores?: Pick<Scores, "psnr" | "ssim">;
  outputScores?: Pick<Scores, "psnr" | "ssim">;
}

export interface SheetOptions {
  title?: string;
  /** Lateral pixel size, um; draws a scale bar. */
  pixelSize?: number;
  /** Unit of the pixels, for the scales that are printed: "counts" by default. */
  unit?: string;
  /** Longest side of a panel, pixels: smaller planes are enlarged by a whole factor, larger ones averaged down. 288 by default. */
  panelSize?: number;
}

const WHITE: Colour = [255, 255, 255];
const FAINT: Colour = [95, 95, 95];
const MARGIN = 20;
const GAP = 12;
const CONTRAST_PERCENTS = [0.1, 99.9] as const;

/**
 * A contact sheet as PNG bytes (8-bit RGB). Grey panels of a row share one contrast, taken from the truth (from the input
 * where there is none) between its 0.1 and 99.9 percentiles and printed under the row's label; the two differences of a row
 * share one symmetric scale, printed at the colour bar.
 * @throws image.unfit for no rows, planes of a row that differ in size, or pixels that are not finite
 */
export function contactSheet(rows: readonly SheetRow[], options: SheetOptions = {}): Uint8Array {
  if (rows.length === 0) {
    const detail = "Contact sheet: no rows were given; expected at least one plane with its output.";
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const { panelSize = 288, unit = "counts" } = options;
  const drawn = rows.map((row) => layOutRow(row, panelSize, unit));
  const columns = drawn.reduce(
    (longest, row) => (row.panels.length > longest.length ? row.panels : longest),
    drawn[0].panels,
  );
  const columnWidth = Math.max(...drawn.flatMap((row) => row.panels.map((p) => p.width)), 200);
  const labelWidth = Math.min(260, Math.max(...drawn.flatMap((row) => row.labels.map((l) => textWidth(l.text)))));
  const titleLines = options.title === undefined ? [] : [options.title];
  const left = MARGIN + labelWidth + GAP;
  const width = Math.max(
    left + columns.length * (columnWidth + GAP) - GAP + MARGIN,
    ...titleLines.map((line) => textWidth(line) + 2 * MARGIN),
  );
  const top = MARGIN + (titleLines.length > 0 ? LINE + GAP : 0);
  const notes = notesOf(rows, width - 2 * MARGIN);
  const rowHeights = drawn.map((row) => row.height + 6 + row.captionLines(columnWidth) * LINE + GAP);
  const height = top + LINE + rowHeights.reduce((a, b) => a + b, 0) + notes.length * LINE + MARGIN;

  const canvas = createCanvas(height, width, WHITE);
  titleLines.forEach((line) => {
    drawBold(canvas, line, MARGIN, MARGIN);
  });
  columns.forEach(({ title }, c) => {
    drawBold(canvas, title, top, left + c * (columnWidth + GAP));
  });
  let y = top + LINE;
  drawn.forEach((row, r) => {
    row.labels.forEach(({ text, colour }, i) => {
      drawText(canvas, text, y + i * LINE, MARGIN, colour);
    });
    row.panels.forEach((panel, c) => {
      const x = left + c * (columnWidth + GAP);
      drawPanel(canvas, panel, y, x);
      if (c === 0 && options.pixelSize !== undefined) drawScaleBar(canvas, panel, y, x, options.pixelSize);
      drawCaption(canvas, panel, y + panel.height + 6, x, columnWidth);
    });
    y += rowHeights[r];
  });
  notes.forEach((line, i) => {
    drawText(canvas, line, y + i * LINE, MARGIN, FAINT);
  });
  return encode({ width, height, data: canvas.data, channels: 3, depth: 8 });
}

interface DrawnRow {
  labels: { text: string; colour: Colour }[];
  panels: Panel[];
  height: number;
  captionLines: (width: number) => number;
}

function layOutRow(row: SheetRow, panelSize: number, unit: string): DrawnRow {
  const { input, output, truth } = row;
  checkPair(output, input);
  if (truth) checkPair(output, truth);
  const [low, high] = percentiles((truth ?? input).data, CONTRAST_PERCENTS);
  const grey = (value: number): Colour => greyColour(high > low ? (value - low) / (high - low) : 0.5);
  const panel = (title: string, plane: Plane, colour: (value: number) => Colour, caption = ""): Panel => ({
    title,
    ...enlarge(plane, panelSize),
    colour,
    caption,
  });
  const panels = [
    panel("Input", input, grey, captionOf(row.inputScores)),
    panel("Output", output, grey, captionOf(row.outputScores)),
  ];
  if (truth) {
    panels.push(panel("Truth", truth, grey));
    const missing = [
      { title: "Input - truth", plane: difference(input, truth) },
      { title: "Output - truth", plane: difference(output, truth) },
    ];
    const limit = Math.max(...missing.map(({ plane }) => percentiles(plane.data.map(Math.abs), [99.9])[0]));
    for (const { title, plane } of missing)
      panels.push({
        ...panel(title, plane, (value) => divergingColour(limit > 0 ? value / limit : 0)),
        scale: { limit },
      });
  }
  const labels = [
    ...wrapText(row.label, 260).map((text) => ({ text, colour: INK })),
    ...["Grey:", `${plain(low)} to ${plain(high)}`, unit].map((text) => ({ text, colour: FAINT })),
  ];
  const height = Math.max(...panels.map((p) => p.height), labels.length * LINE);
  const captionLines = (width: number): number =>
    Math.max(...panels.map((p) => (p.scale ? 2 : p.caption === "" ? 0 : wrapText(p.caption, width).length)));
  return { labels, panels, height, captionLines };
}

function difference(a: Plane, b: Plane): Plane {
  return { ...a, data: a.data.map((v, i) => v - b.data[i]) };
}

function captionOf(scores: Pick<Scores, "psnr" | "ssim"> | undefined): string {
  if (!scores) return "";
  const psnr = Number.isFinite(scores.psnr) ? `${scores.psnr.toFixed(1)} dB` : "identical";
  return `PSNR ${psnr}  SSIM ${scores.ssim.toFixed(3)}`;
}

function notesOf(rows: readonly SheetRow[], width: number): string[] {
  const truth = rows.some((row) => row.truth);
  const contrast = `Grey panels of a row share one contrast: the ${CONTRAST_PERCENTS.join(" to ")} percentile of the ${truth ? "truth" : "input"}.`;
  return wrapText(
    truth ? `${contrast} Differences: red is too bright, blue is too dark, white is right.` : contrast,
    width,
  );
}
