/** Coherent light in a plane of pixels: its wavelength, its medium, its sampling. */

import { ParfocalError } from "../../errors.ts";
import { requirePlausible } from "../../image/plausible-calibration.ts";

/** Lengths in micrometres. */
export interface CoherentLight {
  /** Wavelength in vacuum. */
  wavelength: number;
  /** Refractive index of the medium: 1 air, 1.333 water. */
  refractiveIndex: number;
  /** Pixel size in the specimen plane (camera pixel / magnification). */
  pixelSize: number;
  /** Numerical aperture: fields hold no frequencies beyond NA / wavelength. Unlimited where absent. */
  na?: number;
}

/** @throws `usage` for an implausible number, or na >= refractiveIndex */
export function checkLight({ wavelength, refractiveIndex, pixelSize, na }: CoherentLight): void {
  requirePlausible("wavelength", wavelength);
  requirePlausible("refractive_index", refractiveIndex);
  requirePlausible("pixel_size", pixelSize);
  if (na === undefined) return;
  requirePlausible("na", na);
  if (na < refractiveIndex) return;
  const message =
    `Optics: na ${na} is not below the refractive index ${refractiveIndex}; ` +
    "give the index of the medium (1.333 water, 1.515 oil) or a smaller na.";
  throw new ParfocalError("usage", message, { option: "na", got: na, expected: `< ${refractiveIndex}` });
}

/** @throws `usage` unless the distance is a number */
export function checkDistance(distance: number): void {
  if (Number.isFinite(distance)) return;
  const message = `Optics: distance ${distance} is not a number; give the distance along the light in um, such as -12.5.`;
  throw new ParfocalError("usage", message, { option: "distance", got: distance, expected: "a number, um" });
}
