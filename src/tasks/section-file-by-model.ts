/** Sections of image files by a model. */

import { ParfocalError } from "../errors.ts";
import { checkIndex, extentOf, refuseColour } from "../image/axes.ts";
import type { ImageInfo, PixelType, Rescale } from "../image/image.ts";
import type { ImageFile } from "../image/image-file.ts";
import { checkFormat, checkRescale, formatOf, type OutputFormat } from "../image/image-format.ts";
import type { ImageWriter, Written } from "../image/image-writer.ts";
import { type Storage, withOutputs } from "../image/storage.ts";
import { createImageWriter } from "../image/write-image.ts";
import type { TileOptions } from "../models/apply/apply-tiles.ts";
import type { ReadRegion } from "../models/apply/mirrored-region.ts";
import { normalisationOfFile } from "../models/apply/normalisation-of-file.ts";
import { opticsWarnings } from "../models/apply/optics-warnings.ts";
import { hasUncertainty, planesSeenBy, type SectionInfo, type SectionModel, section } from "../models/apply/section.ts";
import type { Runtime } from "../run/runtime.ts";
import type { Warning } from "../warning.ts";

export interface SectionByModelOptions extends TileOptions {
  channel?: number | undefined;
  time?: number | undefined;
  /** Where the uncertainty of every pixel is written as well, for models that tell it: float32, counts. */
  uncertainty?: string | undefined;
  /** Default float32; whole numbers are rounded and clipped. */
  dtype?: PixelType | undefined;
  /** Spreads the values of the section over all counts of a whole `dtype`, and says in the file what they mean. */
  rescale?: boolean | undefined;
  format?: OutputFormat | undefined;
  force?: boolean | undefined;
}

/** Keys as they stand in JSON. */
export interface SectionByModelResult {
  output: string;
  uncertainty?: string;
  /** The method, such as "unet". */
  model: string;
  planes: number;
  /** What the counts of the section mean, where they were rescaled: value = offset + scale * count. */
  rescale?: Rescale;
  seconds: number;
  warnings: Warning[];
}

/**
 * Sections every plane of an image file. Reads and writes by bands of tiles, so that memory does not grow with the image. Outputs are
 * in the counts that {@link section} tells.
 *
 * @throws output.exists before any work; model.unfit where the model cannot tell its uncertainty, or sees more planes than there are;
 *   what {@link section}, the reader and the writer throw; nothing half-written is left
 */
export async function sectionFileByModel(
  storage: Storage,
  model: SectionModel,
  runtime: Runtime,
  file: ImageFile,
  output: string,
  options: SectionByModelOptions = {},
): Promise<SectionByModelResult> {
  const begun = performance.now();
  const { uncertainty, force, dtype = "float32", rescale, signal } = options;
  const { info } = model;
  checkPaths(output, uncertainty);
  checkRescale(output, dtype, rescale);
  for (const path of [output, uncertainty]) if (path !== undefined) await storage.checkOutput(path, force);
  refuseColour(file, file.path);
  const place = {
    channel: checkIndex(file, "channel", options.channel, file.path),
    time: checkIndex(file, "time", options.time, file.path),
  };
  const depth = extentOf(file, "Z");
  checkFits(model, file, depth, uncertainty);
  const [height, width] = file.shape.slice(-2);
  const written: [path: string, info: ImageInfo][] = [[output, outputInfo(file, depth, dtype)]];
  if (uncertainty !== undefined) written.push([uncertainty, outputInfo(file, depth, "float32")]);
  const formatFor = (path: string): OutputFormat => options.format ?? formatOf(path);
  for (const [path, about] of written) checkFormat(about, formatFor(path), path);

  const normalisation = await normalisationOfFile(file, place, info, signal);
  const planes = Array.from(
    { length: depth },
    (_, z): ReadRegion =>
      (region) =>
        file.readPlane({ ...place, z }, region),
  );
  const results = await withOutputs(storage, { force }, async (outputs) => {
    const writers: ImageWriter[] = [];
    for (const [path, about] of written) {
      const scaled = rescale && path === output;
      writers.push(
        await createImageWriter(storage, path, about, { force, rescale: scaled, outputs, format: formatFor(path) }),
      );
    }
    const input = { width, height, planes, normalisation, pixelSize: file.pixelSize };
    await section(model, runtime, input, options, async (channel, z, y0, rows) => {
      await writers[channel === "section" ? 0 : 1]?.writeRows({ z }, y0, rows);
    });
    const done: Written[] = [];
    for (const writer of writers) done.push(await writer.finish());
    return done;
  });
  return {
    output,
    ...(uncertainty !== undefined && { uncertainty }),
    model: info.method,
    planes: depth,
    ...(results[0].rescale && { rescale: results[0].rescale }),
    seconds: (performance.now() - begun) / 1000,
    warnings: [...warningsFor(info, file), ...results.flatMap(({ warnings }) => warnings)],
  };
}

function checkPaths(output: string, uncertainty: string | undefined): void {
  if (output !== uncertainty) return;
  const message = `Sectioning: the section and its uncertainty cannot both be ${output}; give two names.`;
  throw new ParfocalError("usage", message, { option: "uncertainty", got: uncertainty, expected: "another name" });
}

/** Throws `model.unfit` for what the model cannot do. */
function checkFits(
  { info, path }: SectionModel,
  file: ImageFile,
  depth: number,
  uncertainty: string | undefined,
): void {
  if (uncertainty !== undefined && !hasUncertainty(info)) {
    const detail = `it is a model of ${info.method} that does not estimate its uncertainty`;
    const message = `${path}: ${detail}; leave \`uncertainty\` out, or train a model with \`method care\` and \`loss laplace\`.`;
    throw new ParfocalError("model.unfit", message, { path, detail });
  }
  const seen = planesSeenBy(info);
  if (depth > seen >> 1) return;
  const detail = `${file.path} has ${depth} plane${depth === 1 ? "" : "s"}, and the model sees ${seen} at a time`;
  throw new ParfocalError("model.unfit", `${detail}; give a stack, or a model that sees planes alone.`, {
    path,
    detail,
  });
}

function outputInfo(file: ImageFile, depth: number, dtype: PixelType): ImageInfo {
  const [height, width] = file.shape.slice(-2);
  return {
    axes: depth > 1 ? "ZYX" : "YX",
    shape: depth > 1 ? [depth, height, width] : [height, width],
    dtype,
    ...(file.pixelSize && { pixelSize: file.pixelSize }),
    ...(file.zStep !== undefined && { zStep: file.zStep }),
    ...(file.optics && { optics: file.optics }),
  };
}

/** What a user should know before trusting the output. */
function warningsFor(info: SectionInfo, file: ImageFile): Warning[] {
  const warnings = opticsWarnings(info, file);
  const { zStep } = file;
  const off = zStep !== undefined && info.z_step !== undefined && Math.abs(zStep / info.z_step - 1) > 0.05;
  if (planesSeenBy(info) > 1 && off) {
    warnings.push({
      code: "different_z_step",
      text: `The z step is ${zStep} um, but the model was trained with ${info.z_step} um, so the out-of-focus light differs from that in training.`,
    });
  }
  return warnings;
}
