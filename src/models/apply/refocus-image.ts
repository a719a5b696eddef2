/** Refocuses an image file with a model of any method. */
import { checkIndex, refuseColour } from "../../image/axes.ts";
import type { ImageFile } from "../../image/image-file.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { AnyRefocusModel } from "../model-info.ts";
import { inputPlanes } from "./input-planes.ts";
import type { ReadRegion } from "./mirrored-region.ts";
import type { Normalisation } from "./normalisation.ts";
import { normalisationOfFile } from "./normalisation-of-file.ts";
import { type PlacedPlane, placedPlanes } from "./placed-planes.ts";
import { type RefocusOptions, refocus } from "./refocus.ts";
import { refocusPlanes } from "./refocus-planes.ts";
import { refocusRecursively } from "./refocus-recursively.ts";

/** The part of a file that is refocused. */
export interface RefocusSource {
  channel?: number | undefined;
  time?: number | undefined;
  /** Numbers of the input planes; see `inputPlanes`, and `placedPlanes` for models that take any number. */
  planes?: readonly number[] | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * An open image with its chosen planes and measured normalisation, for one model. It can be refocused any number of times
 * without measuring again.
 */
export interface RefocusableImage {
  model: AnyRefocusModel;
  file: ImageFile;
  /** Indices of the channel and the time that are refocused. */
  channel: number;
  time: number;
  height: number;
  width: number;
  /** The input planes of the model, with their distances from the first of them as far as they are known. */
  planes: readonly PlacedPlane[];
  normalisation: Normalisation;
  /** A part of the first input plane, counts; `[height, width]`. */
  first: ReadRegion;
  /**
   * Computes the planes at `distances`; `write` receives whole rows of one of them, counts.
   * @throws what {@link refocus}, `refocusPlanes` and `refocusRecursively` throw
   */
  refocus(
    options: RefocusOptions & { surface?: ReadRegion | undefined },
    write: (plane: number, y0: number, rows: Float32Array) => Promise<void>,
  ): Promise<void>;
}

/**
 * Chooses the input planes and computes the normalisation of the whole z-stack, as in training; reads the stack once,
 * in bands of rows.
 * @throws what `inputPlanes`, `placedPlanes` and the reader throw; image.unfit for a colour or constant
 *   image
 */
export async function openRefocusable(
  model: AnyRefocusModel,
  runtime: Runtime,
  file: ImageFile,
  source: RefocusSource,
): Promise<RefocusableImage> {
  refuseColour(file, file.path);
  const channel = checkIndex(file, "channel", source.channel, file.path);
  const time = checkIndex(file, "time", source.time, file.path);
  const planes = choosePlanes(model, file, source.planes);
  const [height, width] = file.shape.slice(-2);
  const normalisation = await normalisationOfFile(file, { channel, time }, model.info, source.signal);
  const read =
    (z: number): ReadRegion =>
    (region) =>
      file.readPlane({ channel, time, z }, region);
  const { info, onnx, path } = model;
  return {
    model,
    file,
    channel,
    time,
    height,
    width,
    planes,
    normalisation,
    first: read(planes[0].plane),
    async refocus({ surface, ...options }, write) {
      const input = { width, height, normalisation, pixelSize: file.pixelSize, surface };
      const readers = planes.map(({ plane, z }) => ({ read: read(plane), z }));
      const images = { ...input, planes: readers.map((reader) => reader.read) };
      if (info.method === "recurrent-mz") {
        await refocusPlanes({ info, onnx, path }, runtime, { ...input, planes: readers }, options, write);
      } else if (info.method === "rlp") {
        const whole = (plane: number, rows: Float32Array) => write(plane, 0, rows);
        await refocusRecursively({ info, onnx, path }, runtime, images, options, whole);
      } else {
        await refocus({ info, onnx, path }, runtime, images, options, write);
      }
    },
  };
}

function choosePlanes({ info }: AnyRefocusModel, file: ImageFile, given: readonly number[] | undefined): PlacedPlane[] {
  if (info.method === "recurrent-mz") return placedPlanes(info, file, given, file.path);
  const planes = inputPlanes(info, file, given, file.path);
  return planes.map((plane) => ({ plane, z: (plane - planes[0]) * (file.zStep ?? 1) }));
}
