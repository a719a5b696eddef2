/**
 * How much of the ground truth's fine structure an image has. Blur lowers this score. Where noise is strong, taking noise away raises it, by light
 * smoothing too (by 0.05 where half of the finest band is noise): it is compared with that of lightly smoothed planes (recorded-baseline.ts), and
 * the widths of structures tell sharpening from better denoising (study/headline.ts).
 */
import type { Plane } from "../image/image.ts";
import { responses } from "./difference-of-gaussians.ts";
import { pearson } from "./metrics.ts";

/** Three octaves of spatial frequency: each is the difference of two neighbouring Gaussians, standard deviations in pixels. */
const sigmas = [0.7, 1.4, 2.8, 5.6] as const;

/** Differences of the mean detail up to this are none that could be seen; another realisation of the camera's noise changes it by 0.001. */
export const detailMargin = 0.02;

/** Of the three bands, fine to coarse, and their mean. 1 is perfect, 0 no relation; NaN where an image has nothing in a band. */
export interface Detail {
  mean: number;
  bands: number[];
}

/**
 * Scores images against one ground truth: in every band, the correlation (Pearson) of the differences of Gaussians of the image with
 * those of the ground truth. Brightness, contrast and slow background do not count. Noise of the ground truth lowers all scores
 * alike, so that they can be compared with each other, not between ground truths.
 */
export function detailAgainst(truth: Plane): (image: Plane) => Detail {
  const wanted = responses(truth, sigmas);
  return (image) => {
    const bands = responses(image, sigmas).map((band, i) => pearson(band, wanted[i]));
    return { bands, mean: bands.reduce((a, b) => a + b, 0) / bands.length };
  };
}

/** The mean over the bands of {@link detailAgainst}. */
export const detail = (image: Plane, truth: Plane): number => detailAgainst(truth)(image).mean;
