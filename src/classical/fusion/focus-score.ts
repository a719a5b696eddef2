/** How well each pixel of a plane is in focus: local detail against noise, less what out-of-focus light pretends. */
import { correlate, gaussianFilter, gaussianKernel, uniformFilter } from "../../array/filters.ts";

/** Detail is gathered over this window first, sigma in pixels. */
const own = 1.5;

/**
 * Wider windows, over which the score itself is averaged: they decide where the pixel's own detail cannot. Averages of
 * logarithms, so that something bright does not drown what lies next to it. Three means over squares of `edge` pixels in turn
 * are nearly a Gaussian of sigma edge / 2, at a cost that does not grow with it.
 */
const wider = [
  { edge: 9, weight: 2 },
  { edge: 25, weight: 1 },
] as const;

/** How much out-of-focus light weighs against detail; from 0.6 to 1 the simulated beads look the same. */
const hazeWeight = 0.8;

const kernelEnd = 3;

/** Rows around a pixel that its score depends on: the widest window, the first one and the gradient. */
export const scoreReach = 3 + Math.ceil(kernelEnd * own + 0.5) + 3 * 12;

/** Mean squared gradient (Gaussian, sigma 1) of white noise of variance 1. */
const noiseGradient = 1 / (4 * Math.PI);

/**
 * Score of every pixel of a band, `[height, width]`, no unit: log(1 + detail / 4) - 0.8 log(1 + haze^2 / 2), in it and around it. Detail
 * is the squared gradient in units of what noise alone gives, haze the out-of-focus light in standard deviations of the noise.
 * @param band on a scale on which the noise has the standard deviation 1 (see noise-model.ts)
 * @param haze on that scale as well, `[height, width]`; undefined for none
 */
export function focusScore(
  band: { data: Float32Array; height: number; width: number },
  haze: Float32Array | undefined,
): Float32Array {
  const { height, width } = band;
  const smooth = gaussianKernel(1, kernelEnd);
  const slope = smooth.map((weight, i) => (i - (smooth.length - 1) / 2) * weight);
  const detail = correlate(band, slope, smooth).data;
  const gx = correlate(band, smooth, slope).data;
  for (let i = 0; i < detail.length; i++) detail[i] = (detail[i] * detail[i] + gx[i] * gx[i]) / noiseGradient;
  const options = { truncate: kernelEnd };
  const { data: score } = gaussianFilter({ data: detail, height, width }, own, options);
  for (let i = 0; i < score.length; i++) {
    const hazy = haze ? haze[i] : 0;
    score[i] = Math.log1p(score[i] / 4) - hazeWeight * Math.log1p((hazy * hazy) / 2);
  }
  const sum = score.slice();
  for (const { edge, weight } of wider) {
    let around = { data: score, height, width };
    for (let pass = 0; pass < 3; pass++) around = uniformFilter(around, edge);
    for (let i = 0; i < sum.length; i++) sum[i] += weight * around.data[i];
  }
  return sum;
}
