import { nextFastSize } from "../../array/fft.ts";
import { type Wave, waveRadius } from "./wave.ts";
import { isEven, isOdd, type ZernikeTerm, zernikeOrders } from "./zernike.ts";

export interface Light {
  readonly wave: Wave;
  readonly aberrations: readonly ZernikeTerm[];
  /** Whether fields are polarised, of emitters in all directions (Richards & Wolf), instead of one scalar field. */
  readonly vectorial: boolean;
  /** Vectorial: a laser polarised along this axis, along which its focus is wider; default no preferred direction. */
  readonly polarised?: "x" | "y" | undefined;
}

export const isEvenLight = ({ aberrations }: Light): boolean => isEven(aberrations);

/** Whether the light is the same on both sides of focus. */
export function isSymmetricLight({ wave, aberrations }: Light): boolean {
  const edge = wave.na / wave.wavelength;
  const flat = [0, 0.3, 0.6, 0.8, 1].every((share) => Math.abs(wave.phase(share * edge) - wave.phase(0)) < 1e-12);
  return flat && isOdd(aberrations);
}

/** Radius, um, that rays reach at a defocus, plus the steepest slope of the aberrations. */
export function lightRadius({ wave, aberrations }: Light, defocus: number): number {
  return waveRadius(wave, defocus) + (steepestSlope(aberrations) * wave.wavelength) / wave.na;
}

/**
 * Steepest slope of the wavefront, waves per radius of the pupil. It is at the rim, where Zernike polynomials are
 * steepest: R'(1) = (n (n + 2) - m^2) / 2 along the radius, m R(1) = m across it.
 */
function steepestSlope(aberrations: readonly ZernikeTerm[]): number {
  let slope = 0;
  for (const { noll, rms } of aberrations) {
    const { n, m } = zernikeOrders(noll);
    const scale = Math.sqrt((m === 0 ? 1 : 2) * (n + 1));
    slope += Math.abs(rms) * scale * Math.max((n * (n + 2) - m * m) / 2, Math.abs(m));
  }
  return slope;
}

/** Whether a size is even and 2^a 3^b 5^c, at most 8192. */
export const isGridSize = (size: number): boolean =>
  Number.isInteger(size) && size >= 2 && size <= 8192 && size % 2 === 0 && nextFastSize(size) === size;
