/**
 * Scores of an output against the ground truth. Every score takes its data range explicitly, since the range alone
 * decides whether the same pair of 16-bit images scores 0.84 or 0.80. Sums are float64; values equal those of
 * scikit-image.
 */

import { meanOfFinite } from "../array/mean-of-finite.ts";
import { moments, percentiles } from "../array/statistics.ts";
import { ParfocalError } from "../errors.ts";
import type { PixelType, Plane } from "../image/image.ts";
import { checkPair, checkRange } from "./comparable.ts";
import { ssimAndMsSsim } from "./ms-ssim.ts";
import type { Picture } from "./picture.ts";

/** The scores of one output. Higher is better, except for nrmse. */
export interface Scores {
  /** dB; Infinity for identical images. */
  psnr: number;
  /** Up to 1. */
  ssim: number;
  /** 0 to 1. */
  ms_ssim: number;
  /** 0 is perfect. */
  nrmse: number;
  /** -1 to 1; NaN where an image is constant. */
  pearson: number;
}

/**
 * All scores of an output against the ground truth.
 * @param options.dataRange the span of possible values in the units of the images ({@link typeRange}, {@link
 * signalRange})
 * @throws image.unfit for images of different size, smaller than 11 x 11, or with NaN; usage for a range of 0 or less
 */
export function score(output: Picture, truth: Picture, options: { dataRange: number }): Scores {
  const { dataRange } = options;
  const { ssim, msSsim } = ssimAndMsSsim(output, truth, dataRange);
  return {
    psnr: psnr(output, truth, dataRange),
    ssim,
    ms_ssim: msSsim,
    nrmse: nrmse(output, truth),
    pearson: pearson(output, truth),
  };
}

/** The mean of each score over several images, leaving out values that are not finite, see `meanOfFinite`. */
export function meanScores(all: readonly Scores[]): Scores {
  const mean = (key: keyof Scores): number => meanOfFinite(all.map((one) => one[key]));
  return {
    psnr: mean("psnr"),
    ssim: mean("ssim"),
    ms_ssim: mean("ms_ssim"),
    nrmse: mean("nrmse"),
    pearson: mean("pearson"),
  };
}

/** The whole range of an integer type (255, 65535); undefined for float32, which has none. */
export function typeRange(dtype: PixelType): number | undefined {
  return dtype === "uint8" ? 255 : dtype === "uint16" ? 65535 : undefined;
}

/**
 * The range that the ground truth really uses, between two percentiles. Cameras rarely fill 16 bits, and with the range
 * of the type every blurred image looks perfect.
 * @param percents lower and upper percentile, 0.1 and 99.9 by default
 * @throws image.unfit if the ground truth has no contrast
 */
export function signalRange(truth: Plane, percents: readonly [number, number] = [0.1, 99.9]): number {
  const [low, high] = percentiles(truth.data, percents);
  if (!(high > low)) {
    const detail = `Data range: percentiles ${percents.join(" and ")} of the ground truth are both ${low}, so it has no contrast. Give \`data_range <your range in counts>\`.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  return high - low;
}

/**
 * Peak signal-to-noise ratio, 10 log10(range^2 / MSE) in dB (skimage.metrics.peak_signal_noise_ratio). Infinity for
 * identical images.
 */
export function psnr(output: Picture, truth: Picture, dataRange: number): number {
  checkRange(dataRange);
  return 10 * Math.log10((dataRange * dataRange) / meanSquaredError(output, truth));
}

/**
 * Root mean squared error divided by the root mean square of the ground truth (skimage.metrics.normalized_root_mse), or
 * by its mean or its extent. For a ground truth of zeros it is Infinity, or NaN if the output is zero as well.
 */
export function nrmse(
  output: Picture,
  truth: Picture,
  normalization: "euclidean" | "min-max" | "mean" = "euclidean",
): number {
  const error = Math.sqrt(meanSquaredError(output, truth));
  let squares = 0;
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const v of truth.data) {
    squares += v * v;
    sum += v;
    min = Math.min(min, v);
    max = Math.max(max, v);
  }
  const n = truth.data.length;
  const scale = { euclidean: Math.sqrt(squares / n), "min-max": max - min, mean: sum / n };
  return error / scale[normalization];
}

/** Pearson's correlation of the pixels; NaN where an image is constant. */
export function pearson(output: Picture, truth: Picture): number {
  checkPair(output, truth);
  const a = moments(output.data);
  const b = moments(truth.data);
  let product = 0;
  for (let i = 0; i < output.data.length; i++) product += (output.data[i] - a.mean) * (truth.data[i] - b.mean);
  if (a.variance === 0 || b.variance === 0) return Number.NaN;
  const r = product / output.data.length / Math.sqrt(a.variance * b.variance);
  return Math.min(1, Math.max(-1, r));
}

/** Mean of the squared differences, in squared units of the images. */
export function meanSquaredError(output: Picture, truth: Picture): number {
  checkPair(output, truth);
  let sum = 0;
  for (let i = 0; i < output.data.length; i++) {
    const d = output.data[i] - truth.data[i];
    sum += d * d;
  }
  return sum / output.data.length;
}
