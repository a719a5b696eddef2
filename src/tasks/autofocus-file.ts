/** Single-shot autofocus of image files. */

import { StreamingHistogram } from "../array/statistics.ts";
import { throwIfAborted } from "../errors.ts";
import { checkIndex, extentOf, refuseColour } from "../image/axes.ts";
import type { Image } from "../image/image.ts";
import { type ImageFile, readFinitePlane } from "../image/image-file.ts";
import type { OutputSet, Storage } from "../image/storage.ts";
import { writeImage } from "../image/write-image.ts";
import type { TileOptions } from "../models/apply/apply-tiles.ts";
import { type DefocusMap, defocusMap } from "../models/apply/autofocus-apply.ts";
import { leastContent } from "../models/apply/defocus-estimate.ts";
import { normalisationOf } from "../models/apply/normalisation.ts";
import { opticsWarnings } from "../models/apply/optics-warnings.ts";
import type { Model } from "../models/model-info.ts";
import type { AutofocusInfo } from "../models/networks/autofocus.ts";
import type { Runtime } from "../run/runtime.ts";
import type { Warning } from "../warning.ts";

export interface AutofocusFileOptions extends TileOptions {
  channel?: number | undefined;
  time?: number | undefined;
  /** Where the map is written, um, one pixel for every cell and NaN where nothing is to be focused; default nowhere. */
  output?: string | undefined;
  /** The set that the map belongs to, where other files belong to it as well. */
  outputs?: OutputSet | undefined;
  force?: boolean | undefined;
}

export interface AutofocusFileResult {
  /** One for each plane of the image, every plane by itself. */
  planes: DefocusMap[];
  output?: string;
  warnings: Warning[];
  seconds: number;
}

/**
 * The defocus of every plane of an image, each from itself alone.
 * @throws image.unfit for colour or a plane without contrast; what reading and writing throw; interrupted
 */
export async function autofocusFile(
  storage: Storage,
  model: Model<AutofocusInfo>,
  runtime: Runtime,
  file: ImageFile,
  options: AutofocusFileOptions = {},
): Promise<AutofocusFileResult> {
  const begun = performance.now();
  const { info } = model;
  if (options.output !== undefined) await storage.checkOutput(options.output, options.force);
  refuseColour(file, file.path);
  const channel = checkIndex(file, "channel", options.channel, file.path);
  const time = checkIndex(file, "time", options.time, file.path);
  const [depth, height, width] = [extentOf(file, "Z"), extentOf(file, "Y"), extentOf(file, "X")];
  const planes: DefocusMap[] = [];
  for (let z = 0; z < depth; z++) {
    const histogram = new StreamingHistogram();
    for (let y = 0; y < height; y += 512) {
      throwIfAborted(options.signal);
      const band = { x: 0, y, width, height: Math.min(512, height - y) };
      histogram.add(await readFinitePlane(file, { channel, time, z }, band));
    }
    const name = depth > 1 ? `plane ${z} of ${file.path}` : file.path;
    const normalisation = normalisationOf(histogram, info.norm_pmin, info.norm_pmax, name);
    const read = (region: { x: number; y: number; width: number; height: number }) =>
      file.readPlane({ channel, time, z }, region);
    const { tileSize, signal } = options;
    const input = { width, height, read, normalisation, pixelSize: file.pixelSize };
    planes.push(await defocusMap(model, runtime, input, { tileSize, signal }));
    options.onProgress?.({ done: z + 1, total: depth });
  }
  const { output, force, outputs } = options;
  if (output !== undefined) await writeMap(storage, output, planes, file, { force, outputs });
  return {
    planes,
    ...(output === undefined ? {} : { output }),
    warnings: warningsFor(info, file, planes),
    seconds: (performance.now() - begun) / 1000,
  };
}

async function writeMap(
  storage: Storage,
  path: string,
  planes: readonly DefocusMap[],
  file: ImageFile,
  options: Pick<AutofocusFileOptions, "force" | "outputs">,
): Promise<void> {
  const [{ y, x }] = planes;
  const data = new Float32Array(planes.length * y.length * x.length);
  const values = planes.flatMap(({ cells }) => cells.flat());
  for (const [i, { defocus, content }] of values.entries()) data[i] = content >= leastContent ? defocus : Number.NaN;
  const [rows, columns] = file.shape.slice(-2);
  const { pixelSize } = file;
  const cellSize = pixelSize && { y: (pixelSize.y * rows) / y.length, x: (pixelSize.x * columns) / x.length };
  const shape = [planes.length, y.length, x.length];
  const image: Image = { axes: "ZYX", shape, dtype: "float32", data, ...(cellSize && { pixelSize: cellSize }) };
  await writeImage(storage, path, image, options);
}

/** What a user should know before trusting the distance. */
function warningsFor(info: AutofocusInfo, file: ImageFile, planes: readonly DefocusMap[]): Warning[] {
  const warnings: Warning[] = [];
  const wholes = planes.flatMap(({ whole }) => whole ?? []);
  if (wholes.length === 0) {
    const [low, high] = info.distance_range;
    warnings.push({
      code: "out_of_range",
      text: `No structure was found within ${low} to ${high} um of focus: the image may be empty or farther away.`,
    });
  }
  if (wholes.some(({ directionConfidence }) => directionConfidence < 0.75)) {
    warnings.push({
      code: "focus_sign",
      text: "The image does not show on which side of focus it lies, so the sign of the distance is uncertain.",
    });
  }
  return [...warnings, ...opticsWarnings(info, file)];
}
