/** The field of an in-line hologram, as far as one intensity determines it. */
import { mean } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import { type ComplexField, fieldOf } from "./complex-field.ts";

/**
 * The amplitude is the square root of the intensity relative to the background, or to its own mean. The phase is
 * unknown and set to 0.
 * @param background a hologram of the empty field, of the same size
 * @throws `image.unfit` for a hologram that is dark or not finite
 */
export function inLineField(hologram: Plane, background?: Plane): ComplexField {
  const level = mean(hologram.data);
  if (!(level > 0)) {
    const detail = "Hologram: it is dark or holds values that are not finite; give intensities above 0.";
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const empty = (i: number) => (background ? Math.max(background.data[i], 1e-3 * level) : level);
  return fieldOf({ ...hologram, data: hologram.data.map((value, i) => Math.sqrt(Math.max(0, value) / empty(i))) });
}
