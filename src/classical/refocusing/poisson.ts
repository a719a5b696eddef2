/**
 * Solves Poisson's equation on a rectangle with Neumann boundaries (no slope across the edges), by Fourier transform.
 */

import { createEvenFft2 } from "../../array/even-fft.ts";
import { nextFastSize } from "../../array/fft.ts";
import { mirroredIndex } from "../../array/mirrored-index.ts";
import type { Plane } from "../../image/image.ts";

/**
 * phi with laplacian(phi) = source, mean 0. The source may have any size: it is mirrored up to a size of 2^a 3^b 5^c.
 *
 * Tikhonov regularisation damps low frequencies, which amplify noise most: the inverse of -q^2 becomes
 * -q^2 / (q^4 + q0^4) with q = 2 pi f.
 *
 * @param pixelSize um
 * @param cutoff frequency f0, cycles per um, below which frequencies are damped; 0 for none
 */
export function solvePoisson(source: Plane, pixelSize: number, cutoff: number): Plane {
  const { height, width } = source;
  const even = (side: number) => nextFastSize(Math.max(2, 2 * (side - 1)));
  const [tall, wide] = [even(height), even(width)];
  const plan = createEvenFft2(tall, wide);
  const { rows, columns } = plan;
  const values = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const from = mirroredIndex(y, height) * width;
    for (let x = 0; x < columns; x++) values[y * columns + x] = source.data[from + mirroredIndex(x, width)];
  }
  plan.forwardReal(values);
  const hold = (2 * Math.PI * cutoff) ** 4;
  for (let v = 0; v < rows; v++) {
    for (let u = 0; u < columns; u++) {
      const q2 = (2 * Math.PI) ** 2 * ((v / (tall * pixelSize)) ** 2 + (u / (wide * pixelSize)) ** 2);
      values[v * columns + u] *= q2 === 0 ? 0 : -q2 / (q2 * q2 + hold);
    }
  }
  plan.inverseReal(values);
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++) data.set(values.subarray(y * columns, y * columns + width), y * width);
  return { data, height, width };
}
