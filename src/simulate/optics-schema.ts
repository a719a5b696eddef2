/** The keys of `optics` in a recipe. Keys of an imaging mode, such as the pinhole, belong to that mode. */
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

/** All PSF options, from which modes take the keys that their PSF depends on. */
export const modeOptics = psfOptions.shape;

/** The PSF of a light path. @param more keys of the mode @throws `usage` for impossible optics */
export function modelOf(optics: RecipeOptics, more: PsfOpticsInput = {}): PsfModel {
  return psfModelOf({ ...optics, ...more });
}

/** The pupil that the keys describe, without layers and Zernike terms. */
export function pupilOf(optics: RecipeOptics): Pupil {
  return {
    na: optics.na,
    wavelength: optics.wavelength,
    refractiveIndex: optics.refractive_index,
    sphericalAberration: optics.spherical_aberration,
  };
}

/**
 * The pupil at another wavelength: the aberration has the same optical path, and is more waves at a shorter wavelength.
 */
export function illuminationOf(optics: RecipeOptics, wavelength: number): Pupil {
  const scale = optics.wavelength / wavelength;
  return { ...pupilOf(optics), wavelength, sphericalAberration: optics.spherical_aberration * scale };
}

/** The optics as metadata of a stack. */
export function stackOptics(optics: RecipeOptics): Optics {
  return { na: optics.na, wavelength: optics.wavelength, refractiveIndex: optics.refractive_index };
}
