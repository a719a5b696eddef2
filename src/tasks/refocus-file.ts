import { refuseColour } from "../image/axes.ts";
import type { ImageInfo, PixelType, Rescale } from "../image/image.ts";
import type { ImageFile } from "../image/image-file.ts";
import type { OutputFormat } from "../image/image-format.ts";
import type { Storage } from "../image/storage.ts";
import { createImageWriter } from "../image/write-image.ts";
import { type DirectionOfImage, directionInWords, directionOfImage } from "../models/apply/direction-of-image.ts";
import { type FoundSurface, findSurface } from "../models/apply/find-surface.ts";
import type { ReadRegion } from "../models/apply/mirrored-region.ts";
import { opticsWarnings } from "../models/apply/optics-warnings.ts";
import { placedPlanesWarnings } from "../models/apply/placed-planes.ts";
import type { RefocusOptions } from "../models/apply/refocus.ts";
import { openRefocusable, type RefocusableImage, type RefocusSource } from "../models/apply/refocus-image.ts";
import type { AnyRefocusModel } from "../models/model-info.ts";
import type { Runtime } from "../run/runtime.ts";
import type { Warning } from "../warning.ts";

export interface RefocusFileOptions extends Omit<RefocusOptions, "onProgress">, RefocusSource {
  signal?: AbortSignal | undefined;
  format?: OutputFormat | undefined;
  /** Pixel type of the output; default that of the input. */
  dtype?: PixelType | undefined;
  /** Spreads the values over all counts of a whole `dtype`, and says in the file what they mean. */
  rescale?: boolean | undefined;
  force?: boolean | undefined;
  /** Reads the distance of every pixel, um, as `surface`; "auto" finds each region's own focus ({@link findSurface}). */
  surface?: ReadRegion | "auto" | undefined;
  /** Also measures the confidence of a single-plane model in the direction: four more passes over the image ({@link directionOfImage}). */
  direction?: boolean | undefined;
  /** Also gets the rows of the output as they are computed, counts before rounding. */
  onRows?: ((plane: number, y0: number, rows: Float32Array) => void) | undefined;
  /** @param progress `what` is counted: "planes for the surface", then "tiles refocused" */
  onProgress?: ((progress: { what: string; done: number; total: number }) => void) | undefined;
}

export interface RefocusFileResult {
  output: string;
  /** z of every output plane, relative to the first input plane, um. */
  planes_um: number[];
  /** What the counts of the output mean, where they were rescaled: value = offset + scale * count. */
  rescale?: Rescale;
  warnings: Warning[];
  seconds: number;
  /** A surface that was sought, with the focus of every region, um from the first input plane. */
  surface?: FoundSurfaceFigures;
  /** That of `direction`, to three digits. */
  direction_confidence?: number;
  direction?: DirectionOfImage;
}

export interface FoundSurfaceFigures {
  from: FoundSurface["from"];
  range_um: [number, number];
  regions: { x: number; y: number; distance_um: number; confidence: number }[];
}

/**
 * Refocuses an image file into a stack with one plane per distance. The image is opened and its normalisation measured once, for surface,
 * direction and output. Reads and writes by bands of tiles, so that memory does
 * not grow with the image; a model of RLP holds three planes of it.
 *
 * @throws what {@link openRefocusable}, its `refocus`, {@link findSurface} and the image reader and writer throw; nothing half-written is left
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
  try {
    const image = await openRefocusable(model, runtime, file, options);
    const { tileSize, signal, distances } = options;
    const report = (what: string) => (progress: { done: number; total: number }) =>
      options.onProgress?.({ what, ...progress });
    const found =
      options.surface === "auto"
        ? await findSurface(image, { tileSize, signal, onProgress: report("planes for the surface") })
        : undefined;
    const surface = options.surface === "auto" ? found?.read : options.surface;
    const direction = options.direction ? await directionOfImage(image, { tileSize, signal }) : undefined;
    await image.refocus(
      { distances, tileSize, signal, surface, onProgress: report("tiles refocused") },
      (plane, y0, rows) => {
        options.onRows?.(plane, y0, rows);
        return writer.writeRows({ z: plane }, y0, rows);
      },
    );
    const { rescale, warnings } = await writer.finish();
    return {
      output,
      planes_um: [...distances],
      ...(rescale && { rescale }),
      warnings: [...warningsFor(image, options, direction), ...warnings],
      seconds: (performance.now() - begun) / 1000,
      ...(found && { surface: figuresOf(found) }),
      ...(direction && { direction_confidence: Math.round(direction.confidence * 1000) / 1000, direction }),
    };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

function figuresOf({ from, range, samples }: FoundSurface): FoundSurfaceFigures {
  const regions = samples.map(({ x, y, z, confidence }) => ({ x, y, distance_um: z, confidence }));
  return { from, range_um: range, regions };
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
  { model: { info }, file, planes }: RefocusableImage,
  { distances, surface }: RefocusFileOptions,
  direction: DirectionOfImage | undefined,
): Warning[] {
  const warnings: Warning[] = [];
  const [low, high] = info.distance_range;
  const outside = distances.filter((d) => d < low - 1e-6 || d > high + 1e-6);
  if (outside.length > 0) {
    warnings.push({
      code: "distance_range",
      text: `Distances ${outside.join(", ")} um lie outside the range that the model was trained for (${low} to ${high} um): do not trust these planes.`,
    });
  }
  if (surface)
    warnings.push({
      code: "distance_map",
      text: "A distance map is in use: distances are relative to it, but the model was trained on flat planes.",
    });
  warnings.push(...opticsWarnings(info, file));
  if (planes.length === 1) {
    const advice = info.method === "recurrent-mz" ? "Give a second one." : "A model with two input planes can.";
    const here = direction ? ` Here: ${directionInWords(direction)}.` : "";
    warnings.push({
      code: "focus_sign",
      text: `One input plane cannot tell on which side of focus it lies: planes may be refocused in the wrong direction. ${advice}${here}`,
    });
  }
  if (info.method === "recurrent-mz") warnings.push(...placedPlanesWarnings(info, planes));
  return warnings;
}
