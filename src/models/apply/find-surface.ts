/** Finds how far every region of an image is from its focus, from a z-stack or by refocusing to several distances. */
import { coneSlope } from "../../classical/cone-slope.ts";
import { createFocusMeter, type FocusMap } from "../../classical/focus/focus-map.ts";
import { focusMapOfFile } from "../../classical/focus/focus-map-file.ts";
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import type { AnyRefocusModel } from "../model-info.ts";
import { type FocusSample, type FocusSurface, focusSurface } from "./auto-surface.ts";
import type { RefocusableImage } from "./refocus-image.ts";

export interface FindSurfaceOptions {
  /** "stack": searches the focus of each region among the planes; "scan": among the refocused outputs of the model. */
  from?: "stack" | "scan" | undefined;
  /** Side of a region, pixels; default 64, or the shorter side of the image. Regions overlap by half. */
  tile?: number | undefined;
  tileSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface FoundSurface extends FocusSurface {
  from: "stack" | "scan";
  /**
   * Every region, whether its focus was found (confidence above 0) or not found (confidence 0). Distances from the
   * first input plane, um.
   */
  samples: FocusSample[];
}

/** Minimum number of planes from which a focus curve of the stack is used rather than a scan with the model. */
const minStackPlanes = 5;
/** Maximum number of distances of a scan. */
const maxDistances = 21;

/**
 * The surface on which the specimen is in focus, as distances from the first input plane, um. A stack of five planes or
 * more is measured by its own focus curves; one with fewer planes by the focus curves of the outputs of the model over
 * its trained range of distances. {@link focusSurface} fits the surface to the regions.
 *
 * @throws image.unfit where no region has a focus; what {@link focusMapOfFile} and the image's `refocus` throw
 */
export async function findSurface(image: RefocusableImage, options: FindSurfaceOptions = {}): Promise<FoundSurface> {
  const { file, height, width } = image;
  const from = options.from ?? (extentOf(file, "Z") >= minStackPlanes ? "stack" : "scan");
  const found = from === "stack" ? await ofStack(image, options) : await scan(image, options);
  const { map, distanceOf } = found;
  const samples = map.regions.flatMap((row, j) =>
    row.map(({ position, confidence }, i) => ({ x: map.x[i], y: map.y[j], z: distanceOf(position), confidence })),
  );
  if (samples.every(({ confidence }) => confidence === 0)) {
    const detail =
      from === "stack" ? "no region is in focus within the planes" : "no distance brings any region into focus";
    throw new ParfocalError(
      "image.unfit",
      `${file.path}: ${detail}, so that \`surface\` auto cannot find the surface. Give a stack through focus, or a distance map.`,
      { path: file.path, detail },
    );
  }
  return { from, samples, ...focusSurface(samples, { height, width }, 0.6 * map.tile) };
}

interface Curves {
  map: FocusMap;
  /** Converts a position in the curves to a distance from the first input plane, um. */
  distanceOf(position: number): number;
}

async function ofStack(
  { file, channel, time, planes: [{ plane }] }: RefocusableImage,
  { signal, tile, onProgress }: FindSurfaceOptions,
): Promise<Curves> {
  const map = await focusMapOfFile(file, { channel, time, signal, tile, onProgress });
  return { map, distanceOf: (position) => (position - plane) * map.zStep };
}

/** Refocuses to one distance at a time, so that only one plane is held in memory. */
async function scan(
  image: RefocusableImage,
  { signal, tile, tileSize, onProgress }: FindSurfaceOptions,
): Promise<Curves> {
  const { model, file, height, width } = image;
  const distances = triedDistances(model);
  const step = distances[1] - distances[0];
  const { pixelSize = { y: model.info.pixel_size, x: model.info.pixel_size } } = file;
  const { na, refractive_index: refractiveIndex } = model.info.optics;
  const optics = { ...(na && { na }), ...(refractiveIndex && { refractiveIndex }) };
  const meter = createFocusMeter({ height, width }, { slope: coneSlope({ optics, pixelSize, zStep: step }), tile });
  for (const [i, distance] of distances.entries()) {
    throwIfAborted(signal);
    const data = new Float32Array(height * width);
    await image.refocus({ distances: [distance], tileSize, signal }, async (_, y0, rows) => data.set(rows, y0 * width));
    meter.add({ data, height, width });
    onProgress?.({ done: i + 1, total: distances.length });
  }
  return { map: meter.result(), distanceOf: (position) => distances[0] + position * step };
}

/** The trained range in steps of the z step of the training data, or in larger steps for a long range. */
function triedDistances({ info }: AnyRefocusModel): number[] {
  const [low, high] = info.distance_range;
  const step = info.method === "rlp" ? info.input_offsets[1] : Math.max(info.z_step, (high - low) / (maxDistances - 1));
  const first = Math.ceil(low / step - 1e-6);
  const last = Math.floor(high / step + 1e-6);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}
