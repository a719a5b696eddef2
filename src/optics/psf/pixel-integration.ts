/** Integrates an intensity on fine samples over square camera pixels. */
import { createEvenFft2 } from "../../array/even-fft.ts";
import { createRealFft2 } from "../../array/fft.ts";
import type { FineIntensity } from "./fine-intensity.ts";

/**
 * The intensity integrated over pixels `finer` samples wide, as shares of all light on the grid: `[n / finer, n /
 * finer]`, centre at `[size / 2, size / 2]`, sum 1. Integrating over a pixel multiplies the spectrum by sinc(fx)
 * sinc(fy), and sampling at the pixels aliases it. Overwrites the intensity.
 */
export function integrateOverPixels(intensity: FineIntensity, finer: number): Float64Array {
  return intensity.part === "quarter" ? evenPixels(intensity, finer) : allPixels(intensity, finer);
}

function evenPixels({ data, n }: FineIntensity, finer: number): Float64Array {
  const size = n / finer;
  createEvenFft2(n, n).forwardReal(data);
  const spectrum = foldedSpectrum(data, n, size);
  createEvenFft2(size, size).inverseReal(spectrum);
  const half = size / 2;
  const out = new Float64Array(size * size);
  for (let y = 0; y < size; y++) {
    const row = Math.abs(y - half) * (half + 1);
    for (let x = 0; x < size; x++) out[y * size + x] = spectrum[row + Math.abs(x - half)];
  }
  return out;
}

/** Spectrum of the pixels, the quarter `[size / 2 + 1, size / 2 + 1]`, 1 at frequency 0. */
function foldedSpectrum(data: Float64Array, n: number, size: number): Float64Array {
  const columns = n / 2 + 1;
  const pixel = sinc(columns, size);
  const quarter = size / 2 + 1;
  // In the spectrum of an even array, frequencies f and -f have the same value.
  const folded = Array.from({ length: quarter }, (_, f) => aliases(f, size, n).map((g) => (g < 0 ? -g : g)));
  const spectrum = new Float64Array(quarter * quarter);
  for (let v = 0; v < quarter; v++) {
    for (let u = 0; u < quarter; u++) {
      let sum = 0;
      for (const fv of folded[v]) {
        for (const fu of folded[u]) sum += data[fv * columns + fu] * pixel[fv] * pixel[fu];
      }
      spectrum[v * quarter + u] = sum / data[0];
    }
  }
  return spectrum;
}

function allPixels({ data, n }: FineIntensity, finer: number): Float64Array {
  const size = n / finer;
  const columns = n / 2 + 1;
  const real = new Float64Array(n * columns);
  const imag = new Float64Array(n * columns);
  createRealFft2(n, n).forward(data, real, imag);
  const pixel = sinc(n / 2 + 1, size);
  const half = size / 2 + 1;
  const outReal = new Float64Array(size * half);
  const outImag = new Float64Array(size * half);
  const rows = Array.from({ length: size }, (_, f) => aliases(f, size, n));
  for (let v = 0; v < size; v++) {
    for (const fv of rows[v]) {
      for (let u = 0; u < half; u++) {
        const share = pixel[Math.abs(fv)];
        const to = v * half + u;
        for (const fu of rows[u]) {
          // The spectrum of a real image holds only the columns 0..n / 2; the others are their conjugates.
          const mirrored = fu < 0;
          const at = (((mirrored ? -fv : fv) + n) % n) * columns + Math.abs(fu);
          const weight = share * pixel[Math.abs(fu)];
          outReal[to] += weight * real[at];
          outImag[to] += mirrored ? -weight * imag[at] : weight * imag[at];
        }
      }
    }
  }
  const total = real[0];
  const image = new Float64Array(size * size);
  createRealFft2(size, size).inverse(outReal, outImag, image);
  for (let i = 0; i < image.length; i++) image[i] /= total;
  return centred(image, size);
}

/** An image whose centre is at index 0, moved to `[size / 2, size / 2]`. */
function centred(image: Float64Array, size: number): Float64Array {
  const half = size / 2;
  const out = new Float64Array(size * size);
  for (let y = 0; y < size; y++) {
    const row = ((y + half) % size) * size;
    for (let x = 0; x < size; x++) out[y * size + x] = image[row + ((x + half) % size)];
  }
  return out;
}

/** sinc(f / size) for f = 0, 1, ... */
function sinc(count: number, size: number): Float64Array {
  return Float64Array.from({ length: count }, (_, f) =>
    f === 0 ? 1 : Math.sin((Math.PI * f) / size) / ((Math.PI * f) / size),
  );
}

/** Frequencies in -n/2..n/2-1 that are aliased onto `f` when every (n / size)-th sample is kept. */
function aliases(f: number, size: number, n: number): number[] {
  const found: number[] = [];
  for (let g = f - n; g < n / 2; g += size) if (g >= -n / 2) found.push(g);
  return found;
}
