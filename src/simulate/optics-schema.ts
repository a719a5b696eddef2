/** The light path of a recipe: the keys of its `optics`. What belongs to a mode of imaging, such as the pinhole, is that mode's. */
import type { z } from "zod";
import type { Optics } from "../image/image.ts";
import { type PsfOpticsInput, psfModelOf, psfOptions } from "../optics/psf/optics-options.ts";
import type { PsfModel } from "../optics/psf/psf-model.ts";
import type { Pupil } from "../optics/psf/pupil.ts";

export const opticsSchema = psfOptions.omit({
  excitation_wavelength: true,
  pinhole: true,
  sheet_thickness: true,
  sheet_offset: true,
  sheet_distance: true,
});

export type RecipeOptics = z.output<typeof opticsSchema>;

/** The keys of a mode that its PSF depends on. */
export const modeOptics = psfOptions.shape;

/** The PSF of a light path. @param more of the mode's own keys @throws `usage` for optics that cannot be */
export function modelOf(optics: RecipeOptics, more: PsfOpticsInput = {}): PsfModel {
  return psfModelOf({ ...optics, ...more });
}

/** The plain pupil that the keys describe: what light without layers and Zernike terms passes. */
export function pupilOf(optics: RecipeOptics): Pupil {
  return {
    na: optics.na,
    wavelength: optics.wavelength,
    refractiveIndex: optics.refractive_index,
    sphericalAberration: optics.spherical_aberration,
  };
}

/** The same glass for another wavelength: its aberration is the same length, and more waves of a shorter one. */
export function illuminationOf(optics: RecipeOptics, wavelength: number): Pupil {
  const scale = optics.wavelength / wavelength;
  return { ...pupilOf(optics), wavelength, sphericalAberration: optics.spherical_aberration * scale };
}

/** What a stack says of its optics. */
export function stackOptics(optics: RecipeOptics): Optics {
  return { na: optics.na, wavelength: optics.wavelength, refractiveIndex: optics.refractive_index };
}
