/** The field that an in-line hologram stands for, as far as one intensity tells it. */
import { mean } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import { type ComplexField, fieldOf } from "./complex-field.ts";

/**
 * Amplitude from intensity over that of the background, or over its own mean; the phase is not known and taken as 0.
 * @param background a hologram of the empty field, of the same size
 * @throws `image.unfit` for a hologram that is dark or not finite
 */
export function inLineField(hologram: Plane, background?: Plane): ComplexField {
  const level = mean(hologram.data);
  if (!(level > 0)) {
    const detail = "Hologram: it is dark or holds numbers that are not finite; give intensities above 0.";
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const empty = (i: number) => (background ? Math.max(background.data[i], 1e-3 * level) : level);
  return fieldOf({ ...hologram, data: hologram.data.map((value, i) => Math.sqrt(Math.max(0, value) / empty(i))) });
}
