/**
 * The pupil of a microscope objective: its aperture, and the phase that defocus and spherical aberration add. Scalar
 * theory, uniform amplitude.
 *
 * Source: Hanser, Gustafsson, Agard & Sedat, J. Microsc. 216, 32 (2004), eq. 1-3, for the exact (not paraxial) defocus
 * phase; Noll, J. Opt. Soc. Am. 66, 207 (1976) for the Zernike polynomial with unit RMS.
 */

import { ParfocalError } from "../../errors.ts";
import { requirePlausible } from "../../image/plausible-calibration.ts";

/** An objective and the light it collects. Lengths in micrometres. */
export interface Pupil {
  /** Numerical aperture, 0 < na < refractiveIndex. */
  na: number;
  /** Emission wavelength in vacuum, um. */
  wavelength: number;
  /** Refractive index of immersion and sample (1 air, 1.333 water, 1.515 oil). */
  refractiveIndex: number;
  /**
   * Primary spherical aberration Z(4,0), RMS over the pupil in waves; 0 when absent. Where it is positive, points above
   * the focal plane (defocus > 0) show sharp rings and points below it a diffuse blur.
   */
  sphericalAberration?: number;
}

/**
 * Refuses a pupil that cannot exist.
 * @throws `usage` for an implausible number, or na >= refractiveIndex
 */
export function checkPupil(pupil: Pupil): void {
  requirePlausible("na", pupil.na);
  requirePlausible("wavelength", pupil.wavelength);
  requirePlausible("refractive_index", pupil.refractiveIndex);
  if (pupil.na >= pupil.refractiveIndex) {
    const message =
      `Optics: na ${pupil.na} is not below the refractive index ${pupil.refractiveIndex}; ` +
      "give the index of the immersion medium (1.333 water, 1.515 oil) or a smaller na.";
    throw new ParfocalError("usage", message, { option: "na", got: pupil.na, expected: `< ${pupil.refractiveIndex}` });
  }
  const aberration = pupil.sphericalAberration ?? 0;
  if (!Number.isFinite(aberration)) {
    const message = `Optics: spherical_aberration ${aberration} is not a number; give RMS waves, such as 0.1.`;
    throw new ParfocalError("usage", message, {
      option: "spherical_aberration",
      got: aberration,
      expected: "a number",
    });
  }
}

/** @throws `usage` unless `value` is finite and above 0 */
export function requirePositive(option: string, value: number, example: string): void {
  if (Number.isFinite(value) && value > 0) return;
  const message = `Optics: ${option} must be above 0, got ${value}; give ${example}.`;
  throw new ParfocalError("usage", message, { option, got: value, expected: "> 0" });
}

/**
 * Phase in the pupil, in waves, at spatial frequency `k` (cycles/um):
 * defocus x n/lambda sqrt(1 - (lambda k / n)^2) + a sqrt(5) (6 rho^4 - 6 rho^2 + 1), rho = k lambda / NA.
 *
 * @param defocus z(emitter) - z(focal plane), um
 */
export function pupilPhase(pupil: Pupil, k: number, defocus: number): number {
  const { na, wavelength, refractiveIndex: n } = pupil;
  const sine = Math.min(1, (wavelength * k) / n);
  const rho2 = ((k * wavelength) / na) ** 2;
  const zernike = Math.sqrt(5) * (6 * rho2 * rho2 - 6 * rho2 + 1);
  return ((defocus * n) / wavelength) * Math.sqrt(1 - sine * sine) + (pupil.sphericalAberration ?? 0) * zernike;
}

/** Coarsest pixel, um, that keeps everything the objective resolves: lambda / (4 NA) for incoherent light. */
export function nyquistPixelSize(pupil: Pick<Pupil, "na" | "wavelength">): number {
  return pupil.wavelength / (4 * pupil.na);
}

/** Axial period, um, of the finest detail along z: lambda / (n - sqrt(n^2 - NA^2)). */
export function axialResolution(pupil: Pupil): number {
  const { na, wavelength, refractiveIndex: n } = pupil;
  return wavelength / (n - Math.sqrt(n * n - na * na));
}
