/** The widefield point spread function of a plain pupil: how a point of light is spread over the pixels of a camera. */
import type { Psf, PsfModel, PsfOptions } from "./psf-model.ts";
import type { Pupil } from "./pupil.ts";
import { pupilWave } from "./wave.ts";
import { widefieldModel } from "./widefield-model.ts";

export type { Psf, PsfOptions } from "./psf-model.ts";

/** Scalar theory, uniform amplitude. @throws `usage` for impossible optics */
export function scalarModel(pupil: Pupil): PsfModel {
  return widefieldModel({ wave: pupilWave(pupil), aberrations: [], vectorial: false });
}

/** Pixels that the PSF of a pupil needs: {@link PsfModel.size}. */
export function psfSize(pupil: Pupil, pixelSize: number, defocus: number): number {
  return scalarModel(pupil).size(pixelSize, defocus);
}

/**
 * The widefield PSF: |Fourier transform of the pupil|^2, integrated over square camera pixels; see
 * `widefieldModel`.
 * @throws `usage` for impossible optics, pixels or sizes
 */
export function widefieldPsf(pupil: Pupil, options: PsfOptions): Psf {
  return scalarModel(pupil).psf(options);
}
