/** Measures whether an output keeps brightness, and how much it differs from its input. */
import { gaussianFilter } from "../array/filters.ts";
import { fitLine } from "../array/fit-line.ts";
import type { Plane } from "../image/image.ts";

/** Standard deviation of the smoothing that removes noise, which would make the slope too small, pixels. */
const smoothing = 2;

/**
 * The slope of the straight line through the pixels of an output over those of its target, both smoothed by 2 pixels:
 * counts of the output for one count of the target. 1 means that brightness is kept; below 1 bright structures are too
 * dark. NaN for a target without contrast.
 */
export function photometricSlope(output: Plane, target: Plane): number {
  const [seen, expected] = [gaussianFilter(output, smoothing).data, gaussianFilter(target, smoothing).data];
  const { shared, spread } = fitLine({ x: expected, y: seen });
  const [covariance, variance] = [shared / seen.length, spread / seen.length];
  return variance === 0 ? Number.NaN : covariance / variance;
}

/**
 * Root mean square difference of output and input, divided by that of target and input: 0 where the input is returned
 * unchanged, 1 where the output equals the target, NaN where input and target are equal.
 */
export function shareChanged(input: Plane, output: Plane, target: Plane): number {
  let [changed, expected] = [0, 0];
  for (let i = 0; i < input.data.length; i++) {
    changed += (output.data[i] - input.data[i]) ** 2;
    expected += (target.data[i] - input.data[i]) ** 2;
  }
  return expected === 0 ? Number.NaN : Math.sqrt(changed / expected);
}
