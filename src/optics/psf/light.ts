/** The light of one point: its wave, its aberrations, and what follows of them. */
import { nextFastSize } from "../../array/fft.ts";
import { type Wave, waveRadius } from "./wave.ts";
import { isEven, isOdd, type ZernikeTerm, zernikeOrders } from "./zernike.ts";

export interface Light {
  readonly wave: Wave;
  readonly aberrations: readonly ZernikeTerm[];
  /** Polarised fields of emitters in all directions, after Richards & Wolf, instead of one scalar field. */
  readonly vectorial: boolean;
  /** Vectorial: light of a laser that is polarised along one axis, at whose focus it is wider; default in all directions. */
  readonly polarised?: "x" | "y" | undefined;
}

export const isEvenLight = ({ aberrations }: Light): boolean => isEven(aberrations);

/** Whether nothing tells one side of focus from the other. */
export function isSymmetricLight({ wave, aberrations }: Light): boolean {
  const edge = wave.na / wave.wavelength;
  const flat = [0, 0.3, 0.6, 0.8, 1].every((share) => Math.abs(wave.phase(share * edge) - wave.phase(0)) < 1e-12);
  return flat && isOdd(aberrations);
}

/** Radius, um, that rays reach at a defocus; of the aberrations the steepest slope is added. */
export function lightRadius({ wave, aberrations }: Light, defocus: number): number {
  return waveRadius(wave, defocus) + (steepestSlope(aberrations) * wave.wavelength) / wave.na;
}

/**
 * Waves for each radius of the pupil, at the rim, where Zernike polynomials are steepest: R'(1) = (n (n + 2) - m^2) / 2
 * along the radius, m R(1) = m across it.
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

/** Even and 2^a 3^b 5^c. */
export const isGridSize = (size: number): boolean =>
  Number.isInteger(size) && size >= 2 && size <= 8192 && size % 2 === 0 && nextFastSize(size) === size;
