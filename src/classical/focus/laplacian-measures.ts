/** The focus measure of second differences: the curvature of the grey levels. */
import { gaussianFilter } from "../../array/filters.ts";
import type { Plane } from "../../image/image.ts";
import { centred } from "./gradient-measures.ts";

/**
 * Mean squared Laplacian (four neighbours) of the plane blurred by a Gaussian of `sigma` pixels: the operator of Marr &
 * Hildreth 1980, counts^2. Without the Gaussian this is the energy of the Laplacian (Subbarao, Choi, Nikzad 1993),
 * which measures the noise instead of the focus.
 */
export function laplacianOfGaussian(plane: Plane, sigma: number): number {
  const { height, width } = plane;
  const { data } = gaussianFilter({ data: centred(plane), height, width }, sigma);
  let sum = 0;
  for (let y = 1; y < height - 1; y++)
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++)
      sum += (data[i - 1] + data[i + 1] + data[i - width] + data[i + width] - 4 * data[i]) ** 2;
  return sum / ((height - 2) * (width - 2));
}
