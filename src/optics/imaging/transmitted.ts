/**
 * Bright-field images of a specimen that absorbs and refracts: Koehler illumination through a condenser, by Abbe's
 * method. Each point of the condenser's aperture sends one plane wave through the specimen; its light is coherent with
 * itself but not with the others, so fields are computed for one point at a time and intensities add (Born & Wolf,
 * section 10.6.2).
 */
import { z } from "zod";
import type { Volume } from "../phantom/volume.ts";
import { checkPupil, type Pupil } from "../psf/pupil.ts";
import { sourcePoints } from "./condenser.ts";
import { checkPlanes } from "./image-volume.ts";
import { materialKeys, materialOf } from "./material-options.ts";
import { createMultislice } from "./multislice.ts";
import { createPace, type ImagingControl } from "./pace.ts";
import { requirePlanes } from "./require-planes.ts";

/** Keys besides those of the objective and of the specimen (`materialKeys`). */
export const transmittedOptions = z.strictObject({
  ...materialKeys,
  na_condenser: z
    .number()
    .nonnegative()
    .default(0.3)
    .describe(
      "numerical aperture of the condenser; 0: coherent light. na_condenser / na is the coherence parameter sigma",
    ),
  source_rings: z
    .int()
    .min(1)
    .max(12)
    .default(3)
    .describe("rings of source points in the condenser's aperture: 1 + 3 n (n + 1) plane waves"),
});
export type TransmittedOptions = z.input<typeof transmittedOptions>;

/**
 * Through-focus bright-field images of the whole wrapping box.
 *
 * @param pupil the objective; its wavelength is that of the lamp
 * @param planes focal planes, um, in any order
 * @returns intensity relative to an empty field, `[planes, height, width]`
 * @throws `usage` for impossible optics, sides that are not 2^a 3^b 5^c or planes that are not numbers; `interrupted`
 */
export async function imageTransmitted(
  volume: Volume,
  pupil: Pupil,
  planes: readonly number[],
  options: TransmittedOptions = {},
  control: ImagingControl = {},
): Promise<Float32Array> {
  checkPupil(pupil);
  checkPlanes(planes);
  requirePlanes(planes.length, volume);
  const resolved = transmittedOptions.parse(options);
  const points = sourcePoints(pupil, resolved.na_condenser, resolved.source_rings);
  const pace = createPace(control, points.length);
  const multislice = createMultislice(volume, pupil, materialOf(resolved));
  const size = volume.height * volume.width;
  const out = new Float32Array(planes.length * size);
  // Light outside the aperture of the objective is dark field: it adds nothing to an empty field.
  const bright = points.filter(({ y, x }) => Math.hypot(y, x) < pupil.na / pupil.wavelength).length;
  for (const tilt of points) {
    const wave = multislice.exitWave(tilt);
    planes.forEach((focus, p) => {
      const { real, imag } = multislice.imageField(wave, focus);
      for (let i = 0, o = p * size; i < size; i++, o++) out[o] += (real[i] * real[i] + imag[i] * imag[i]) / bright;
    });
    await pace();
  }
  return out;
}
