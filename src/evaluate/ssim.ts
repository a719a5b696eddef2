/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13, 600, 2004), as
 * skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False): a Gaussian window of
 * 11 x 11 (sigma 1.5, truncated at 3.5), K1 = 0.01, K2 = 0.03, averaged over the pixels whose window lies inside.
 */
import { correlate, gaussianKernel } from "../array/filters.ts";
import { ParfocalError } from "../errors.ts";
import { checkPair, checkRange } from "./comparable.ts";
import type { Picture } from "./metrics.ts";

/** Window edge in pixels: no picture may be smaller. */
export const SSIM_WINDOW = 11;
/** One line for reports, because a score without its window and constants cannot be repeated. */
export const SSIM_DESCRIPTION = "Gaussian window 11 x 11, sigma 1.5, K1 0.01, K2 0.03";

/**
 * Mean structural similarity, up to 1.
 * @param dataRange the span of possible values, in the units of the pictures
 * @throws image.unfit for pictures of different size, smaller than 11 x 11, or with NaN; usage for a range of 0 or less
 */
export function ssim(output: Picture, truth: Picture, dataRange: number): number {
  checkPair(output, truth);
  checkRange(dataRange);
  return ssimTerms(doubles(output), doubles(truth), dataRange).similarity;
}

/** A picture in float64, so that the variances of 16-bit counts keep their digits. */
export interface Doubles {
  data: Float64Array;
  height: number;
  width: number;
}

export function doubles(picture: Picture): Doubles {
  return { data: Float64Array.from(picture.data), height: picture.height, width: picture.width };
}

/**
 * Mean similarity l*c*s and mean contrast-structure c*s over the window positions that lie inside:
 * l = (2 mx my + C1) / (mx^2 + my^2 + C1), c*s = (2 sxy + C2) / (sx^2 + sy^2 + C2), C = (K range)^2.
 */
export function ssimTerms(a: Doubles, b: Doubles, dataRange: number): { similarity: number; structure: number } {
  const { height, width } = a;
  if (Math.min(height, width) < SSIM_WINDOW) {
    const detail = `SSIM: pictures of ${height} x ${width} pixels are smaller than its window of ${SSIM_WINDOW} x ${SSIM_WINDOW}; give a larger field.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const kernel = gaussianKernel(1.5, 3.5);
  const blur = (data: Float64Array): Float64Array => correlate({ data, height, width }, kernel, kernel).data;
  const meanA = blur(a.data);
  const meanB = blur(b.data);
  // Only the sum of both variances is asked for: one blur instead of two.
  const squares = blur(a.data.map((v, i) => v * v + b.data[i] * b.data[i]));
  const product = blur(a.data.map((v, i) => v * b.data[i]));

  const c1 = (0.01 * dataRange) ** 2;
  const c2 = (0.03 * dataRange) ** 2;
  const pad = (SSIM_WINDOW - 1) / 2;
  let similarity = 0;
  let structure = 0;
  for (let y = pad; y < height - pad; y++)
    for (let x = pad; x < width - pad; x++) {
      const i = y * width + x;
      const mx = meanA[i];
      const my = meanB[i];
      const luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1);
      const cs = (2 * (product[i] - mx * my) + c2) / (squares[i] - mx * mx - my * my + c2);
      similarity += luminance * cs;
      structure += cs;
    }
  const count = (height - 2 * pad) * (width - 2 * pad);
  return { similarity: similarity / count, structure: structure / count };
}
