/** What a grid of pixels and planes cannot show of a microscope: sentences with the limits. */
import type { PsfModel } from "./psf-model.ts";

export interface Sampling {
  /** um */
  pixelSize: number;
  /** Distance between planes, um. */
  zStep?: number | undefined;
  /** Of the image, pixels. */
  height?: number | undefined;
  width?: number | undefined;
  /** Farthest that a plane is from what it shows, um; default 0. */
  defocus?: number | undefined;
}

/**
 * Warnings: pixels or planes coarser than the Nyquist limit (half the period of the finest detail), and a PSF that is
 * larger than the image. Detail of the object itself may be coarser, so that these are no errors.
 */
export function samplingWarnings(model: PsfModel, sampling: Sampling): string[] {
  const { pixelSize, zStep, defocus = 0, height = Infinity, width = Infinity } = sampling;
  const warnings: string[] = [];
  const lateral = model.nyquistPixelSize;
  if (pixelSize > lateral * (1 + 1e-9)) {
    warnings.push(
      `pixel_size ${round(pixelSize)} um is coarser than the lateral Nyquist limit of these optics, ${round(lateral)} um: ` +
        "the camera does not record all that the objective resolves.",
    );
  }
  const axial = model.axialPeriod / 2;
  if (zStep !== undefined && zStep > axial * (1 + 1e-9)) {
    warnings.push(
      `z_step ${round(zStep)} um is coarser than the axial Nyquist limit of these optics, ${round(axial)} um: ` +
        "the stack does not hold all that lies between its planes.",
    );
  }
  const wide = 2 * (model.radius(defocus) + (0.61 * model.wavelength) / model.na);
  const field = Math.min(height, width) * pixelSize;
  if (wide > field) {
    warnings.push(
      `the PSF is ${round(wide)} um wide ${round(Math.abs(defocus))} um from focus, more than the image, ${round(field)} um: ` +
        "light from one point leaves it; give a larger image or fewer planes.",
    );
  }
  return warnings;
}

const round = (value: number) => Number(value.toPrecision(3));
