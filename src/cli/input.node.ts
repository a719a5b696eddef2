/** Input images of every verb: which of their channels and times is meant, and what the user knows better than the file. */
import type { Command } from "commander";
import { calibrationDoubts, type ImageFile, openImage, overrideCalibration, ParfocalError } from "../node.ts";
import { positiveNumber, wholeNumber } from "./option-values.ts";
import type { Result } from "./verb.node.ts";

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

/**
 * Opens images with the user's calibration for as long as `use` takes. What of the files' calibration was left out, and what of it is
 * doubtful, is added to the warnings of a result, and to the error where it is then missed.
 */
export async function withImages<T>(
  paths: readonly string[],
  options: InputOptions,
  use: (files: ImageFile[]) => Promise<T>,
): Promise<T> {
  const opened: ImageFile[] = [];
  const files: ImageFile[] = [];
  try {
    for (const path of paths) {
      const file = await openImage(path);
      opened.push(file);
      files.push(overrideCalibration(file, options));
    }
    return withWarnings(await use(files), files);
  } catch (error) {
    throw withWhatWasLeftOut(error, files);
  } finally {
    for (const file of opened) await file.close();
  }
}

function withWarnings<T>(result: T, files: readonly ImageFile[]): T {
  if (!isResult(result)) return result;
  const said = Array.isArray(result.json.warnings) ? (result.json.warnings as string[]) : [];
  const more = files.flatMap((file) => {
    const sentences = [...(file.implausible ?? []).map(({ sentence }) => sentence), ...calibrationDoubts(file)];
    return sentences.filter((sentence) => !said.includes(sentence)).map((sentence) => `${file.path}: ${sentence}`);
  });
  if (more.length === 0) return result;
  const json = { ...result.json, warnings: [...said, ...more] };
  return { ...result, json, warnings: [...(result.warnings ?? []), ...more] };
}

function isResult(value: unknown): value is Result {
  return typeof value === "object" && value !== null && "json" in value && "text" in value;
}

function withWhatWasLeftOut(error: unknown, files: readonly ImageFile[]): unknown {
  if (!(error instanceof ParfocalError) || error.code !== "calibration.missing") return error;
  const leftOut = files.flatMap(({ path, implausible = [] }) =>
    implausible.map(({ sentence }) => `${path}: ${sentence}`),
  );
  if (leftOut.length === 0) return error;
  return new ParfocalError(error.code, [error.message, ...leftOut].join(" "), error.fields, { cause: error.cause });
}
