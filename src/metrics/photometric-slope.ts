/** Whether an output keeps the brightness of what it shows, and how much of its input it changed at all. */
import { gaussianFilter } from "../array/filters.ts";
import { fitLine } from "../array/fit-line.ts";
import type { Plane } from "../image/image.ts";

/** Standard deviation of the smoothing that takes the camera's noise away, which would flatten the line, pixels. */
const grain = 2;

/**
 * The slope of the straight line through the pixels of a picture over those of its target, both smoothed by 2 pixels: counts for one count of the
 * target. 1 keeps brightness, below 1 bright structures come out too dark. NaN for a target without contrast.
 */
export function photometricSlope(output: Plane, target: Plane): number {
  const [seen, wanted] = [gaussianFilter(output, grain).data, gaussianFilter(target, grain).data];
  const { shared, spread } = fitLine({ x: wanted, y: seen });
  const [covariance, variance] = [shared / seen.length, spread / seen.length];
  return variance === 0 ? Number.NaN : covariance / variance;
}

/**
 * Root mean square difference of an output from its input, over that of the target from the input: 0 where the input is given back, 1 where the
 * target is made. NaN where input and target are the same.
 */
export function shareChanged(input: Plane, output: Plane, target: Plane): number {
  let [changed, wanted] = [0, 0];
  for (let i = 0; i < input.data.length; i++) {
    changed += (output.data[i] - input.data[i]) ** 2;
    wanted += (target.data[i] - input.data[i]) ** 2;
  }
  return wanted === 0 ? Number.NaN : Math.sqrt(changed / wanted);
}
