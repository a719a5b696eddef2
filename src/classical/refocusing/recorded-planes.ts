/** Intensities of one field in several planes along the light, from which its phase is recovered. */
import { mean } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import { type CoherentLight, checkLight } from "../../optics/imaging/coherent-light.ts";

export interface RecordedPlane extends Plane {
  /** Position along the light, um: light reaches lower positions first. */
  position: number;
}

/**
 * The planes in order of position, each normalised to mean 1: free space conserves the light, so a difference of the
 * means comes from the lamp.
 * @throws `image.unfit` for fewer than two planes, two at the same position, unequal sizes, dark planes or pixels that
 * are not finite; `usage` for impossible light
 */
export function preparePlanes(planes: readonly RecordedPlane[], light: CoherentLight): RecordedPlane[] {
  checkLight(light);
  const refuse = (detail: string) => new ParfocalError("image.unfit", detail, { detail });
  if (planes.length < 2) {
    throw refuse(
      `Phase from intensity: ${planes.length === 1 ? "a single plane was" : "no planes were"} given; ` +
        "record at least two at different focus.",
    );
  }
  const sorted = [...planes].sort((a, b) => a.position - b.position);
  const { height, width } = sorted[0];
  return sorted.map((plane, i) => {
    if (plane.height !== height || plane.width !== width || plane.data.length !== height * width) {
      throw refuse(
        `Phase from intensity: the planes have ${height} x ${width} and ${plane.height} x ${plane.width} pixels; give all at one size.`,
      );
    }
    if (!Number.isFinite(plane.position) || (i > 0 && plane.position === sorted[i - 1].position)) {
      throw refuse(
        `Phase from intensity: two planes are at ${plane.position} um, or a position is not a number; ` +
          "give each plane a different position along the light.",
      );
    }
    refuseNonFinite(plane.data, { what: `Phase from intensity: the plane at ${plane.position} um`, width });
    const level = mean(plane.data);
    if (!(level > 0)) {
      throw refuse(
        `Phase from intensity: the plane at ${plane.position} um is dark; ` +
          "give intensities, 0 or above, that are not all 0.",
      );
    }
    return { ...plane, data: plane.data.map((value) => Math.max(0, value) / level) };
  });
}
