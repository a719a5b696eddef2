/**
 * Optical transfer functions: the spectra of PSFs, cached by defocus so that every plane and every field reuses them.
 *
 * A PSF that is even in x and y has an OTF that is real and even: one number for each frequency, and only the rows
 * 0..height / 2. Coma and other aberrations that are not even make it complex.
 */
import { createEvenFft2 } from "../../array/even-fft.ts";
import { createRealFft2 } from "../../array/fft.ts";
import { scalarModel } from "./psf.ts";
import type { Psf, PsfModel } from "./psf-model.ts";
import type { Pupil } from "./pupil.ts";

/** The spectrum of one PSF about its centre. */
export interface Otf {
  /**
   * Of a PSF that is even in x and y: `[height / 2 + 1, width / 2 + 1]`, row v also holds the values of row height - v.
   * Of any other PSF:
   * `[height, width / 2 + 1]`, as a real transform gives it.
   */
  real: Float32Array;
  /** `[height, width / 2 + 1]`; absent if the PSF is even in x and y, so that the OTF is real. */
  imag?: Float32Array;
}

/** OTFs of one microscope on one grid of frequencies. */
export interface OtfBank {
  readonly height: number;
  readonly width: number;
  /** The OTF at `level` x step um of defocus; 1 at frequency 0 for a widefield PSF. Computed on first use. */
  at(level: number): Otf;
}

export interface OtfBankOptions {
  /** Camera pixel in the specimen plane, um. */
  pixelSize: number;
  /** Defocus of level 1, um. */
  step: number;
  /** Grid of the images to be convolved, including padding; even and 2^a 3^b 5^c. */
  height: number;
  width: number;
}

/**
 * @param optics a PSF model of any kind, or a pupil for plain wide field in scalar theory
 * @throws `usage` for impossible optics
 */
export function createOtfBank(optics: PsfModel | Pupil, options: OtfBankOptions): OtfBank {
  const model = "psf" in optics ? optics : scalarModel(optics);
  const { pixelSize, step, height, width } = options;
  const made = new Map<number, Otf>();
  return {
    height,
    width,
    at(level) {
      const key = model.symmetric ? Math.abs(level) : level;
      let otf = made.get(key);
      if (otf === undefined) {
        const defocus = key * step;
        // On a grid that is too small for the PSF, light wraps round to the other side.
        const size = Math.min(model.size(pixelSize, defocus), height, width);
        const psf = model.psf({ pixelSize, defocus, size });
        otf = model.even ? { real: otfOf(psf, height, width) } : complexOtfOf(psf, height, width);
        made.set(key, otf);
      }
      return otf;
    },
  };
}

/**
 * Spectrum of an even PSF about its centre: `[height / 2 + 1, width / 2 + 1]`, real. The grid is at least as large as
 * the PSF.
 */
function otfOf(psf: Psf, height: number, width: number): Float32Array {
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

/** Spectrum of any PSF about its centre, `[height, width / 2 + 1]`. The grid is at least as large as the PSF. */
export function complexOtfOf({ data, size }: Psf, height: number, width: number): Required<Otf> {
  const half = size / 2;
  const image = new Float64Array(height * width);
  for (let y = 0; y < size; y++) {
    const row = ((y - half + height) % height) * width;
    for (let x = 0; x < size; x++) image[row + ((x - half + width) % width)] = data[y * size + x];
  }
  const plan = createRealFft2(height, width);
  const real = new Float64Array(height * plan.spectrumWidth);
  const imag = new Float64Array(height * plan.spectrumWidth);
  plan.forward(image, real, imag);
  return { real: Float32Array.from(real), imag: Float32Array.from(imag) };
}
