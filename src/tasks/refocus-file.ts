import { refuseColour } from "../image/axes.ts";
import type { ImageInfo, PixelType, Rescale } from "../image/image.ts";
import type { ImageFile } from "../image/image-file.ts";
import type { OutputFormat } from "../image/image-format.ts";
import type { Written } from "../image/image-writer.ts";
import type { Storage } from "../image/storage.ts";
import { createImageWriter } from "../image/write-image.ts";
import type { ReadRegion } from "../models/apply/mirrored-region.ts";
import { opticsWarnings } from "../models/apply/optics-warnings.ts";
import { type PlacedPlane, placedPlanesWarnings } from "../models/apply/placed-planes.ts";
import type { RefocusOptions } from "../models/apply/refocus.ts";
import { openRefocusable, type RefocusSource } from "../models/apply/refocus-image.ts";
import type { AnyRefocusModel } from "../models/model-info.ts";
import type { Runtime } from "../run/runtime.ts";

export interface RefocusFileOptions extends RefocusOptions, RefocusSource {
  signal?: AbortSignal | undefined;
  format?: OutputFormat | undefined;
  /** Pixel type of the output; default that of the input. */
  dtype?: PixelType | undefined;
  /** Spreads the values over all counts of a whole `dtype`, and says in the file what they mean. */
  rescale?: boolean | undefined;
  force?: boolean | undefined;
  /** Reads the distance of every pixel, um, as {@link RefocusInput.surface}. */
  surface?: ReadRegion | undefined;
}

export interface RefocusFileResult {
  output: string;
  /** z of every output plane, relative to the first input plane, um. */
  planes_um: number[];
  /** What the counts of the output mean, where they were rescaled: value = offset + scale * count. */
  rescale?: Rescale;
  warnings: string[];
  seconds: number;
}

/**
 * Refocuses an image file into a stack with one plane per distance. Reads and writes by bands of tiles, so that memory does
 * not grow with the image; a model of RLP holds three planes of it.
 *
 * @throws what {@link openRefocusable}, its `refocus` and the image reader and writer throw; nothing half-written is left
 */
export async function refocusFile(
  storage: Storage,
  model: AnyRefocusModel,
  runtime: Runtime,
  file: ImageFile,
  output: string,
  options: RefocusFileOptions,
): Promise<RefocusFileResult> {
  const begun = performance.now();
  refuseColour(file, file.path);
  const dtype = options.dtype ?? file.dtype;
  const writer = await createImageWriter(storage, output, outputInfo(file, options.distances, dtype), {
    force: options.force,
    rescale: options.rescale,
    ...(options.format ? { format: options.format } : {}),
  });
  let planes: readonly PlacedPlane[];
  let written: Written;
  try {
    const image = await openRefocusable(model, runtime, file, options);
    planes = image.planes;
    await image.refocus(options, (plane, y0, rows) => writer.writeRows({ z: plane }, y0, rows));
    written = await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return {
    output,
    planes_um: [...options.distances],
    ...(written.rescale && { rescale: written.rescale }),
    warnings: [...warningsFor(model.info, file, planes, options), ...written.warnings],
    seconds: (performance.now() - begun) / 1000,
  };
}

function outputInfo(file: ImageFile, distances: readonly number[], dtype: PixelType): ImageInfo {
  const step = evenStep(distances);
  return {
    axes: "ZYX",
    shape: [distances.length, ...file.shape.slice(-2)],
    dtype,
    ...(file.pixelSize ? { pixelSize: file.pixelSize } : {}),
    ...(step === undefined ? {} : { zStep: step }),
    ...(file.optics ? { optics: file.optics } : {}),
  };
}

/** The distance between neighbours when all are equally far apart and rising. */
function evenStep(distances: readonly number[]): number | undefined {
  const step = distances[1] - distances[0];
  const even = distances.every((d, i) => i === 0 || Math.abs(d - distances[i - 1] - step) < 1e-6 * Math.abs(step));
  return even && step > 0 ? step : undefined;
}

/** What a user should know before trusting the output. */
function warningsFor(
  info: AnyRefocusModel["info"],
  file: ImageFile,
  planes: readonly PlacedPlane[],
  { distances, surface }: RefocusFileOptions,
): string[] {
  const warnings: string[] = [];
  const [low, high] = info.distance_range;
  const outside = distances.filter((d) => d < low - 1e-6 || d > high + 1e-6);
  if (outside.length > 0) {
    warnings.push(
      `Distances ${outside.join(", ")} um lie outside what the model learnt (${low} to ${high} um): do not trust these planes.`,
    );
  }
  if (surface)
    warnings.push("A distance map is in use: distances are relative to it, and the model learnt flat planes.");
  warnings.push(...opticsWarnings(info, file));
  if (planes.length === 1) {
    const advice = info.method === "recurrent-mz" ? "Give a second one." : "A model with two input planes can.";
    warnings.push(
      `One input plane cannot tell on which side of focus it lies: planes may be refocused in the wrong direction. ${advice}`,
    );
  }
  if (info.method === "recurrent-mz") warnings.push(...placedPlanesWarnings(info, planes));
  return warnings;
}
