/** Crops a spectrum to its low frequencies, which resamples the field to coarser pixels. */
import { nextFastSize } from "../../array/fft.ts";
import type { ComplexField } from "../../optics/imaging/complex-field.ts";

/**
 * @param spectrum of a field whose sides are 2^a 3^b 5^c
 * @param factor requested ratio of the new to the old pixel size; below 1.2 the spectrum is returned unchanged
 * @returns the spectrum, scaled for its new size, and the actual ratio of the pixel sizes
 */
export function coarserSpectrum(spectrum: ComplexField, factor: number): { spectrum: ComplexField; factor: number } {
  const height = Math.min(spectrum.height, nextFastSize(Math.ceil(spectrum.height / factor)));
  const width = Math.min(spectrum.width, nextFastSize(Math.ceil(spectrum.width / factor)));
  // Pixels stay square only if both sides shrink by the same factor.
  const square = Math.abs((height * spectrum.width) / (width * spectrum.height) - 1) < 0.01;
  if (factor < 1.2 || !square) return { spectrum, factor: 1 };
  const scale = (height * width) / (spectrum.height * spectrum.width);
  const [real, imag] = [new Float32Array(height * width), new Float32Array(height * width)];
  for (let v = 0; v < height; v++) {
    const row = (v < height / 2 ? v : v - height + spectrum.height) * spectrum.width;
    for (let u = 0; u < width; u++) {
      const from = row + (u < width / 2 ? u : u - width + spectrum.width);
      real[v * width + u] = scale * spectrum.real[from];
      imag[v * width + u] = scale * spectrum.imag[from];
    }
  }
  return { spectrum: { real, imag, height, width }, factor: spectrum.width / width };
}
