/** Warnings where an image was recorded with other optics or pixels than the training data of a model. */
import type { ImageInfo } from "../../image/image.ts";
import type { Warning } from "../../warning.ts";
import type { ModelInfo } from "../model-info.ts";
import { isSameGrid, pixelGrid } from "./pixel-grid.ts";

/** Warns about pixels that are resampled or assumed, and about optics that differ by more than 5 %. */
export function opticsWarnings(
  info: Pick<ModelInfo, "pixel_size" | "optics">,
  { pixelSize, optics }: Pick<ImageInfo, "pixelSize" | "optics">,
): Warning[] {
  const warnings: Warning[] = [];
  if (!pixelSize) {
    warnings.push({
      code: "missing_calibration",
      text: `The pixel size is not known; the pixel size of the model, ${info.pixel_size} um, is assumed. Give \`pixel_size <your pixel size>\` (um).`,
    });
  } else if (!isSameGrid(pixelGrid(pixelSize, info.pixel_size))) {
    warnings.push({
      code: "resampled",
      text: `Pixels of ${pixelSize.x} um are resampled to the model's ${info.pixel_size} um.`,
    });
  }
  for (const [key, mine, theirs] of [
    ["numerical aperture", optics?.na, info.optics.na],
    ["emission wavelength", optics?.wavelength, info.optics.wavelength],
    ["refractive index", optics?.refractiveIndex, info.optics.refractive_index],
  ] as const) {
    if (mine !== undefined && theirs !== undefined && Math.abs(mine / theirs - 1) > 0.05) {
      warnings.push({
        code: "different_optics",
        text: `The ${key} is ${mine}, but the model was trained at ${theirs}, where the PSF is different.`,
      });
    }
  }
  return warnings;
}
