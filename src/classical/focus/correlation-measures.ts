/**
 * Focus measures of the autocorrelation (Vollath 1987, 1988): white noise is uncorrelated, so it cancels on average.
 */
import { moments } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";

/**
 * Vollath's F4: autocorrelation at one pixel less that at two, over the same pixels, along x and along y, added.
 * Counts^2; may be negative.
 */
export function vollathF4(plane: Plane): number {
  const { data, height, width } = plane;
  // About the mean: the difference is the same, and a large offset costs no digits.
  const { mean } = moments(data);
  let alongX = 0;
  for (let y = 0; y < height; y++)
    for (let i = y * width; i < (y + 1) * width - 2; i++) alongX += (data[i] - mean) * (data[i + 1] - data[i + 2]);
  let alongY = 0;
  for (let i = 0; i < data.length - 2 * width; i++)
    alongY += (data[i] - mean) * (data[i + width] - data[i + 2 * width]);
  return alongX / (height * (width - 2)) + alongY / ((height - 2) * width);
}

/** Vollath's F5: covariance of neighbours, along x and along y, added. Counts^2; the variance without the noise. */
export function vollathF5(plane: Plane): number {
  const { data, height, width } = plane;
  const { mean } = moments(data);
  let alongX = 0;
  for (let y = 0; y < height; y++)
    for (let i = y * width; i < (y + 1) * width - 1; i++) alongX += (data[i] - mean) * (data[i + 1] - mean);
  let alongY = 0;
  for (let i = 0; i < data.length - width; i++) alongY += (data[i] - mean) * (data[i + width] - mean);
  return alongX / (height * (width - 1)) + alongY / ((height - 1) * width);
}
