/** Measures whether a candidate keeps its input planes unchanged, up to their noise. */
import { planeOf, type Stack } from "../image/image.ts";
import { meanSquaredError, psnr } from "../metrics/metrics.ts";
import { noiseOf } from "../metrics/noise-free-psnr.ts";
import type { EveryPlane } from "./every-plane.ts";
import { measureOnce } from "./measure-once.ts";

export interface GivenPlane {
  /** Requested distance from the first input plane, um. */
  distance: number;
  /** PSNR of the output against that plane, dB; Infinity where they are identical. */
  psnr: number;
  /** Largest absolute difference of a pixel, counts. */
  maxDeviation: number;
  /**
   * Root mean square difference divided by the standard deviation of the camera's noise; undefined where the noise is
   * not known.
   */
  deviationInNoise: number | undefined;
}

/**
 * Compares every output within range whose target was an input plane with that plane; none for sections. Noise is that
 * of the stack (noiseOf).
 */
export function givenPlanes(
  { outcomes, dataRange }: Pick<EveryPlane, "outcomes" | "dataRange">,
  stack: Stack,
  sharpest: number,
): GivenPlane[] {
  const target = planeOf(stack, sharpest);
  return outcomes
    .filter(({ given, inRange }) => given && inRange)
    .map(({ distance, output }) => {
      const variance = measureOnce(stack, `noise of ${sharpest}`, () => noiseOf(stack)?.(target));
      let maxDeviation = 0;
      for (let i = 0; i < output.data.length; i++) {
        maxDeviation = Math.max(maxDeviation, Math.abs(output.data[i] - target.data[i]));
      }
      const error = meanSquaredError(output, target);
      return {
        distance,
        psnr: psnr(output, target, dataRange),
        maxDeviation,
        deviationInNoise: variance !== undefined && variance > 0 ? Math.sqrt(error / variance) : undefined,
      };
    });
}
