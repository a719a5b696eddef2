/** Growth of the blur of a point through a stack. */
import type { Optics } from "../image/image.ts";

/** Slope for unknown optics. With a cone that is too wide, more light counts as out of focus. */
const defaultSlope = 2;

/** Factor on the geometrical slope, so that the cone includes the diffraction rings. */
const margin = 1.2;

/** Pixels of radius per plane: tan(asin(NA / n)) z step / pixel size, times 1.2; 2 if one of them is not known. */
export function coneSlope(calibration: {
  optics?: Optics | undefined;
  pixelSize?: { x: number; y: number } | undefined;
  zStep?: number | undefined;
}): number {
  const { optics, pixelSize, zStep } = calibration;
  const sine = (optics?.na ?? Number.NaN) / (optics?.refractiveIndex ?? 1);
  if (!(sine > 0 && sine < 1) || !pixelSize || zStep === undefined) return defaultSlope;
  return (margin * Math.tan(Math.asin(sine)) * zStep) / Math.min(pixelSize.x, pixelSize.y);
}
