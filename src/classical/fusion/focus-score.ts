/** Focus score of each pixel of a plane: local detail relative to the noise, with a penalty for out-of-focus light. */
import { correlate, gaussianFilter, gaussianKernel, uniformFilter } from "../../array/filters.ts";

/** Window over which detail is averaged first, sigma in pixels. */
const ownSigma = 1.5;

/**
 * Wider windows, over which the score itself is averaged; they decide where the pixel has too little detail. Logarithms
 * are averaged, so that a bright structure does not dominate its neighbours. Three means over squares of `edge` pixels
 * in turn are nearly a Gaussian of sigma edge / 2, at a cost that does not grow with it.
 */
const wider = [
  { edge: 9, weight: 2 },
  { edge: 25, weight: 1 },
] as const;

/** Weight of out-of-focus light against detail; results on simulated beads are the same from 0.6 to 1. */
const outOfFocusWeight = 0.8;

const kernelEnd = 3;

/** Rows around a pixel that its score depends on: the widest window, the first one and the gradient. */
export const scoreReach = 3 + Math.ceil(kernelEnd * ownSigma + 0.5) + 3 * 12;

/** Mean squared gradient (Gaussian, sigma 1) of white noise of variance 1. */
const noiseGradient = 1 / (4 * Math.PI);

/**
 * Score of every pixel of a band, `[height, width]`, no unit: log(1 + detail / 4) - 0.8 log(1 + b^2 / 2), at the pixel
 * and around it. Detail is the squared gradient relative to that of noise alone; b is the out-of-focus light in
 * standard deviations of the noise.
 * @param band on a scale on which the noise has a standard deviation of 1 (see noise-model.ts)
 * @param outOfFocus out-of-focus light on the same scale, `[height, width]`; undefined for none
 */
export function focusScore(
  band: { data: Float32Array; height: number; width: number },
  outOfFocus: Float32Array | undefined,
): Float32Array {
  const { height, width } = band;
  const smooth = gaussianKernel(1, kernelEnd);
  const slope = smooth.map((weight, i) => (i - (smooth.length - 1) / 2) * weight);
  const detail = correlate(band, slope, smooth).data;
  const gx = correlate(band, smooth, slope).data;
  for (let i = 0; i < detail.length; i++) detail[i] = (detail[i] * detail[i] + gx[i] * gx[i]) / noiseGradient;
  const options = { truncate: kernelEnd };
  const { data: score } = gaussianFilter({ data: detail, height, width }, ownSigma, options);
  for (let i = 0; i < score.length; i++) {
    const light = outOfFocus ? outOfFocus[i] : 0;
    score[i] = Math.log1p(score[i] / 4) - outOfFocusWeight * Math.log1p((light * light) / 2);
  }
  const sum = score.slice();
  for (const { edge, weight } of wider) {
    let around = { data: score, height, width };
    for (let pass = 0; pass < 3; pass++) around = uniformFilter(around, edge);
    for (let i = 0; i < sum.length; i++) sum[i] += weight * around.data[i];
  }
  return sum;
}
