/**
 * Zernike polynomials on the unit disc: the shapes of an objective's aberrations.
 *
 * Source: Noll, J. Opt. Soc. Am. 66, 207 (1976): index j, and unit RMS, so that a coefficient is the RMS error of the
 * wavefront (here in waves) and different polynomials are orthogonal: the mean of Z_i Z_j over the disc is 1 for i = j,
 * else 0.
 */
import { ParfocalError } from "../../errors.ts";

/** The common names of the first polynomials, and their Noll index. */
export const zernikeNames = {
  tilt_x: 2,
  tilt_y: 3,
  defocus: 4,
  oblique_astigmatism: 5,
  astigmatism: 6,
  vertical_coma: 7,
  coma: 8,
  trefoil: 9,
  oblique_trefoil: 10,
  spherical: 11,
  secondary_astigmatism: 12,
  oblique_secondary_astigmatism: 13,
  quadrafoil: 14,
  oblique_quadrafoil: 15,
  secondary_coma: 16,
  vertical_secondary_coma: 17,
  secondary_spherical: 22,
} as const;

type ZernikeName = keyof typeof zernikeNames;

/** RMS in waves by name, or by Noll's index, such as z5 or z36. */
export type ZernikeAmplitudes = { readonly [name: string]: number };

/** One aberration. */
export interface ZernikeTerm {
  /** Noll's index, 2 or more: piston does not change intensities. */
  noll: number;
  /** RMS, waves. */
  rms: number;
}

/** Radial degree n and azimuthal order m of Noll's index; m > 0 goes with cos(m phi), m < 0 with sin(|m| phi). */
export function zernikeOrders(noll: number): { n: number; m: number } {
  let n = 0;
  let before = 0;
  while (before + n + 1 < noll) {
    before += n + 1;
    n++;
  }
  const place = noll - before - 1;
  const size = n % 2 === 0 ? 2 * Math.floor((place + 1) / 2) : 2 * Math.floor(place / 2) + 1;
  // Even indices go with the cosine.
  return { n, m: noll % 2 === 0 || size === 0 ? size : -size };
}

/** Z_j at (rho cos phi, rho sin phi), rho 0..1. */
export function zernike(noll: number, rho: number, phi: number): number {
  const { n, m } = zernikeOrders(noll);
  const size = Math.abs(m);
  let radial = 0;
  // R(n, m) = sum (-1)^s (n - s)! / (s! ((n + m) / 2 - s)! ((n - m) / 2 - s)!) rho^(n - 2s); Noll, eq. 2.
  for (let s = 0; s <= (n - size) / 2; s++) {
    const term = factorial(n - s) / (factorial(s) * factorial((n + size) / 2 - s) * factorial((n - size) / 2 - s));
    radial += (s % 2 === 0 ? term : -term) * rho ** (n - 2 * s);
  }
  if (m === 0) return Math.sqrt(n + 1) * radial;
  return Math.sqrt(2 * (n + 1)) * radial * (m > 0 ? Math.cos(size * phi) : Math.sin(size * phi));
}

function factorial(n: number): number {
  let product = 1;
  for (let i = 2; i <= n; i++) product *= i;
  return product;
}

/** The aberrations that are not 0. @throws `usage` for an unknown name, or an amplitude that is not a number */
export function zernikeTerms(amplitudes: ZernikeAmplitudes): ZernikeTerm[] {
  return Object.entries(amplitudes)
    .map(([name, rms]) => {
      const noll = nollOf(name);
      if (noll === undefined) {
        const expected = `one of ${Object.keys(zernikeNames).join(", ")}, or Noll's index as z2 to z120`;
        throw new ParfocalError("usage", `Optics: there is no Zernike aberration ${name}; expected ${expected}.`, {
          option: "zernike",
          got: name,
          expected,
        });
      }
      if (!Number.isFinite(rms)) {
        const message = `Optics: zernike ${name} is ${rms}; give the RMS of the wavefront in waves, such as 0.1.`;
        throw new ParfocalError("usage", message, { option: `zernike.${name}`, got: rms, expected: "a number" });
      }
      return { noll, rms };
    })
    .filter(({ rms }) => rms !== 0);
}

/** Noll's index of a name, or undefined. */
export function nollOf(name: string): number | undefined {
  if (Object.hasOwn(zernikeNames, name)) return zernikeNames[name as ZernikeName];
  const index = /^z([1-9]\d{0,2})$/.test(name) ? Number(name.slice(1)) : 0;
  return index >= 2 && index <= 120 ? index : undefined;
}

/** Wavefront error, waves. */
export function wavefrontError(terms: readonly ZernikeTerm[], rho: number, phi: number): number {
  let sum = 0;
  for (const { noll, rms } of terms) sum += rms * zernike(noll, rho, phi);
  return sum;
}

/** Whether the pupil is even in x and in y (only cosines of even order), which gives an even PSF. */
export const isEven = (terms: readonly ZernikeTerm[]): boolean =>
  terms.every(({ noll }) => {
    const { m } = zernikeOrders(noll);
    return m >= 0 && m % 2 === 0;
  });

/** Whether all aberrations are odd under reversal, which gives the same PSF on both sides of focus. */
export const isOdd = (terms: readonly ZernikeTerm[]): boolean =>
  terms.every(({ noll }) => zernikeOrders(noll).m % 2 !== 0);

/** Whether all aberrations are rotationally symmetric. */
export const isRadial = (terms: readonly ZernikeTerm[]): boolean =>
  terms.every(({ noll }) => zernikeOrders(noll).m === 0);
