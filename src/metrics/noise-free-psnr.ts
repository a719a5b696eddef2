/** PSNR against a ground truth, with the noise of the ground truth removed from the error. */
import type { Plane, Stack } from "../image/image.ts";
import { noiseModelOf } from "./data-thinning.ts";

/** If noise is a larger share of the error, it dominates, and the rest of the error is not reliable. */
const maxNoiseShare = 0.8;

/**
 * Returns a function for the mean variance of the camera's noise in a plane, counts squared, from the noise model of
 * the whole stack ({@link noiseModelOf}).
 * @returns undefined for a stack without noise, or whose noise cannot be estimated
 */
export function noiseOf(stack: Stack): ((plane: Plane) => number) | undefined {
  const model = noiseModelOf(stack);
  if (model === undefined) return undefined;
  const { gain, offset, read } = model;
  return ({ data }) => {
    let light = 0;
    for (const value of data) light += Math.max(0, value - offset);
    return read ** 2 + (gain * light) / data.length;
  };
}

/**
 * The PSNR against a ground truth without noise, 10 log10(range^2 / (error - noise)). The noise of a recorded ground
 * truth is independent of the output, unless the output was made from that plane.
 * @param error mean squared error
 * @param noise variance of the ground truth's noise, in the units of the error
 * @returns dB; undefined where noise is more than `maxNoiseShare` of the error
 */
export function noiseFreePsnr(error: number, noise: number, dataRange: number): number | undefined {
  if (noise > maxNoiseShare * error) return undefined;
  return 10 * Math.log10(dataRange ** 2 / (error - noise));
}
