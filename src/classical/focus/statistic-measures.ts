/** Focus measures of the grey levels alone: blur mixes them, so their spread falls. Where the pixels lie does not matter. */
import { moments } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";

/** Variance over mean (Groen, Young, Ligthart 1985), counts: indifferent to brightness, but not to a changing background. */
export function normalizedVariance({ data }: Plane): number {
  const { mean, variance } = moments(data);
  return variance === 0 ? 0 : variance / Math.abs(mean);
}
