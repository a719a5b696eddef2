/** Removes the tilt and curvature that the optics leave in a phase, by a polynomial through the background. */
import { runThrough } from "../../array/breathe.ts";
import { solveLinear } from "../../array/solve-linear.ts";
import { median } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";

/**
 * Subtracts from an unwrapped phase the polynomial of second order (offset, tilt, curvature) that fits its background
 * best, so that the background is 0. Pixels that differ from the fit by more than noise count as specimen and are
 * excluded, iteration by iteration. About a third of the field should be free of specimen.
 */
export const flattenPhase = (phase: Plane): Plane => runThrough(flattenPhaseSteps(phase));

/** As {@link flattenPhase}, as work that yields after every round: see breathe.ts. */
export function* flattenPhaseSteps({ data, height, width }: Plane): Generator<void, Plane> {
  const terms = 6;
  const basis = (x: number, y: number): number[] => [1, x, y, x * x, x * y, y * y];
  const place = (i: number): [number, number] => [
    (2 * (i % width) + 1) / width - 1,
    (2 * Math.floor(i / width) + 1) / height - 1,
  ];
  let fit = new Float64Array(terms);
  fit[0] = median(data);
  const residual = new Float32Array(data.length);
  let kept = data.length;
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < data.length; i++) {
      const values = basis(...place(i));
      let sum = data[i];
      for (let t = 0; t < terms; t++) sum -= fit[t] * values[t];
      residual[i] = sum;
    }
    // Half the pixels lie within the median deviation; three deviations of a Gaussian are 4.45 of it.
    const spread = median(residual.map(Math.abs));
    const limit = round < 3 ? spread : Math.min(2 * spread, 4.45 * quietHalf(residual));
    const matrix = Array.from({ length: terms }, () => new Float64Array(terms));
    const right = new Float64Array(terms);
    let count = 0;
    for (let i = 0; i < data.length; i++) {
      if (Math.abs(residual[i]) > limit) continue;
      count++;
      const values = basis(...place(i));
      for (let a = 0; a < terms; a++) {
        for (let b = 0; b < terms; b++) matrix[a][b] += values[a] * values[b];
        right[a] += values[a] * data[i];
      }
    }
    if (!solveLinear(matrix, [right], 1e-9)) break;
    fit = right;
    if (count === kept && round > 3) break;
    kept = count;
    yield;
  }
  return { data: residual, height, width };
}

/**
 * Median deviation of the half of the pixels closest to 0: the noise of the background if the specimen fills the rest.
 */
function quietHalf(residual: Float32Array): number {
  const sorted = residual.map(Math.abs).sort();
  return sorted[sorted.length >> 2];
}
