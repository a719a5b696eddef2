/**
 * Optical transfer functions: the spectra of PSFs, kept by defocus so that every plane and every field reuses them.
 *
 * A pupil that is even in kx and ky makes a PSF that is even in x and y, and so an OTF that is real and even: one
 * number for each frequency, and only the rows 0..height / 2.
 */
import { createEvenFft2 } from "../../array/even-fft.ts";
import { type Psf, psfSize, widefieldPsf } from "./psf.ts";
import { checkPupil, type Pupil } from "./pupil.ts";

/** The spectrum of one PSF about its centre. */
export interface Otf {
  /**
   * Of a PSF that is even in x and y: `[height / 2 + 1, width / 2 + 1]`, row v standing for height - v, too. Of any other:
   * `[height, width / 2 + 1]`, as a real transform gives it.
   */
  real: Float32Array;
  /** `[height, width / 2 + 1]`; absent where the PSF is even in x and y, and the OTF therefore real. */
  imag?: Float32Array;
}

/** OTFs of one pupil on one grid of frequencies. */
export interface OtfBank {
  readonly height: number;
  readonly width: number;
  /** The OTF at `level` x step um of defocus; 1 at frequency 0 for a widefield PSF. Made when first asked for. */
  at(level: number): Otf;
}

export interface OtfBankOptions {
  /** Camera pixel in the sample, um. */
  pixelSize: number;
  /** Defocus of level 1, um. */
  step: number;
  /** Grid of the images to be convolved, padding included; even sizes 2^a 3^b 5^c. */
  height: number;
  width: number;
}

/** @throws `usage` for impossible optics */
export function createOtfBank(pupil: Pupil, options: OtfBankOptions): OtfBank {
  checkPupil(pupil);
  const { pixelSize, step, height, width } = options;
  const made = new Map<number, Otf>();
  const symmetric = (pupil.sphericalAberration ?? 0) === 0;
  return {
    height,
    width,
    at(level) {
      const key = symmetric ? Math.abs(level) : level;
      let otf = made.get(key);
      if (otf === undefined) {
        const defocus = key * step;
        // Light that leaves a grid too small for the PSF comes in again on the other side.
        const size = Math.min(psfSize(pupil, pixelSize, defocus), height, width);
        otf = { real: otfOf(widefieldPsf(pupil, { pixelSize, defocus, size }), height, width) };
        made.set(key, otf);
      }
      return otf;
    },
  };
}

/** Spectrum of an even PSF about its centre: `[height / 2 + 1, width / 2 + 1]`, real. The grid is at least as large as the PSF. */
export function otfOf(psf: Psf, height: number, width: number): Float32Array {
  const { data, size } = psf;
  const half = size / 2;
  const plan = createEvenFft2(height, width);
  const spectrum = new Float64Array(plan.rows * plan.columns);
  for (let y = 0; y <= half; y++) {
    for (let x = 0; x <= half; x++) {
      // Row and column -size/2 have no partner at +size/2; on a larger grid they are shared out to both.
      const share = (y === half && height > size ? 0.5 : 1) * (x === half && width > size ? 0.5 : 1);
      spectrum[y * plan.columns + x] = share * data[(half - y) * size + (half - x)];
    }
  }
  plan.forwardReal(spectrum);
  return Float32Array.from(spectrum);
}
