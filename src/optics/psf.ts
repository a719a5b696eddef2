/** The widefield point spread function: how a point of light is spread over the pixels of a camera. */
import { createFft2, createRealFft2, nextPowerOfTwo } from "../array/fft.ts";
import { ParfocalError } from "../errors.ts";
import { checkPupil, coneRadius, nyquistPixelSize, type Pupil, pupilPhase, requirePositive } from "./pupil.ts";

/** A point spread function of one defocus. */
export interface Psf {
  /** Share of the point's light that each pixel receives: `[size, size]`, sum 1, centre at `[size / 2, size / 2]`. */
  data: Float64Array;
  /** Width in pixels, a power of two. */
  size: number;
}

export interface PsfOptions {
  /** Camera pixel in the sample, um. */
  pixelSize: number;
  /** z(object) - z(focal plane), um; default 0. */
  defocus?: number;
  /** Width in pixels, a power of two; default {@link psfSize}. A smaller one wraps the light that misses it. */
  size?: number;
}

/** Pixels that a PSF needs (a power of two): the light cone, and 20 lambda / NA of diffraction rings on either side. */
export function psfSize(pupil: Pupil, pixelSize: number, defocus: number): number {
  const radius = coneRadius(pupil, defocus) + (20 * pupil.wavelength) / pupil.na;
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
  if (!Number.isFinite(defocus) || size > 4096 || nextPowerOfTwo(size) !== size || size < 2) {
    const message =
      `Optics: a PSF ${size} pixels wide at defocus ${defocus} um cannot be computed; ` +
      "expected a power of two up to 4096: take a smaller defocus or larger pixels.";
    throw new ParfocalError("usage", message, { option: "defocus", got: defocus, expected: "at most 4096 pixels" });
  }
  // A hair beyond Nyquist is allowed: what would alias there is below a thousandth, and saves a factor of four in work.
  const finer = nextPowerOfTwo(pixelSize / (1.05 * nyquistPixelSize(pupil)));
  const intensity = fieldIntensity(pupil, pixelSize / finer, size * finer, defocus);
  const spectrum = pixelSpectrum(intensity, size, finer);

  const data = new Float64Array(size * size);
  createRealFft2(size, size).inverse(spectrum, new Float64Array(spectrum.length), data);
  return { data: centred(data, size), size };
}

/** |field|^2 of a point, `[n, n]` at `pitch` um, centre at index 0. */
function fieldIntensity(pupil: Pupil, pitch: number, n: number, defocus: number): Float64Array {
  const real = new Float64Array(n * n);
  const imag = new Float64Array(n * n);
  const step = 1 / (n * pitch);
  const edge = pupil.na / pupil.wavelength / step;
  const reach = Math.min(n / 2 - 1, Math.ceil(edge));
  for (let v = 0; v <= reach; v++) {
    for (let u = 0; u <= reach; u++) {
      // A sample that the edge of the aperture cuts counts by its share.
      const radius = Math.hypot(u, v);
      const amplitude = Math.min(1, edge - radius + 0.5);
      if (amplitude <= 0) break;
      const phase = 2 * Math.PI * pupilPhase(pupil, radius * step, defocus);
      const re = amplitude * Math.cos(phase);
      const im = amplitude * Math.sin(phase);
      for (const y of v === 0 ? [0] : [v, n - v]) {
        for (const x of u === 0 ? [0] : [u, n - u]) {
          real[y * n + x] = re;
          imag[y * n + x] = im;
        }
      }
    }
  }
  createFft2(n, n).forward(real, imag);
  for (let i = 0; i < real.length; i++) real[i] = real[i] * real[i] + imag[i] * imag[i];
  return real;
}

/** Spectrum, `[size, size / 2 + 1]`, real and even, of the intensity integrated over pixels `finer` samples wide; 1 at frequency 0. */
function pixelSpectrum(intensity: Float64Array, size: number, finer: number): Float64Array {
  const n = size * finer;
  const plan = createRealFft2(n, n);
  const fineWidth = plan.spectrumWidth;
  const fine = new Float64Array(n * fineWidth);
  plan.forward(intensity, fine, new Float64Array(n * fineWidth));

  const sinc = Float64Array.from({ length: n / 2 + 1 }, (_, f) =>
    f === 0 ? 1 : Math.sin((Math.PI * f) / size) / ((Math.PI * f) / size),
  );
  const width = size / 2 + 1;
  const spectrum = new Float64Array(size * width);
  for (let v = 0; v <= size / 2; v++) {
    for (let u = 0; u < width; u++) {
      let sum = 0;
      for (const fv of aliases(v, size, n)) {
        for (const fu of aliases(u, size, n)) sum += fine[fv * fineWidth + fu] * sinc[fv] * sinc[fu];
      }
      spectrum[v * width + u] = sum / fine[0];
      spectrum[((size - v) % size) * width + u] = sum / fine[0];
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

function centred(data: Float64Array, size: number): Float64Array {
  const out = new Float64Array(data.length);
  const half = size / 2;
  for (let y = 0; y < size; y++) {
    const row = ((y + half) % size) * size;
    out.set(data.subarray(y * size, y * size + half), row + half);
    out.set(data.subarray(y * size + half, (y + 1) * size), row);
  }
  return out;
}
