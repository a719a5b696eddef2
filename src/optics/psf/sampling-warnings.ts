/** Warnings about pixels and planes that do not sample the image of a microscope finely enough. */

import type { Warning } from "../../warning.ts";
import type { PsfModel } from "./psf-model.ts";

export interface Sampling {
  /** um */
  pixelSize: number;
  /** Distance between planes, um. */
  zStep?: number | undefined;
  /** Size of the image, pixels. */
  height?: number | undefined;
  width?: number | undefined;
  /** Largest distance of a plane from the structures that it shows, um; default 0. */
  defocus?: number | undefined;
}

/**
 * Warnings: pixels or planes coarser than the Nyquist limit (half the period of the finest detail), and a PSF that is
 * larger than the image. The specimen may have only coarser detail, so these are not errors.
 */
export function samplingWarnings(model: PsfModel, sampling: Sampling): Warning[] {
  const { pixelSize, zStep, defocus = 0, height = Infinity, width = Infinity } = sampling;
  const warnings: Warning[] = [];
  const lateral = model.nyquistPixelSize;
  if (pixelSize > lateral * (1 + 1e-9)) {
    warnings.push({
      code: "coarse_sampling",
      text:
        `pixel_size ${round(pixelSize)} um is coarser than the lateral Nyquist limit of these optics, ${round(lateral)} um: ` +
        "the image does not hold all the detail that the objective resolves.",
    });
  }
  const axial = model.axialPeriod / 2;
  if (zStep !== undefined && zStep > axial * (1 + 1e-9)) {
    warnings.push({
      code: "coarse_sampling",
      text:
        `z_step ${round(zStep)} um is coarser than the axial Nyquist limit of these optics, ${round(axial)} um: ` +
        "the stack does not hold all the axial detail that the objective resolves.",
    });
  }
  const wide = 2 * (model.radius(defocus) + (0.61 * model.wavelength) / model.na);
  const field = Math.min(height, width) * pixelSize;
  if (wide > field) {
    warnings.push({
      code: "cropped_psf",
      text:
        `the PSF is ${round(wide)} um wide ${round(Math.abs(defocus))} um from focus, wider than the image of ${round(field)} um, so that it is cut off; ` +
        "give a larger image or fewer planes.",
    });
  }
  return warnings;
}

const round = (value: number) => Number(value.toPrecision(3));
