/** Differences of Gaussians, which ignore offset and slope of an image, and their response to white noise and spots. */
import { createRealFft2, nextFastSize } from "../array/fft.ts";
import { gaussianKernel, reflectedIndices } from "../array/filters.ts";
import { mean } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";

/**
 * The differences of each two neighbouring Gaussians; the image is mirrored about its border. The mean of the plane is
 * subtracted first, since no difference contains it. Computed in Fourier space, since a convolution with the wide
 * Gaussians would take too long.
 * @param sigmas standard deviations, pixels, in ascending order
 */
export function responses({ data, height, width }: Plane, sigmas: readonly number[]): Plane[] {
  const reach = Math.ceil(3 * Math.max(...sigmas));
  const plan = createRealFft2(nextFastSize(height + 2 * reach), nextFastSize(width + 2 * reach));
  const [rows, columns] = [reflectedIndices(height, reach), reflectedIndices(width, reach)];
  const centre = mean(data);
  const padded = new Float32Array(plan.height * plan.width);
  for (let y = 0; y < rows.length; y++) {
    const [from, to] = [rows[y] * width, y * plan.width];
    for (let x = 0; x < columns.length; x++) padded[to + x] = data[from + columns[x]] - centre;
  }
  const room = new Float32Array(padded.length);
  return sigmas.slice(1).map((wide, k) => {
    const narrow = sigmas[k];
    const real = new Float32Array(plan.height * plan.spectrumWidth);
    const down = [narrow, wide].map((sigma) => gaussianSpectrum(plan.height, plan.height, sigma));
    const across = [narrow, wide].map((sigma) => gaussianSpectrum(plan.width, plan.spectrumWidth, sigma));
    for (let v = 0; v < plan.height; v++) {
      const row = v * plan.spectrumWidth;
      const [a, b] = [down[0][v], down[1][v]];
      for (let u = 0; u < plan.spectrumWidth; u++) real[row + u] = a * across[0][u] - b * across[1][u];
    }
    plan.filter(padded, { real }, "factor", room);
    const out = new Float32Array(data.length);
    for (let y = 0; y < height; y++) {
      const from = (y + reach) * plan.width + reach;
      out.set(room.subarray(from, from + width), y * width);
    }
    return { data: out, height, width };
  });
}

/** The first `count` frequencies of the spectrum of a Gaussian along an axis of `size`. */
function gaussianSpectrum(size: number, count: number, sigma: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    Math.exp(-2 * (Math.PI * sigma * (Math.min(i, size - i) / size)) ** 2),
  );
}

/** Root of the sum of the squared weights of a two-dimensional Gaussian: the factor by which it reduces white noise. */
function gaussianNorm(sigma: number): number {
  return gaussianKernel(sigma, 3).reduce((sum, weight) => sum + weight * weight, 0);
}

/** The same for the difference of a Gaussian and one that is twice as wide. */
export function differenceNorm(sigma: number): number {
  const [wide, narrow] = [gaussianKernel(2 * sigma, 3), gaussianKernel(sigma, 3)];
  const offset = (wide.length - narrow.length) / 2;
  const both = narrow.reduce((sum, weight, i) => sum + weight * wide[i + offset], 0);
  return Math.sqrt(Math.max(0, gaussianNorm(sigma) ** 2 + gaussianNorm(2 * sigma) ** 2 - 2 * both ** 2));
}

/**
 * Response of the difference of Gaussians at the centre of a Gaussian spot of height 1, at `size` times the size of the
 * spot.
 */
export const spotResponse = (sigma: number, size = 1): number => {
  const at = (s: number) => sigma ** 2 / (sigma ** 2 + s ** 2);
  return at(size * sigma) - at(2 * size * sigma);
};
