/** Laser speckle in the specimen: the intensity of a random field that fills the pupil, at any distance from focus. */
import { createFft2, nextPowerOfTwo } from "../../array/fft.ts";
import type { Random } from "../../array/random.ts";
import { checkPupil, nyquistPixelSize, type Pupil, pupilPhase } from "../psf/pupil.ts";
import type { FieldGrid } from "./image-volume.ts";

/** One position of the diffuser. */
export interface Speckle {
  /**
   * Intensity, mean 1, contrast 1 (fully developed speckle: negative exponential), averaged over the pixels.
   * @param defocus z - z(focal plane), um
   * @returns `[height, width]`; cached
   */
  at(defocus: number): Float32Array;
}

/**
 * A diffuser gives every point of the pupil a random complex amplitude, circular Gaussian and independent of its
 * neighbours (Goodman, Speckle Phenomena in Optics, 2007, ch. 4); the field at a distance is its Fourier transform
 * after the phase of defocus. The pattern of one diffuser position therefore changes along z over the depth of focus.
 * It wraps with the box.
 *
 * @param illumination the objective with the wavelength of the laser
 * @throws `usage` for impossible optics, or sides that are not 2^a 3^b 5^c
 */
export function createSpeckle(illumination: Pupil, grid: FieldGrid, random: Random): Speckle {
  checkPupil(illumination);
  // Coarse pixels average over speckle grains of lambda / (2 NA); they do not sample them.
  const finer = nextPowerOfTwo(grid.pixelSize / (1.05 * nyquistPixelSize(illumination)));
  const height = grid.height * finer;
  const width = grid.width * finer;
  const plan = createFft2(height, width);
  const waves = wavesInPupil(illumination, grid, random);
  let energy = 0;
  for (const { re, im } of waves) energy += re * re + im * im;
  const made = new Map<number, Float32Array>();

  const make = (defocus: number): Float32Array => {
    const real = new Float64Array(height * width);
    const imag = new Float64Array(height * width);
    for (const wave of waves) {
      const phase = 2 * Math.PI * pupilPhase(illumination, wave.frequency, defocus);
      const [cos, sin] = [Math.cos(phase), Math.sin(phase)];
      const index = ((wave.v + height) % height) * width + ((wave.u + width) % width);
      real[index] = wave.re * cos - wave.im * sin;
      imag[index] = wave.re * sin + wave.im * cos;
    }
    plan.forward(real, imag);
    const out = new Float32Array(grid.height * grid.width);
    const scale = 1 / (energy * finer * finer);
    for (let y = 0; y < height; y++) {
      const row = Math.floor(y / finer) * grid.width;
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        out[row + Math.floor(x / finer)] += scale * (real[i] * real[i] + imag[i] * imag[i]);
      }
    }
    return out;
  };
  return {
    at(defocus) {
      const key = Math.round(defocus * 1e4);
      let pattern = made.get(key);
      if (pattern === undefined) {
        pattern = make(key / 1e4);
        made.set(key, pattern);
      }
      return pattern;
    },
  };
}

/** Plane waves of the periodic box inside the aperture, with their random amplitudes. */
function wavesInPupil({ na, wavelength }: Pupil, { height, width, pixelSize }: FieldGrid, random: Random) {
  const edge = na / wavelength;
  const reachV = Math.floor(edge * height * pixelSize);
  const reachU = Math.floor(edge * width * pixelSize);
  const waves: { v: number; u: number; frequency: number; re: number; im: number }[] = [];
  for (let v = -reachV; v <= reachV; v++) {
    for (let u = -reachU; u <= reachU; u++) {
      const frequency = Math.hypot(v / (height * pixelSize), u / (width * pixelSize));
      if (frequency <= edge) waves.push({ v, u, frequency, re: random.normal(), im: random.normal() });
    }
  }
  return waves;
}
