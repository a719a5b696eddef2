/**
 * The transfer function of free space for coherent fields: a phase for each spatial frequency, and no change of
 * amplitude.
 *
 * Source: Goodman, Introduction to Fourier Optics (3rd ed.), section 3.10, for the angular spectrum; Matsushima &
 * Shimobaba, Opt. Express 17, 19662 (2009), eq. 13 and 20, for the band that a grid can carry over a distance.
 */
import type { FftArray } from "../../array/fft.ts";
import type { CoherentLight } from "./coherent-light.ts";

/** Even in both frequencies, so only rows 0..height / 2 and columns 0..width / 2 are kept, `[rows, columns]`. */
export interface TransferFunction {
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
  readonly real: Float32Array;
  readonly imag: Float32Array;
}

/** Frequency, cycles per um, of index `i` of `size`. */
export function frequency(i: number, size: number, pixelSize: number): number {
  return (i < (size + 1) / 2 ? i : i - size) / (size * pixelSize);
}

/**
 * H(f) = exp(i 2 pi d (sqrt((n / lambda)^2 - f^2) - n / lambda)): the phase of a plane wave along the axis is left out,
 * so that an empty field does not change. Evanescent waves and frequencies beyond the aperture are dropped.
 *
 * @param distance along the light, um; negative goes back
 * @param limited also drop |fx| and |fy| beyond 1 / (lambda / n sqrt((2 d / side)^2 + 1)), whose phase the grid cannot
 * sample over this distance, so that they would wrap round. Not for periodic fields, for which the grid is exact
 */
export function transferFunction(
  height: number,
  width: number,
  light: CoherentLight,
  distance: number,
  limited: boolean,
): TransferFunction {
  const { pixelSize, na } = light;
  const k = light.refractiveIndex / light.wavelength;
  const edge2 = Math.min(k, na === undefined ? k : na / light.wavelength) ** 2;
  const limit = (size: number) => (limited ? k / Math.sqrt(((2 * distance) / (size * pixelSize)) ** 2 + 1) : k);
  const [limitY, limitX] = [limit(height), limit(width)];
  const rows = Math.floor(height / 2) + 1;
  const columns = Math.floor(width / 2) + 1;
  const real = new Float32Array(rows * columns);
  const imag = new Float32Array(rows * columns);
  for (let v = 0; v < rows; v++) {
    const fy = v / (height * pixelSize);
    if (fy > limitY) break;
    for (let u = 0; u < columns; u++) {
      const fx = u / (width * pixelSize);
      const f2 = fx * fx + fy * fy;
      if (fx > limitX || f2 >= edge2) break;
      // sqrt(k^2 - f^2) - k, written without the difference of two similar numbers.
      const phase = (-2 * Math.PI * distance * f2) / (Math.sqrt(k * k - f2) + k);
      real[v * columns + u] = Math.cos(phase);
      imag[v * columns + u] = Math.sin(phase);
    }
  }
  return { height, width, rows, columns, real, imag };
}

/**
 * `out` = spectrum x H, or x its conjugate (the way back); `[height, width]` each, `out` may be the spectrum itself.
 */
export function applyTransfer(
  spectrum: { real: FftArray; imag: FftArray },
  transfer: TransferFunction,
  out: { real: FftArray; imag: FftArray },
  conjugate = false,
): void {
  const { height, width, columns, real: hr, imag: hi } = transfer;
  const { real: sr, imag: si } = spectrum;
  const sign = conjugate ? -1 : 1;
  for (let v = 0; v < height; v++) {
    const row = Math.min(v, height - v) * columns;
    for (let u = 0; u < width; u++) {
      const h = row + (u < columns ? u : width - u);
      const [cr, ci] = [hr[h], sign * hi[h]];
      const i = v * width + u;
      const re = sr[i] * cr - si[i] * ci;
      out.imag[i] = sr[i] * ci + si[i] * cr;
      out.real[i] = re;
    }
  }
}
