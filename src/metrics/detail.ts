/**
 * How much of the ground truth's fine structure an image has, in two numbers for each of three bands: how well it correlates with that of the ground
 * truth, and with what contrast it is there. Blur lowers both. Correlation also rises where noise is taken away, by light smoothing too (by 0.05 where half
 * of the finest band is noise), contrast does not. An image that is sharper than the ground truth, as a recorded plane in focus is beside one out of focus, has too much contrast. An
 * image shows more of the ground truth's detail where both rise.
 */
import { mean, moments } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";
import { responses } from "./difference-of-gaussians.ts";
import { pearson } from "./metrics.ts";

/** Three octaves of spatial frequency: each is the difference of two neighbouring Gaussians, standard deviations in pixels. */
const sigmas = [0.7, 1.4, 2.8, 5.6] as const;

/** Differences of mean or contrast up to this are none that could be seen; another realisation of the camera's noise changes it by 0.001. */
export const detailMargin = 0.02;

/** Of the three bands, fine to coarse, and their mean. 1 is perfect, 0 no relation; NaN where an image has nothing in a band. */
export interface Detail {
  mean: number;
  bands: number[];
  /** Mean over the bands of how near the contrasts come to 1: too much counts as too little, c as 1 / c. */
  contrast: number;
  /** Of every band the slope of the image's differences of Gaussians over the ground truth's: 1 where its structures have their full contrast. */
  contrasts: number[];
}

/**
 * Scores images against one ground truth: in every band, the correlation (Pearson) of the differences of Gaussians of the image with
 * those of the ground truth, and the slope of the straight line through them, which depends on the counts of the image. Slow background does not
 * count, nor for the correlation brightness and contrast. Noise of the ground truth lowers all scores alike, so that they can be compared with each
 * other, not between ground truths.
 */
export function detailAgainst(truth: Plane): (image: Plane) => Detail {
  const wanted = responses(truth, sigmas);
  const spreads = wanted.map(({ data }) => moments(data).variance);
  return (image) => {
    const found = responses(image, sigmas);
    const bands = found.map((band, i) => pearson(band, wanted[i]));
    const contrasts = found.map(({ data }, i) => bands[i] * Math.sqrt(moments(data).variance / spreads[i]));
    return { bands, mean: mean(bands), contrasts, contrast: mean(contrasts.map(fromOne)) };
  };
}

const fromOne = (contrast: number): number => (contrast > 1 ? 1 / contrast : contrast);

/** The mean over the bands of {@link detailAgainst}. */
export const detail = (image: Plane, truth: Plane): number => detailAgainst(truth)(image).mean;
