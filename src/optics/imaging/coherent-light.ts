/** Coherent light in a plane of pixels: its wavelength, its medium, its sampling. */

import { ParfocalError } from "../../errors.ts";
import { requirePlausible } from "../../image/plausible-calibration.ts";

/** Lengths in micrometres. */
export interface CoherentLight {
  /** In vacuum. */
  wavelength: number;
  /** Of the medium that the light travels in: 1 air, 1.333 water. */
  refractiveIndex: number;
  /** Pixels in the sample (camera pixel / magnification). */
  pixelSize: number;
  /** Aperture that the light has come through; fields hold nothing beyond NA / wavelength. Unlimited where absent. */
  na?: number;
}

/** @throws `usage` for a number that no microscope has, or na >= refractiveIndex */
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
