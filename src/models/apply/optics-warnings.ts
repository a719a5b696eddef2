/** Where an image was recorded otherwise than what a model learnt from. */
import type { ImageInfo } from "../../image/image.ts";
import type { ModelInfo } from "../model-info.ts";
import { isSameGrid, pixelGrid } from "./pixel-grid.ts";

/** Sentences about pixels that are resampled or assumed, and about another objective or light (more than 5 % off). */
export function opticsWarnings(
  info: Pick<ModelInfo, "pixel_size" | "optics">,
  { pixelSize, optics }: Pick<ImageInfo, "pixelSize" | "optics">,
): string[] {
  const warnings: string[] = [];
  if (!pixelSize) {
    warnings.push(
      `The pixel size is not known; the model's ${info.pixel_size} um is assumed. Give \`pixel_size <your pixel size>\`.`,
    );
  } else if (!isSameGrid(pixelGrid(pixelSize, info.pixel_size))) {
    warnings.push(`Pixels of ${pixelSize.x} um are resampled to the model's ${info.pixel_size} um.`);
  }
  for (const [key, mine, theirs] of [
    ["numerical aperture", optics?.na, info.optics.na],
    ["emission wavelength", optics?.wavelength, info.optics.wavelength],
    ["refractive index", optics?.refractiveIndex, info.optics.refractive_index],
  ] as const) {
    if (mine !== undefined && theirs !== undefined && Math.abs(mine / theirs - 1) > 0.05) {
      warnings.push(`The ${key} is ${mine}; the model was trained at ${theirs}: the blur differs.`);
    }
  }
  return warnings;
}
