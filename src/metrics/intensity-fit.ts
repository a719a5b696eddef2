/** The gain and offset that bring pictures to others. */
import { fitLine } from "../array/fit-line.ts";
import type { Plane } from "../image/image.ts";

export interface IntensityFit {
  /** 0 or more. */
  gain: number;
  /** Counts. */
  offset: number;
}

/**
 * The gain and offset for which `gain image + offset` is nearest to the truths in the mean of squares, with a gain of 0 or more: two kinds of
 * image differ in both, and neither is a fault of the picture (as CSBDeep's normalize_minmse). Planes of one stack need one fit for all:
 * fitted by itself, a plane full of haze is simply turned down to the darkness that it should have.
 * @param images `[y, x]`, each of the size of its truth; as many as there are truths, and at least one
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

/** A single picture, brought to its truth by {@link intensityFit}. */
export const fitIntensity = (image: Plane, truth: Plane): Plane => withIntensity(image, intensityFit([image], [truth]));
