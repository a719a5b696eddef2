/**
 * How much of the fine structure of the ground truth an image contains. Each of three bands has two numbers: the
 * correlation of its fine structure with that of the ground truth, and its contrast. Blur lowers both. When noise is
 * removed, also by light smoothing, the correlation rises (by 0.05 where half of the finest band is noise), but the
 * contrast does not. An image that is sharper than the ground truth, such as a recorded plane in focus beside one out
 * of focus, has too much contrast. An image shows more of the detail of the ground truth only if both numbers rise.
 */
import { mean, moments } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";
import { responses } from "./difference-of-gaussians.ts";
import { pearson } from "./metrics.ts";

/**
 * Three octaves of spatial frequency. Each band is the difference of two neighbouring Gaussians; standard deviations in
 * pixels.
 */
const sigmas = [0.7, 1.4, 2.8, 5.6] as const;

/**
 * Smaller differences of mean or contrast are not visible. Another realisation of the camera's noise changes them by
 * 0.001.
 */
export const detailMargin = 0.02;

/**
 * Correlation in the three bands, from fine to coarse, and its mean: 1 is perfect, 0 means no relation, NaN an image
 * without structure in a band.
 */
export interface Detail {
  mean: number;
  bands: number[];
  /** Mean over the bands of how close the contrasts come to 1. A contrast c above 1 counts as 1 / c. */
  contrast: number;
  /**
   * For every band the slope of the image's differences of Gaussians over those of the ground truth: 1 where its
   * structures have their full contrast.
   */
  contrasts: number[];
}

/**
 * Scores images against one ground truth. For every band it computes Pearson's correlation of the differences of
 * Gaussians of the image with those of the ground truth, and the slope of the straight line through them, which depends
 * on the counts of the image. Slowly varying background has no influence, and brightness and contrast have none on the
 * correlation. Noise of the ground truth lowers all scores alike, so compare scores only for the same ground truth.
 */
export function detailAgainst(truth: Plane): (image: Plane) => Detail {
  const targets = responses(truth, sigmas);
  const spreads = targets.map(({ data }) => moments(data).variance);
  return (image) => {
    const found = responses(image, sigmas);
    const bands = found.map((band, i) => pearson(band, targets[i]));
    const contrasts = found.map(({ data }, i) => bands[i] * Math.sqrt(moments(data).variance / spreads[i]));
    return { bands, mean: mean(bands), contrasts, contrast: mean(contrasts.map(fromOne)) };
  };
}

const fromOne = (contrast: number): number => (contrast > 1 ? 1 / contrast : contrast);

/** The mean over the bands of {@link detailAgainst}. */
export const detail = (image: Plane, truth: Plane): number => detailAgainst(truth)(image).mean;
