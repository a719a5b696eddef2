/**
 * The quality control of ZeroCostDL4Mic's notebooks (von Chamier et al., Nat. Commun. 12, 2276, 2021: CARE 2D, and pix2pix and
 * CycleGAN for grey images), so that numbers can be laid beside theirs. It does what they do, also where {@link score} does otherwise:
 *
 * - Gain and offset of output and input are fitted to the target, so that neither counts. A gain below 0 is allowed: a negative of the
 *   target scores as well as the target.
 * - Means are taken off before SSIM, whose first factor compares means: it is about 1 everywhere but where brightness differs locally.
 * - The range is 1 between percentiles 0.1 and 99.9 of the target, not the range of the file's type.
 * - Their NRMSE is no root mean squared error: it is the root of the mean absolute error (they average the map of absolute errors, and
 *   take the root of that). Of an error that is e everywhere it is the root of e, so that small errors look large.
 */
import { mean, moments, percentiles } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";
import { psnr } from "./metrics.ts";
import type { Picture } from "./picture.ts";
import { ssim } from "./ssim.ts";

/** One number of the output, and of the untouched input, both against the target. */
export interface OutputAndInput {
  output: number;
  input: number;
}

/**
 * All are NaN where the picture is constant: there is no gain to be fitted. Where the target is constant all are perfect: the gain that fits is 0.
 */
export interface QualityControl {
  /** Mean structural similarity, up to 1. */
  mssim: OutputAndInput;
  /** Root of the mean absolute error, in roots of the target's range; 0 is perfect. */
  nrmse: OutputAndInput;
  /** dB, with the target's range as peak; Infinity for pictures that equal the target but for gain and offset. */
  psnr: OutputAndInput;
}

export interface QualityControlPlanes {
  /** What was made. */
  output: Plane;
  /** What it was made of: "Input" or "source" of the notebooks. */
  input: Plane;
  /** "GT" of the notebooks. */
  target: Plane;
}

/**
 * The numbers of one image, all planes `[y, x]` of the same size, in counts. Computed in float64 where the notebooks round to float32:
 * equal to five digits.
 * @throws image.unfit for planes of different size, smaller than 11 x 11, or with NaN
 */
export function qualityControl({ output, input, target }: QualityControlPlanes): QualityControl {
  checkPair(output, target);
  checkPair(input, target);
  const truth = normalised(target);
  const [made, untouched] = [output, input].map((one) => scoresOf(one, truth));
  const both = (key: "mssim" | "nrmse" | "psnr"): OutputAndInput => ({ output: made[key], input: untouched[key] });
  return { mssim: both("mssim"), nrmse: both("nrmse"), psnr: both("psnr") };
}

/** A picture in float64. */
type Normalised = Picture & { data: Float64Array };

/** Percentiles 0.1 and 99.9 to 0 and 1, then the mean taken off. 1e-20 keeps a target without contrast from dividing by 0. */
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
  // As numpy has it: covariances divide by n - 1, variances by n.
  const gain = product / (n - 1) / variance;
  const fitted = { ...truth, data: Float64Array.from(image.data, (value) => (value - centre) * gain) };
  let absolute = 0;
  for (let i = 0; i < n; i++) absolute += Math.abs(truth.data[i] - fitted.data[i]);
  return { mssim: ssim(fitted, truth, 1), nrmse: Math.sqrt(absolute / n), psnr: psnr(fitted, truth, 1) };
}

/** The numbers of an image with the name that it has in the table. */
export interface QualityControlRow extends QualityControl {
  image: string;
}

/** A column that stands before those of the notebooks. */
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
 * The notebooks' `QC_metrics_<model>.csv`, with their column names: "image #" holds names, as there. Lines end in `\n`.
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
