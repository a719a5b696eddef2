/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13, 600, 2004), as
 * skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False): a Gaussian
 * window of 11 x 11 (sigma 1.5, truncated at 3.5), K1 = 0.01, K2 = 0.03, averaged over the pixels whose window lies
 * inside.
 */
import { gaussianKernel } from "../array/filters.ts";
import type { FloatArray } from "../array/grid.ts";
import { placeKernel, rowStep } from "../array/symmetric-filter.ts";
import { filterWorkspace } from "../array/wasm/filter-workspace.ts";
import { layoutOf, roundUp } from "../array/wasm/layout.ts";
import { ParfocalError } from "../errors.ts";
import { checkPair, checkRange } from "./comparable.ts";
import type { Picture } from "./picture.ts";

/** Window edge in pixels; no image may be smaller. */
export const SSIM_WINDOW = 11;
/** Window and constants for reports, without which a score cannot be reproduced. */
export const SSIM_DESCRIPTION = "Gaussian window 11 x 11, sigma 1.5, K1 0.01, K2 0.03";

/**
 * Mean structural similarity, up to 1.
 * @param dataRange the span of possible values, in the units of the images
 * @throws image.unfit for images of different size, smaller than 11 x 11, or with NaN; usage for a range of 0 or less
 */
export function ssim(output: Picture, truth: Picture, dataRange: number): number {
  checkPair(output, truth);
  checkRange(dataRange);
  return ssimTerms(output, truth, dataRange).similarity;
}

/**
 * Mean similarity l*c*s and mean contrast-structure c*s over the window positions that lie inside:
 * l = (2 mx my + C1) / (mx^2 + my^2 + C1), c*s = (2 sxy + C2) / (sx^2 + sy^2 + C2), C = (K range)^2.
 */
export function ssimTerms(a: Picture, b: Picture, dataRange: number): { similarity: number; structure: number } {
  const { height, width } = a;
  if (Math.min(height, width) < SSIM_WINDOW) {
    const detail = `SSIM: images of ${height} x ${width} pixels are smaller than its window of ${SSIM_WINDOW} x ${SSIM_WINDOW}. Give a larger field.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const count = (height - 2 * pad) * (width - 2 * pad);
  const [similarity, structure] = sumOverWindows(a, b, (0.01 * dataRange) ** 2, (0.03 * dataRange) ** 2);
  return { similarity: similarity / count, structure: structure / count };
}

const pad = (SSIM_WINDOW - 1) / 2;

/**
 * Sums of l*c*s and of c*s. Every row of both images, of the sum of their squares (only the sum of both variances is
 * needed) and of their product is blurred along x into a ring buffer of the last 11 rows. The rows of the ring are then
 * blurred along y for each position of the window, so that all data stay in the processor's cache.
 */
function sumOverWindows(a: Picture, b: Picture, c1: number, c2: number): [similarity: number, structure: number] {
  const { height, width } = a;
  const positions = width - 2 * pad;
  const workspace = filterWorkspace();
  const layout = layoutOf(workspace);
  const kernel = placeKernel(layout, workspace, gaussianKernel(1.5, 3.5));
  const pitch = roundUp(positions, rowStep);
  const rows = Array.from({ length: 4 }, () => layout.take(pitch + SSIM_WINDOW));
  const ring = layout.take(SSIM_WINDOW * 4 * pitch);
  const [meansA, meansB, squares, products] = Array.from({ length: 4 }, (_, q) => q * pitch);
  const blurred = layout.take(4 * pitch);
  const memory = layout.numbers();
  kernel.fill(memory);
  let similarity = 0;
  let structure = 0;
  for (let y = 0; y < height; y++) {
    // In float64, so that the variances of 16-bit counts keep their precision.
    memory.set(a.data.subarray(y * width, (y + 1) * width), rows[0]);
    memory.set(b.data.subarray(y * width, (y + 1) * width), rows[1]);
    multiplyRows(memory, rows, width);
    const to = ring + (y % SSIM_WINDOW) * 4 * pitch;
    rows.forEach((row, q) => {
      kernel.sum((k) => row + pad + k, to + q * pitch, positions);
    });
    if (y < 2 * pad) continue;
    kernel.sum((k) => ring + ((y - pad + k) % SSIM_WINDOW) * 4 * pitch, blurred, 4 * pitch);
    const row = memory.subarray(blurred, blurred + 4 * pitch);
    for (let x = 0; x < positions; x++) {
      const mx = row[meansA + x];
      const my = row[meansB + x];
      const both = mx * my;
      const means = mx * mx + my * my;
      const cs = (2 * (row[products + x] - both) + c2) / (row[squares + x] - means + c2);
      similarity += ((2 * both + c1) / (means + c1)) * cs;
      structure += cs;
    }
  }
  return [similarity, structure];
}

/** From two rows, the row of the sums of their squares and that of their products. */
function multiplyRows(memory: FloatArray, [a, b, squares, products]: readonly number[], width: number): void {
  for (let x = 0; x < width; x++) {
    const p = memory[a + x];
    const q = memory[b + x];
    memory[squares + x] = p * p + q * q;
    memory[products + x] = p * q;
  }
}
