/** Input images of every verb: which of their channels and times is meant, and what the user knows better than the file. */
import type { Command } from "commander";
import { type ImageFile, openImage, overrideCalibration } from "../node.ts";
import { positiveNumber, wholeNumber } from "./option-values.ts";
import { withReadingWarnings } from "./reading-warnings.ts";

export interface InputOptions {
  channel?: number;
  time?: number;
  pixelSize?: number;
  zStep?: number;
  na?: number;
  wavelength?: number;
  refractiveIndex?: number;
}

export function addInputOptions(command: Command): void {
  command
    .option("--channel <n>", "channel, from 0, where there are several", wholeNumber())
    .option("--time <n>", "time point, from 0, where there are several", wholeNumber())
    .option("--pixel-size <um>", "instead of that of the file", positiveNumber)
    .option("--z-step <um>", "instead of that of the file", positiveNumber)
    .option("--na <number>", "numerical aperture of the objective", positiveNumber)
    .option("--wavelength <um>", "of the emission, in vacuum", positiveNumber)
    .option("--refractive-index <number>", "of the immersion medium", positiveNumber);
}

/** Opens images with the user's calibration for as long as `use` takes. */
export async function withImages<T>(
  paths: readonly string[],
  options: InputOptions,
  use: (files: ImageFile[]) => Promise<T>,
): Promise<T> {
  const opened: ImageFile[] = [];
  try {
    const files: ImageFile[] = [];
    for (const path of paths) {
      const file = await openImage(path);
      opened.push(file);
      files.push(overrideCalibration(file, options));
    }
    return withReadingWarnings(await use(files), files);
  } finally {
    for (const file of opened) await file.close();
  }
}
