/** The gain and offset that bring one picture to another. */
import type { Plane } from "../image/image.ts";

/**
 * `gain image + offset` that is nearest to the truth in the mean of squares, with a gain of 0 or more: two kinds of image differ in
 * both, and neither is a fault of the picture (as CSBDeep's normalize_minmse). Both `[y, x]`, same size.
 */
export function fitIntensity(image: Plane, truth: Plane): Plane {
  const n = truth.data.length;
  const mean = (data: Float32Array): number => data.reduce((a, b) => a + b, 0) / n;
  const [mi, mt] = [mean(image.data), mean(truth.data)];
  let [covariance, variance] = [0, 0];
  for (let i = 0; i < n; i++) {
    covariance += (image.data[i] - mi) * (truth.data[i] - mt);
    variance += (image.data[i] - mi) ** 2;
  }
  const gain = variance === 0 ? 0 : Math.max(0, covariance / variance);
  return { ...image, data: image.data.map((value) => (value - mi) * gain + mt) };
}
