import { percentiles, type Samples, type StreamingHistogram } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";

/**
 * Converts counts to network units and back: (count - low) / (high - low), with one pair of numbers for a whole stack,
 * never per plane or tile, so that brightness stays comparable and the inverse is exact.
 */
export interface Normalisation {
  low: number;
  high: number;
}

/**
 * The normalisation that puts percentile `pmin` at 0 and percentile `pmax` at 1. In a sparse image both may be equal to
 * the background; then the maximum replaces `pmax`.
 *
 * @param counts all values, or a histogram of them
 * @param name name of the image in errors
 * @throws image.unfit for NaN, infinity or a constant image
 */
export function normalisationOf(
  counts: Samples | StreamingHistogram,
  pmin: number,
  pmax: number,
  name: string,
): Normalisation {
  const ranks = [pmin, pmax, 100];
  const [low, high, max] = "percentiles" in counts ? counts.percentiles(ranks) : percentiles(counts, ranks);
  if (high > low) return { low, high };
  if (max > low) return { low, high: max };
  const detail = `every pixel is ${low}`;
  throw new ParfocalError("image.unfit", `${name}: ${detail}. Use an image that contains structure.`, {
    path: name,
    detail,
  });
}

/** Counts to network units, into `out` (may be the same array). */
export function normalise(counts: Float32Array, { low, high }: Normalisation, out: Float32Array): void {
  const scale = 1 / (high - low);
  for (let i = 0; i < counts.length; i++) out[i] = (counts[i] - low) * scale;
}

/** Network units to counts, in place. */
export function denormalise(values: Float32Array, { low, high }: Normalisation): void {
  for (let i = 0; i < values.length; i++) values[i] = values[i] * (high - low) + low;
}
