/** Opening the images of a task, with what the user knows better than the files. */
import { ParfocalError } from "../errors.ts";
import { overrideCalibration } from "../image/calibration.ts";
import type { ImageFile } from "../image/image-file.ts";
import { levelWarnings } from "../image/level-warnings.ts";
import { type OpenImageOptions, openImage } from "../image/open-stored-image.ts";
import { calibrationDoubts } from "../optics/psf/calibration-doubts.ts";
import type { TaskContext } from "./task.ts";

export interface ImageSource extends Pick<OpenImageOptions, "pattern" | "axes"> {
  /** Of a file that holds several images, which one, from 0. */
  series?: number | undefined;
  pixel_size?: number | undefined;
  z_step?: number | undefined;
  na?: number | undefined;
  wavelength?: number | undefined;
  refractive_index?: number | undefined;
}

/**
 * Opens images with the user's calibration for as long as `use` takes. Where several are given, a pattern is for those
 * that are folders; it is refused where none is. What is odd about names, descriptions, calibration and grey levels is
 * warned of; what of the calibration was left out is added to an error that misses it.
 */
export async function withImages<T>(
  paths: readonly string[],
  source: ImageSource,
  { storage, warn }: Pick<TaskContext, "storage" | "warn">,
  use: (files: ImageFile[]) => Promise<T>,
): Promise<T> {
  const opened: ImageFile[] = [];
  const files: ImageFile[] = [];
  try {
    const { axes, pattern } = source;
    const folders = await Promise.all(
      paths.map(async (path) => pattern !== undefined && (await storage.kindOf(path)) === "folder"),
    );
    for (const [i, path] of paths.entries()) {
      const meant = folders[i] || !folders.includes(true);
      const open = (series: number | undefined): Promise<ImageFile> =>
        openImage(storage, path, { axes, pattern: meant ? pattern : undefined, image: series });
      const file = await open(source.series).catch((error: unknown) => {
        if (paths.length > 1 && isOnlyImage(error)) return open(undefined);
        throw error;
      });
      opened.push(file);
      for (const text of [...(file.folder?.warnings ?? []), ...(file.warnings ?? [])]) {
        warn({ code: "file_description", text: `${path}: ${text}` });
      }
      const { pixel_size: pixelSize, z_step: zStep, na, wavelength, refractive_index: refractiveIndex } = source;
      files.push(overrideCalibration(file, { pixelSize, zStep, na, wavelength, refractiveIndex }));
    }
    const result = await use(files);
    for (const file of files) {
      for (const { sentence } of file.implausible ?? []) {
        warn({ code: "implausible_calibration", text: `${file.path}: ${sentence}` });
      }
      for (const text of calibrationDoubts(file)) warn({ code: "doubtful_calibration", text: `${file.path}: ${text}` });
      for (const text of file.seen ? levelWarnings(file, file.seen) : []) warn({ code: "grey_levels", text });
    }
    return result;
  } catch (error) {
    throw withWhatWasLeftOut(error, files);
  } finally {
    for (const file of opened) await file.close();
  }
}

/** Of several files the number of an image is meant for those that hold several. */
function isOnlyImage(error: unknown): boolean {
  if (!(error instanceof ParfocalError) || error.code !== "usage") return false;
  const { option, expected } = error.fields as { option?: string; expected?: string };
  return option === "series" && expected === "0 to 0";
}

function withWhatWasLeftOut(error: unknown, files: readonly ImageFile[]): unknown {
  if (!(error instanceof ParfocalError) || error.code !== "calibration.missing") return error;
  const leftOut = files.flatMap(({ path, implausible = [] }) =>
    implausible.map(({ sentence }) => `${path}: ${sentence}`),
  );
  if (leftOut.length === 0) return error;
  return new ParfocalError(error.code, [error.message, ...leftOut].join(" "), error.fields, { cause: error.cause });
}
