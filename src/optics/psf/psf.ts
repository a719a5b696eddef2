/** The widefield point spread function: how a point of light is spread over the pixels of a camera. */
import { createEvenFft2 } from "../../array/even-fft.ts";
import { isFastSize, nextPowerOfTwo } from "../../array/fft.ts";
import { ParfocalError } from "../../errors.ts";
import { checkPupil, coneRadius, nyquistPixelSize, type Pupil, pupilPhase, requirePositive } from "./pupil.ts";

/** A point spread function of one defocus. */
export interface Psf {
  /** Share of the point's light that each pixel receives: `[size, size]`, sum 1, centre at `[size / 2, size / 2]`. */
  data: Float64Array;
  /** Width in pixels, even and 2^a 3^b 5^c. */
  size: number;
}

export interface PsfOptions {
  /** Camera pixel in the sample, um. */
  pixelSize: number;
  /** z(object) - z(focal plane), um; default 0. */
  defocus?: number;
  /** Width in pixels, even and 2^a 3^b 5^c; default {@link psfSize}. A smaller one wraps the light that misses it. */
  size?: number;
}

/**
 * Pixels that a PSF needs (a power of two): the light cone, with diffraction rings outside it on either side, and at
 * least 20 lambda / NA, 33 Airy radii, of rings. What lies beyond, below 1 % of the light, wraps and interferes: measured
 * against direct integration of the pupil, pixels are off by 1 % of the peak in focus and by up to 3 % of the (then low)
 * peak far from it; twice the size brings both below 1 %.
 */
export function psfSize(pupil: Pupil, pixelSize: number, defocus: number): number {
  const unit = pupil.wavelength / pupil.na;
  const radius = Math.max(20 * unit, coneRadius(pupil, defocus) + 10 * unit);
  return Math.max(16, nextPowerOfTwo(Math.ceil((2 * radius) / pixelSize)));
}

/**
 * The widefield PSF: |Fourier transform of the pupil|^2, integrated over square camera pixels.
 *
 * The pupil is sampled so finely that the defocused PSF does not wrap, and its transform so finely that the intensity
 * (band limit 2 NA / lambda) does not alias; integrating over the pixel multiplies the spectrum by
 * sinc(pixelSize kx) sinc(pixelSize ky), and reading at the pixels folds it. All pupils have the same amplitude, so
 * every defocus carries the same light (Parseval), here 1.
 *
 * Pixels coarser than {@link nyquistPixelSize} lose detail as the camera does; that is no error.
 *
 * @throws `usage` for impossible optics, pixels or sizes
 */
export function widefieldPsf(pupil: Pupil, options: PsfOptions): Psf {
  const { pixelSize, defocus = 0 } = options;
  checkPupil(pupil);
  requirePositive("pixel_size", pixelSize, "the pixel size in um, such as 0.325");
  const size = options.size ?? psfSize(pupil, pixelSize, defocus);
  if (!Number.isFinite(defocus) || size > 4096 || !isFastSize(size) || size < 2) {
    const message =
      `Optics: a PSF ${size} pixels wide at defocus ${defocus} um cannot be computed; ` +
      "expected an even size 2^a 3^b 5^c up to 4096: take a smaller defocus or larger pixels.";
    throw new ParfocalError("usage", message, { option: "defocus", got: defocus, expected: "at most 4096 pixels" });
  }
  // A hair beyond Nyquist is allowed: what would alias there is below a thousandth, and saves a factor of four in work.
  const finer = nextPowerOfTwo(pixelSize / (1.05 * nyquistPixelSize(pupil)));
  const intensity = fieldIntensity(pupil, pixelSize / finer, size * finer, defocus);
  const spectrum = pixelSpectrum(intensity, size, finer);
  createEvenFft2(size, size).inverseReal(spectrum);
  return { data: wholeOf(spectrum, size), size };
}

/** |field|^2 of a point at `pitch` um on a grid `n` wide: the quarter `[n / 2 + 1, n / 2 + 1]`, centre at index 0. */
function fieldIntensity(pupil: Pupil, pitch: number, n: number, defocus: number): Float64Array {
  const quarter = n / 2 + 1;
  const real = new Float64Array(quarter * quarter);
  const imag = new Float64Array(quarter * quarter);
  const step = 1 / (n * pitch);
  const edge = pupil.na / pupil.wavelength / step;
  const reach = Math.min(n / 2 - 1, Math.ceil(edge));
  for (let v = 0; v <= reach; v++) {
    for (let u = 0; u <= v; u++) {
      // A sample that the edge of the aperture cuts counts by its share.
      const radius = Math.hypot(u, v);
      const amplitude = Math.min(1, edge - radius + 0.5);
      if (amplitude <= 0) break;
      const phase = 2 * Math.PI * pupilPhase(pupil, radius * step, defocus);
      const re = amplitude * Math.cos(phase);
      const im = amplitude * Math.sin(phase);
      real[v * quarter + u] = re;
      imag[v * quarter + u] = im;
      real[u * quarter + v] = re;
      imag[u * quarter + v] = im;
    }
  }
  createEvenFft2(n, n).forward(real, imag);
  for (let i = 0; i < real.length; i++) real[i] = real[i] * real[i] + imag[i] * imag[i];
  return real;
}

/**
 * Spectrum, real and even, of the intensity integrated over pixels `finer` samples wide: the quarter
 * `[size / 2 + 1, size / 2 + 1]`, 1 at frequency 0. Overwrites the intensity.
 */
function pixelSpectrum(intensity: Float64Array, size: number, finer: number): Float64Array {
  const n = size * finer;
  const fine = createEvenFft2(n, n);
  fine.forwardReal(intensity);

  const sinc = Float64Array.from({ length: fine.columns }, (_, f) =>
    f === 0 ? 1 : Math.sin((Math.PI * f) / size) / ((Math.PI * f) / size),
  );
  const quarter = size / 2 + 1;
  const folded = Array.from({ length: quarter }, (_, f) => aliases(f, size, n));
  const spectrum = new Float64Array(quarter * quarter);
  for (let v = 0; v < quarter; v++) {
    for (let u = 0; u < quarter; u++) {
      let sum = 0;
      for (const fv of folded[v]) {
        for (const fu of folded[u]) sum += intensity[fv * fine.columns + fu] * sinc[fv] * sinc[fu];
      }
      spectrum[v * quarter + u] = sum / intensity[0];
    }
  }
  return spectrum;
}

/** |frequencies| in -n/2..n/2-1 that reading every (n / size)-th sample folds onto `f`. */
function aliases(f: number, size: number, n: number): number[] {
  const found: number[] = [];
  for (let g = f - n; g < n / 2; g += size) if (g >= -n / 2) found.push(Math.abs(g));
  return found;
}

/** The whole of an even array from its quarter, centre moved to `[size / 2, size / 2]`. */
function wholeOf(values: Float64Array, size: number): Float64Array {
  const half = size / 2;
  const out = new Float64Array(size * size);
  for (let y = 0; y < size; y++) {
    const row = Math.abs(y - half) * (half + 1);
    for (let x = 0; x < size; x++) out[y * size + x] = values[row + Math.abs(x - half)];
  }
  return out;
}
