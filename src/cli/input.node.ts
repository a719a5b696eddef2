/** Input images of every verb: which of their channels and times is meant, and what the user knows better than the file. */
import { stat } from "node:fs/promises";
import { Command } from "commander";
import {
  calibrationDoubts,
  type ImageFile,
  levelWarnings,
  type OpenImageOptions,
  openImage,
  overrideCalibration,
  ParfocalError,
} from "../node.ts";
import { optionNames, withFlags } from "./flags.ts";
import { positiveNumber, wholeNumber } from "./option-values.ts";
import { say } from "./say.node.ts";
import type { Result } from "./verb.node.ts";

export interface InputOptions extends Omit<OpenImageOptions, "image"> {
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

export function addInputOptions(command: Command): Command {
  if (!command.options.some((option) => option.long === "--image")) {
    command.option("--image <n>", "image, from 0, of a file that holds several", wholeNumber());
  }
  return command
    .option("--channel <n>", "channel, from 0, where there are several", wholeNumber())
    .option("--time <n>", "time point, from 0, where there are several", wholeNumber())
    .option(
      "--axes <letters>",
      "what the axes of the file, or the numbers in the names of a folder, are: ZYX for frames that are z",
    )
    .option(
      "--pattern <name>",
      "file name with {z}, {c}, {t} and {*}: which files of a folder are meant, and what they are",
    )
    .option("--pixel-size <um>", "instead of that of the file", positiveNumber)
    .option("--z-step <um>", "instead of that of the file", positiveNumber)
    .option("--na <number>", "numerical aperture of the objective", positiveNumber)
    .option("--wavelength <um>", "of the emission, in vacuum", positiveNumber)
    .option("--refractive-index <number>", "of the immersion medium", positiveNumber);
}

/** What readers name in their warnings. */
const inputOptions = optionNames(addInputOptions(new Command()));

/**
 * Opens images with the user's calibration for as long as `use` takes. Where several are given, a pattern is for those that
 * are folders; it is refused where none is. What is odd about names and descriptions is said on stderr, unless `quiet`. What of the files'
 * calibration was left out, and what of it or of their counts is doubtful, is added to the warnings of a result, and to the error where it is then missed.
 */
export async function withImages<T>(
  paths: readonly string[],
  options: InputOptions & { quiet?: boolean },
  use: (files: ImageFile[]) => Promise<T>,
): Promise<T> {
  const opened: ImageFile[] = [];
  const files: ImageFile[] = [];
  try {
    const { axes, pattern } = options;
    const folders = await Promise.all(paths.map((path) => pattern !== undefined && isFolder(path)));
    for (const [i, path] of paths.entries()) {
      const forIt = folders[i] || !folders.includes(true);
      const named = { axes, pattern: forIt ? pattern : undefined };
      const file = await openOne(path, named, options.image, paths.length > 1);
      opened.push(file);
      if (!options.quiet) {
        for (const warning of warningsOf(file)) {
          say(withFlags(`Warning: ${path}: ${warning}`, inputOptions));
        }
      }
      files.push(overrideCalibration(file, options));
    }
    return withWarnings(await use(files), files);
  } catch (error) {
    throw withWhatWasLeftOut(error, files);
  } finally {
    for (const file of opened) await file.close();
  }
}

/** What is odd about the names of a folder, and about what a file says of itself. */
const warningsOf = (file: ImageFile): readonly string[] => [...(file.folder?.warnings ?? []), ...(file.warnings ?? [])];

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** @param among whether it is one of several files: the number is then meant for those that hold several images */
async function openOne(
  path: string,
  options: OpenImageOptions,
  image: number | string | undefined,
  among: boolean,
): Promise<ImageFile> {
  const number = typeof image === "string" && !/^\d{1,9}$/.test(image) ? undefined : image;
  if (number === undefined) return openImage(path, options);
  return openImage(path, { ...options, image: Number(number) }).catch((error: unknown) => {
    if (!among || !(error instanceof ParfocalError) || error.code !== "usage") throw error;
    const { option, expected } = error.fields as { option?: string; expected?: string };
    if (option === "image" && expected === "0 to 0") return openImage(path, options);
    throw error;
  });
}

/** A result with what readers warned of, what was left out of the files' calibration, what of it is doubtful, and counts that float32 could not tell apart. */
function withWarnings<T>(result: T, files: readonly ImageFile[]): T {
  if (!isResult(result)) return result;
  const said = Array.isArray(result.json.warnings) ? (result.json.warnings as string[]) : [];
  const more = files.flatMap((file) => {
    const sentences = [...(file.implausible ?? []).map(({ sentence }) => sentence), ...calibrationDoubts(file)];
    const lost = file.seen ? levelWarnings(file, file.seen) : [];
    return [...sentences.filter((one) => !said.includes(one)).map((one) => `${file.path}: ${one}`), ...lost];
  });
  const fresh = more.filter((sentence) => !said.includes(sentence));
  // These have been said on stderr.
  const told = files.flatMap((file) =>
    warningsOf(file)
      .filter((one) => !said.includes(one))
      .map((one) => `${file.path}: ${one}`),
  );
  if (fresh.length === 0 && told.length === 0) return result;
  const json = { ...result.json, warnings: [...told, ...said, ...fresh] };
  return { ...result, json, warnings: [...(result.warnings ?? []), ...fresh] };
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
