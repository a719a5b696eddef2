/**
 * The quality control of the ZeroCostDL4Mic notebooks (von Chamier et al., Nat. Commun. 12, 2276, 2021: CARE 2D, and
 * pix2pix and CycleGAN for grey images), so that numbers can be compared with theirs. It does what they do, also where
 * {@link score} does otherwise:
 *
 * - Gain and offset of output and input are fitted to the target, so that neither counts. A gain below 0 is allowed:
 *   the negative of the target scores as well as the target.
 * - Means are subtracted before SSIM. Its first factor compares means, so it is about 1 except where brightness differs
 *   locally.
 * - The data range is 1 between percentiles 0.1 and 99.9 of the target, not the range of the pixel type.
 * - Their NRMSE is not a root mean squared error, but the root of the mean absolute error (they average the map of
 *   absolute errors and take the root). For an error that is e everywhere it is the root of e, so small errors look
 *   large.
 */
import { mean, moments, percentiles } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";
import { psnr } from "./metrics.ts";
import type { Picture } from "./picture.ts";
import { ssim } from "./ssim.ts";

/** One number for the output and one for the unchanged input, both against the target. */
export interface OutputAndInput {
  output: number;
  input: number;
}

/**
 * All numbers are NaN where the image is constant, since no gain can be fitted. Where the target is constant all are
 * perfect, since the fitted gain is 0.
 */
export interface QualityControl {
  /** Mean structural similarity, up to 1. */
  mssim: OutputAndInput;
  /** Root of the mean absolute error, after division by the range of the target; 0 is perfect. */
  nrmse: OutputAndInput;
  /** dB, with the range of the target as peak; Infinity for images that equal the target except for gain and offset. */
  psnr: OutputAndInput;
}

export interface QualityControlPlanes {
  /** The output of the model. */
  output: Plane;
  /** The input of the model: "Input" or "source" in the notebooks. */
  input: Plane;
  /** The ground truth: "GT" in the notebooks. */
  target: Plane;
}

/**
 * Computes the numbers of one image, all planes `[y, x]` of the same size, in counts. Computed in float64 where the
 * notebooks round to float32: equal to five digits.
 * @throws image.unfit for planes of different size, smaller than 11 x 11, or with NaN
 */
export function qualityControl({ output, input, target }: QualityControlPlanes): QualityControl {
  checkPair(output, target);
  checkPair(input, target);
  const truth = normalised(target);
  const [made, unchanged] = [output, input].map((one) => scoresOf(one, truth));
  const both = (key: "mssim" | "nrmse" | "psnr"): OutputAndInput => ({ output: made[key], input: unchanged[key] });
  return { mssim: both("mssim"), nrmse: both("nrmse"), psnr: both("psnr") };
}

/** An image in float64. */
type Normalised = Picture & { data: Float64Array };

/**
 * Maps percentiles 0.1 and 99.9 to 0 and 1, then subtracts the mean. 1e-20 prevents a division by 0 for a target
 * without contrast.
 */
function normalised({ data, height, width }: Plane): Normalised {
  const [low, high] = percentiles(data, [0.1, 99.9]);
  const span = high - low + 1e-20;
  const scaled = Float64Array.from(data, (value) => (value - low) / span);
  const centre = mean(scaled);
  return { data: scaled.map((value) => value - centre), height, width };
}

function scoresOf(image: Plane, truth: Normalised): { mssim: number; nrmse: number; psnr: number } {
  const { mean: centre, variance } = moments(image.data);
  if (variance === 0) return { mssim: Number.NaN, nrmse: Number.NaN, psnr: Number.NaN };
  const n = image.data.length;
  let product = 0;
  for (let i = 0; i < n; i++) product += (image.data[i] - centre) * truth.data[i];
  // As in numpy, covariances are divided by n - 1 and variances by n.
  const gain = product / (n - 1) / variance;
  const fitted = { ...truth, data: Float64Array.from(image.data, (value) => (value - centre) * gain) };
  let absolute = 0;
  for (let i = 0; i < n; i++) absolute += Math.abs(truth.data[i] - fitted.data[i]);
  return { mssim: ssim(fitted, truth, 1), nrmse: Math.sqrt(absolute / n), psnr: psnr(fitted, truth, 1) };
}

/** The numbers of an image with its name in the table. */
export interface QualityControlRow extends QualityControl {
  image: string;
}

/** A column before those of the notebooks. */
export interface LeadingColumn<Row> {
  name: string;
  of: (row: Row) => string | number;
}

const columns: readonly [string, (row: QualityControl) => number][] = [
  ["Prediction v. GT mSSIM", ({ mssim }) => mssim.output],
  ["Input v. GT mSSIM", ({ mssim }) => mssim.input],
  ["Prediction v. GT NRMSE", ({ nrmse }) => nrmse.output],
  ["Input v. GT NRMSE", ({ nrmse }) => nrmse.input],
  ["Prediction v. GT PSNR", ({ psnr }) => psnr.output],
  ["Input v. GT PSNR", ({ psnr }) => psnr.input],
];

/**
 * The content of `QC_metrics_<model>.csv` of the notebooks, with their column names; "image #" holds names, as there.
 * Lines end in `\n`.
 * @param leading columns that the notebooks do not have, put first
 */
export function qualityControlCsv<Row extends QualityControlRow>(
  rows: readonly Row[],
  leading: readonly LeadingColumn<Row>[] = [],
): string {
  const head = [...leading.map(({ name }) => name), "image #", ...columns.map(([name]) => name)];
  const lines = rows.map((row) =>
    [...leading.map(({ of }) => cell(of(row))), cell(row.image), ...columns.map(([, of]) => of(row))].join(","),
  );
  return `${[head.join(","), ...lines].join("\n")}\n`;
}

const cell = (value: string | number): string =>
  typeof value === "number" ? String(value) : `"${value.replaceAll('"', '""')}"`;
