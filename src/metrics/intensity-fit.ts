/** Fits the gain and offset that bring images to the counts of others. */
import { fitLine } from "../array/fit-line.ts";
import type { Plane } from "../image/image.ts";

export interface IntensityFit {
  /** 0 or more. */
  gain: number;
  /** Counts. */
  offset: number;
}

/**
 * The gain and offset for which `gain * image + offset` has the smallest mean squared error against the ground truths,
 * with a gain of 0 or more. Two kinds of image differ in both, and neither is an error (as in CSBDeep,
 * normalize_minmse). All planes of a stack need one common fit: if a plane full of out-of-focus light were fitted
 * alone, it would simply be scaled down to the right darkness.
 * @param images `[y, x]`, each of the size of its ground truth; one for each ground truth, and at least one
 */
export function intensityFit(images: readonly Plane[], truths: readonly Plane[]): IntensityFit {
  const line = fitLine(...truths.map(({ data }, i) => ({ x: images[i].data, y: data })));
  const gain = line.spread === 0 ? 0 : Math.max(0, line.slope);
  return { gain, offset: line.meanY - gain * line.meanX };
}

export const withIntensity = (image: Plane, { gain, offset }: IntensityFit): Plane => ({
  ...image,
  data: image.data.map((value) => gain * value + offset),
});

/** Brings a single image to its ground truth by {@link intensityFit}. */
export const fitIntensity = (image: Plane, truth: Plane): Plane => withIntensity(image, intensityFit([image], [truth]));
