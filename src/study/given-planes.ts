/** Does a candidate give back, within their noise, the planes that it was given? */
import { planeOf, type Stack } from "../image/image.ts";
import { meanSquaredError, psnr } from "../metrics/metrics.ts";
import { noiseOf } from "../metrics/noise-free-psnr.ts";
import type { EveryPlane } from "./every-plane.ts";
import { measureOnce } from "./measure-once.ts";

export interface GivenPlane {
  /** um asked for, from the first plane given. */
  distance: number;
  /** Of the output against that plane, dB; Infinity where it is given back as it is. */
  psnr: number;
  /** Largest difference of a pixel, counts. */
  maxDeviation: number;
  /** Root mean square difference over the standard deviation of the camera's noise; undefined where that is not known. */
  deviationInNoise: number | undefined;
}

/** Outputs that were asked for a plane that was given, in range; none for sections. Noise is that of the stack (noiseOf). */
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
