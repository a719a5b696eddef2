/** Focus measures of first differences: how steep the plane is, on average. */
import { correlate, gaussianKernel } from "../../array/filters.ts";
import { moments } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";

/** Mean squared Sobel gradient (Tenenbaum 1970; Krotkov 1987), counts^2; Sobel's weights are not normalised (sum 8). */
export function tenengrad({ data, height, width }: Plane): number {
  let sum = 0;
  for (let y = 1; y < height - 1; y++)
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const up = i - width;
      const down = i + width;
      const diagonal = data[down + 1] - data[up - 1];
      const other = data[down - 1] - data[up + 1];
      const gy = diagonal + other + 2 * (data[down] - data[up]);
      const gx = diagonal - other + 2 * (data[i + 1] - data[i - 1]);
      sum += gx * gx + gy * gy;
    }
  return sum / ((height - 2) * (width - 2));
}

/**
 * Mean squared difference of pixels `step` apart, along x and along y, added: 1 is the energy of the gradient
 * (Subbarao, Choi, Nikzad 1993), 2 is Brenner et al. 1976. Counts^2.
 */
export function meanSquaredStep({ data, height, width }: Plane, step: number): number {
  let alongX = 0;
  for (let y = 0; y < height; y++)
    for (let i = y * width; i < (y + 1) * width - step; i++) alongX += (data[i + step] - data[i]) ** 2;
  let alongY = 0;
  const offset = step * width;
  for (let i = 0; i < data.length - offset; i++) alongY += (data[i + offset] - data[i]) ** 2;
  return alongX / (height * (width - step)) + alongY / ((height - step) * width);
}

/**
 * Mean squared gradient of the plane blurred by a Gaussian (Geusebroek et al. 2000), counts^2 per pixel^2: noise finer
 * than
 * `sigma` pixels is averaged away, and so is detail.
 */
export function gaussianGradient(plane: Plane, sigma: number): number {
  const smooth = gaussianKernel(sigma);
  const slope = derivativeOf(smooth, sigma);
  const grid = { data: centred(plane), height: plane.height, width: plane.width };
  const gy = correlate(grid, slope, smooth).data;
  const gx = correlate(grid, smooth, slope).data;
  let sum = 0;
  for (let i = 0; i < gy.length; i++) sum += gy[i] * gy[i] + gx[i] * gx[i];
  return sum / gy.length;
}

/** Derivative of a sampled Gaussian: -i / sigma^2 times its weights, written for a correlation. */
function derivativeOf(kernel: Float64Array, sigma: number): Float64Array {
  const radius = (kernel.length - 1) / 2;
  return kernel.map((weight, i) => ((i - radius) / (sigma * sigma)) * weight);
}

/** About the mean, so that a large offset costs no digits in float32. */
export function centred({ data }: Plane): Float32Array {
  const { mean } = moments(data);
  return data.map((v) => v - mean);
}
