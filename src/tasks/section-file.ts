/** Sectioning of image files into another, plane by plane. */

import {
  type ExposurePlace,
  type ExposureSource,
  findExposures,
  type WantedExposures,
} from "../classical/sectioning/exposure-source.ts";
import { type PlaneSectioner, type SectionFindings, sectionerOf } from "../classical/sectioning/plane-sectioner.ts";
import {
  resolveSectionOptions,
  type SectionMethod,
  type SectionOptions,
} from "../classical/sectioning/section-options.ts";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import type { PixelType, Rescale } from "../image/image.ts";
import type { ImageFile } from "../image/image-file.ts";
import { checkFormat, checkRescale, formatOf, type OutputFormat } from "../image/image-format.ts";
import type { ImageWriter, Written } from "../image/image-writer.ts";
import { infoOfStack } from "../image/stack-image.ts";
import { type Storage, withOutputs } from "../image/storage.ts";
import { createImageWriter } from "../image/write-image.ts";

export interface SectionFileOptions extends ExposurePlace {
  /** hilo: which of the channels, times, pages or files is which, from 0; default 0 and 1. */
  uniform?: number | undefined;
  speckle?: number | undefined;
  /** Where the widefield image is written as well: counts above the offset, of the same pixel type. */
  widefield?: string | undefined;
  /** Default `float32`; whole numbers are rounded and clipped. */
  dtype?: PixelType | undefined;
  /** Spreads the values of each output over all counts of a whole `dtype`, and says in the file what they mean. */
  rescale?: boolean | undefined;
  format?: OutputFormat | undefined;
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Planes read, of all that will be: those that are measured first are read again. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** Keys as they stand in JSON. */
export interface SectionFileResult extends SectionFindings {
  output: string;
  widefield?: string;
  method: SectionMethod;
  /** Where the exposures were found. */
  exposures: ExposureSource["found"];
  planes: number;
  /** What the counts of the outputs mean, where they were rescaled: value = offset + scale * count. */
  rescale?: Rescale;
  widefield_rescale?: Rescale;
  seconds: number;
}

/**
 * Makes sections of the exposures in one file or several, as `findExposures` finds them: for `hilo` uniform and speckled
 * light, for `sim` three positions of a grid. Memory holds a few planes, however many the stack has.
 *
 * Outputs are float32 by default, in counts above the camera's offset: a section is a small part of the light, which whole
 * counts would round, and in HiLo noise goes below 0, which they would clip.
 *
 * @throws what the reader, the method and the writer throw; outputs that exist are refused before any work
 */
export async function sectionFile(
  storage: Storage,
  files: readonly ImageFile[],
  method: SectionMethod,
  output: string,
  options: SectionOptions = {},
  fileOptions: SectionFileOptions = {},
): Promise<SectionFileResult> {
  const begun = performance.now();
  const { widefield, dtype = "float32", rescale, format, force, signal, onProgress } = fileOptions;
  const resolved = resolveSectionOptions(method, options);
  checkPaths(output, widefield);
  checkRescale(output, dtype, rescale);
  for (const path of [output, widefield]) if (path !== undefined) await storage.checkOutput(path, force);
  const source = findExposures(files, wantedBy(method, fileOptions), fileOptions);
  const { planes, height, width, found: exposures } = source;
  const info = infoOfStack({ ...source.info, dtype, data: new Float32Array(0), depth: planes, height, width });
  const paths = widefield === undefined ? [output] : [output, widefield];
  for (const path of paths) checkFormat(info, format ?? formatOf(path), path);
  const sectioner = await sectionerOf(method, source, resolved, { signal, onProgress });

  const written = await withOutputs(storage, { force }, async (outputs) => {
    const writers: ImageWriter[] = [];
    for (const path of paths) {
      const options = { force, rescale, outputs, format: format ?? formatOf(path) };
      writers.push(await createImageWriter(storage, path, info, options));
    }
    return writeSections(sectioner, planes, writers, signal);
  });
  const { warnings, ...found } = sectioner.found();
  return {
    output,
    ...(widefield !== undefined && { widefield }),
    method,
    exposures,
    planes,
    ...found,
    ...(written[0].rescale && { rescale: written[0].rescale }),
    ...(written[1]?.rescale && { widefield_rescale: written[1].rescale }),
    seconds: (performance.now() - begun) / 1000,
    warnings: [...warnings, ...written.flatMap((one) => one.warnings)],
  };
}

async function writeSections(
  { next }: PlaneSectioner,
  planes: number,
  writers: readonly ImageWriter[],
  signal: AbortSignal | undefined,
): Promise<Written[]> {
  const [section, widefield] = writers;
  for (let z = 0; z < planes; z++) {
    throwIfAborted(signal);
    const made = await next(z);
    await section?.writeRows({ z }, 0, made.section);
    await widefield?.writeRows({ z }, 0, made.widefield);
  }
  const written: Written[] = [];
  for (const writer of writers) written.push(await writer.finish());
  return written;
}

function wantedBy(method: SectionMethod, { uniform, speckle }: SectionFileOptions): WantedExposures {
  const chosen = uniform !== undefined || speckle !== undefined;
  if (method === "hilo") {
    const numbers = [uniform ?? (speckle === 0 ? 1 : 0), speckle ?? (uniform === 1 ? 0 : 1)];
    return { numbers, chosen, what: "two exposures (uniform, speckle)" };
  }
  if (!chosen) return { numbers: [0, 1, 2], what: "three exposures" };
  const option = uniform === undefined ? "speckle" : "uniform";
  const message = `Sectioning: \`${option}\` means nothing to sim, whose exposures are three positions of a grid; leave it out.`;
  throw new ParfocalError("usage", message, { option, got: uniform ?? speckle, expected: "not with sim" });
}

function checkPaths(output: string, widefield: string | undefined): void {
  if (output !== widefield) return;
  const message = `Sectioning: the section and the widefield image cannot both be ${output}; give two names.`;
  throw new ParfocalError("usage", message, { option: "widefield", got: widefield, expected: "another name" });
}
