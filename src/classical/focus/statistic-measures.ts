/** Focus measures of the grey levels alone, whose spread falls with blur. The positions of the pixels do not matter. */
import { moments } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";

/**
 * Variance over mean (Groen, Young, Ligthart 1985), counts: independent of brightness, but not of a changing
 * background.
 */
export function normalizedVariance({ data }: Plane): number {
  const { mean, variance } = moments(data);
  return variance === 0 ? 0 : variance / Math.abs(mean);
}
