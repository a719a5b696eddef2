/** Weights for averaging and interpolating along one axis. */
import { reflectedIndex } from "../../array/reflected-index.ts";

/** Weights of consecutive samples from `first` on. */
export interface Weights {
  first: number;
  weights: Float64Array;
}

/**
 * Weights of the exact mean of a linearly interpolated line of samples over an interval, so that coarse voxels are
 * means of fine ones.
 *
 * @param centre of the interval, in samples
 * @param width of the interval, in samples
 * @param length number of samples
 * @param outside the samples beyond: mirrored about the outer border, or zero from one sample beyond the last on
 */
export function areaWeights(centre: number, width: number, length: number, outside: "mirror" | "zero"): Weights {
  const low = centre - width / 2;
  const high = centre + width / 2;
  const sums = new Map<number, number>();
  for (let i = Math.floor(low) - 1; i <= Math.ceil(high) + 1; i++) {
    const weight = (tentIntegral(high - i) - tentIntegral(low - i)) / (high - low);
    if (weight <= 0) continue;
    const sample = outside === "mirror" ? reflectedIndex(i, length) : i;
    if (sample < 0 || sample >= length) continue;
    sums.set(sample, (sums.get(sample) ?? 0) + weight);
  }
  if (sums.size === 0) return { first: 0, weights: new Float64Array(0) };
  const first = Math.min(...sums.keys());
  const weights = new Float64Array(Math.max(...sums.keys()) - first + 1);
  for (const [sample, weight] of sums) weights[sample - first] = weight;
  return { first, weights };
}

/** Integral from minus infinity to t of the tent 1 - |t|. */
function tentIntegral(t: number): number {
  if (t <= -1) return 0;
  if (t >= 1) return 1;
  return t < 0 ? (1 + t) ** 2 / 2 : 1 - (1 - t) ** 2 / 2;
}
