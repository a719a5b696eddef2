/** How fast the blur of a point widens through a stack. */
import type { Optics } from "../image/image.ts";

/** Assumed where the optics are not known: a cone too wide takes more for haze, but never more than the light that is there. */
const assumed = 2;

/** A little more than geometry says: the haze lies within, with its diffraction rings. */
const margin = 1.2;

/** Pixels of radius for each plane: tan(asin(NA / n)) z step / pixel size, times 1.2; 2 where one of them is not known. */
export function coneSlope(calibration: {
  optics?: Optics | undefined;
  pixelSize?: { x: number; y: number } | undefined;
  zStep?: number | undefined;
}): number {
  const { optics, pixelSize, zStep } = calibration;
  const sine = (optics?.na ?? Number.NaN) / (optics?.refractiveIndex ?? 1);
  if (!(sine > 0 && sine < 1) || !pixelSize || zStep === undefined) return assumed;
  return (margin * Math.tan(Math.asin(sine)) * zStep) / Math.min(pixelSize.x, pixelSize.y);
}
