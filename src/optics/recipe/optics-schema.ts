/** The light path of a recipe: the keys of its `optics`. Lengths in um. */
import { z } from "zod";
import type { Optics } from "../../image/image.ts";
import type { Pupil } from "../psf/pupil.ts";

export const opticsSchema = z.strictObject({
  na: z.number().positive().default(0.8).describe("numerical aperture, below the refractive index"),
  wavelength: z.number().positive().default(0.515).describe("emission wavelength in vacuum, um"),
  refractive_index: z.number().positive().default(1).describe("of the immersion medium: 1 air, 1.333 water, 1.515 oil"),
  spherical_aberration: z
    .number()
    .min(-5)
    .max(5)
    .default(0)
    .describe("Z(4,0), RMS waves; breaks the symmetry of defocus"),
});

export type RecipeOptics = z.output<typeof opticsSchema>;

/** The pupil that the keys describe. */
export function pupilOf(optics: RecipeOptics): Pupil {
  return {
    na: optics.na,
    wavelength: optics.wavelength,
    refractiveIndex: optics.refractive_index,
    sphericalAberration: optics.spherical_aberration,
  };
}

/** What a stack says of its optics. */
export function stackOptics(optics: RecipeOptics): Optics {
  return { na: optics.na, wavelength: optics.wavelength, refractiveIndex: optics.refractive_index };
}
