/** Input images of every verb: which of their channels and times is meant, and what the user knows better than the file. */
import type { Command } from "commander";
import { type ImageFile, openImage, overrideCalibration, ParfocalError } from "../node.ts";
import { positiveNumber, wholeNumber } from "./option-values.ts";
import { say } from "./terminal.node.ts";

export interface InputOptions {
  channel?: number;
  time?: number;
  /** Of a file that holds several, its number; "train" and "generalise" call an image of a recipe by its name so, too. */
  image?: number | string;
  pixelSize?: number;
  zStep?: number;
  na?: number;
  wavelength?: number;
  refractiveIndex?: number;
}

export function addInputOptions(command: Command): void {
  if (!command.options.some((option) => option.long === "--image")) {
    command.option("--image <n>", "image, from 0, of a file that holds several", wholeNumber());
  }
  command
    .option("--channel <n>", "channel, from 0, where there are several", wholeNumber())
    .option("--time <n>", "time point, from 0, where there are several", wholeNumber())
    .option("--pixel-size <um>", "instead of that of the file", positiveNumber)
    .option("--z-step <um>", "instead of that of the file", positiveNumber)
    .option("--na <number>", "numerical aperture of the objective", positiveNumber)
    .option("--wavelength <um>", "of the emission, in vacuum", positiveNumber)
    .option("--refractive-index <number>", "of the immersion medium", positiveNumber);
}

/** Opens images with the user's calibration for as long as `use` takes; what their readers warn of goes to stderr, unless `quiet`. */
export async function withImages<T>(
  paths: readonly string[],
  options: InputOptions & { quiet?: boolean },
  use: (files: ImageFile[]) => Promise<T>,
): Promise<T> {
  const opened: ImageFile[] = [];
  try {
    const files: ImageFile[] = [];
    for (const path of paths) {
      const file = await openOne(path, options.image, paths.length > 1);
      opened.push(file);
      if (!options.quiet) for (const warning of file.warnings ?? []) say(`Warning: ${path}: ${warning}`);
      files.push(overrideCalibration(file, options));
    }
    return await use(files);
  } finally {
    for (const file of opened) await file.close();
  }
}

/** @param among whether it is one of several files: the number is then meant for those that hold several images */
async function openOne(path: string, image: number | string | undefined, among: boolean): Promise<ImageFile> {
  const number = typeof image === "string" && !/^\d{1,9}$/.test(image) ? undefined : image;
  if (number === undefined) return openImage(path);
  return openImage(path, { image: Number(number) }).catch((error: unknown) => {
    if (!among || !(error instanceof ParfocalError) || error.code !== "usage") throw error;
    const { option, expected } = error.fields as { option?: string; expected?: string };
    if (option === "image" && expected === "0 to 0") return openImage(path);
    throw error;
  });
}
