/**
 * Pictures beside each other for judging by eye: one row per plane or distance; input, output, ground truth, and what input and output
 * still lack, as one drawing.
 */
import { percentiles } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "../metrics/comparable.ts";
import type { Scores } from "../metrics/metrics.ts";
import { plain } from "./panel.ts";
import { type GridCell, type GridRow, pictureGrid } from "./picture-grid.ts";

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

const contrastPercents = [0.1, 99.9] as const;

/**
 * A contact sheet, SVG text. Grey panels of a row share one contrast, taken from the truth (from the input where there is none)
 * between its 0.1 and 99.9 percentiles and printed under the row's label; the two differences of a row share one symmetric scale,
 * printed at the colour bar.
 * @throws image.unfit for no rows, planes of a row that differ in size, or pixels that are not finite
 */
export function contactSheet(rows: readonly SheetRow[], options: SheetOptions = {}): string {
  if (rows.length === 0) {
    const detail = "Contact sheet: no rows were given; expected at least one plane with its output.";
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const { panelSize = 288, unit = "counts", title, pixelSize } = options;
  const truth = rows.some((row) => row.truth);
  const contrast = `The grey pictures of a row have the same contrast, from percentile ${contrastPercents.join(" to ")} of the ${truth ? "ground truth" : "input"}.`;
  const differences = " Differences: red is too bright, blue is too dark, white is equal.";
  return pictureGrid(
    rows.map((row) => rowOf(row, unit)),
    {
      columns: ["Input", "Output", ...(truth ? ["Ground truth", "Input − ground truth", "Output − ground truth"] : [])],
      note: truth ? `${contrast}${differences}` : contrast,
      panelSize,
      pixelSize,
      ...(title !== undefined && { title }),
    },
  );
}

function rowOf({ label, input, output, truth, inputScores, outputScores }: SheetRow, unit: string): GridRow {
  checkPair(output, input);
  if (truth) checkPair(output, truth);
  const [low, high] = percentiles((truth ?? input).data, contrastPercents);
  // A flat plane is grey.
  const contrast = high > low ? ([low, high] as const) : ([low - 1, low + 1] as const);
  const cells: GridCell[] = [
    { plane: input, contrast, caption: captionOf(inputScores) },
    { plane: output, contrast, caption: captionOf(outputScores) },
  ];
  if (truth) {
    const missing = [difference(input, truth), difference(output, truth)];
    const limit = Math.max(...missing.map(({ data }) => percentiles(data.map(Math.abs), [99.9])[0]));
    cells.push({ plane: truth, contrast }, ...missing.map((plane) => ({ plane, limit })));
  }
  return { label, detail: `Grey: ${plain(low)} to ${plain(high)} ${unit}`, cells };
}

function difference(a: Plane, b: Plane): Plane {
  return { ...a, data: a.data.map((v, i) => v - b.data[i]) };
}

function captionOf(scores: Pick<Scores, "psnr" | "ssim"> | undefined): string {
  if (!scores) return "";
  const psnr = Number.isFinite(scores.psnr) ? `${scores.psnr.toFixed(1)} dB` : "identical";
  return `PSNR ${psnr}, SSIM ${scores.ssim.toFixed(3)}`;
}
