/** The gain and offset that bring pictures to others. */
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
  const n = truths.reduce((sum, { data }) => sum + data.length, 0);
  const mean = (planes: readonly Plane[]): number =>
    planes.reduce((sum, { data }) => sum + data.reduce((a, b) => a + b, 0), 0) / n;
  const [mi, mt] = [mean(images), mean(truths)];
  let [covariance, variance] = [0, 0];
  for (const [k, { data: truth }] of truths.entries()) {
    const { data } = images[k];
    for (let i = 0; i < truth.length; i++) {
      covariance += (data[i] - mi) * (truth[i] - mt);
      variance += (data[i] - mi) ** 2;
    }
  }
  const gain = variance === 0 ? 0 : Math.max(0, covariance / variance);
  return { gain, offset: mt - gain * mi };
}

export const withIntensity = (image: Plane, { gain, offset }: IntensityFit): Plane => ({
  ...image,
  data: image.data.map((value) => gain * value + offset),
});

/** A single picture, brought to its truth by {@link intensityFit}. */
export const fitIntensity = (image: Plane, truth: Plane): Plane => withIntensity(image, intensityFit([image], [truth]));
