/** The light source of a transmission microscope as points in the condenser's aperture, all of one brightness. */
import { ParfocalError } from "../../errors.ts";
import type { Pupil } from "../psf/pupil.ts";
import type { Tilt } from "./multislice.ts";

/**
 * Directions of equal weight that fill the aperture evenly: one on the axis, then rings of 6, 12, 18, ... points, each
 * point representing the same area. Every point has an opposite one: without it, phase would show as contrast in focus.
 *
 * @param na of the condenser; 0 is one plane wave, coherent light
 * @param rings around the axis; 1 + 3 rings (rings + 1) points
 * @throws `usage` for an aperture below 0 or not below the refractive index
 */
export function sourcePoints(pupil: Pupil, na: number, rings: number): Tilt[] {
  if (!(na >= 0 && na < pupil.refractiveIndex)) {
    const message =
      `Optics: na_condenser ${na} is not between 0 and the refractive index ${pupil.refractiveIndex}; ` +
      "give the aperture that the condenser is set to, such as 0.3.";
    throw new ParfocalError("usage", message, { option: "na_condenser", got: na, expected: "0 to refractive_index" });
  }
  const points: Tilt[] = [{ y: 0, x: 0 }];
  if (na === 0) return points;
  const total = 1 + 3 * rings * (rings + 1);
  for (let ring = 1; ring <= rings; ring++) {
    // Inner and outer area up to this ring, in points; the radius that halves the area between.
    const radius = Math.sqrt((1 + 3 * ring * ring) / total) * (na / pupil.wavelength);
    for (let i = 0; i < 6 * ring; i++) {
      const angle = (2 * Math.PI * (i + (ring % 2) / 2)) / (6 * ring);
      points.push({ y: radius * Math.sin(angle), x: radius * Math.cos(angle) });
    }
  }
  return points;
}
