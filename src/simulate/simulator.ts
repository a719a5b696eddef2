/** Simulates the fields of a recipe: specimens, their images, and the ground truth. */

import { breathe, breatheThrough } from "../array/breathe.ts";
import { Random } from "../array/random.ts";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import type { Stack } from "../image/image.ts";
import { createSensor, expectedCounts, exposeSensor } from "../optics/camera/sensor.ts";
import { type StagePosition, stagePositions } from "../optics/camera/stage.ts";
import { createImager, type Imager } from "../optics/imaging/image-volume.ts";
import type { SuperposePool } from "../optics/imaging/superpose-pool.ts";
import type { SpecimenObject } from "../optics/phantom/phantom.ts";
import type { Volume, VolumeGrid } from "../optics/phantom/volume.ts";
import { type Warning, warningsOf } from "../warning.ts";
import { type Split, splitOf, viewOfField } from "./assign-fields.ts";
import { estimateMemory, refuseTooLarge } from "./estimate-memory.ts";
import { type FieldBox, fieldBox } from "./field-box.ts";
import { cutOut, type FieldPlaces, fieldPlanes, heightsToImage } from "./field-planes.ts";
import type { Exposed, ExposureSetting, ModeImager, ModeSetup } from "./mode.ts";
import { imagingModes } from "./modes.ts";
import { objectsInField } from "./objects-in-field.ts";
import { modelOf, stackOptics } from "./optics-schema.ts";
import type { Recipe } from "./recipe.ts";
import { modeKeys, resolveRecipe, type View, viewsOf } from "./resolve-recipe.ts";
import { phantomOf, type StackFiles } from "./specimen-phantom.ts";

export interface SimulatorOptions {
  /** Recorded z-stacks that serve as specimens, by the file names that the recipe gives. */
  stacks?: StackFiles;
  /** Memory that may be used, bytes; default 2 GiB, as in a browser tab. */
  memory?: number;
}

export interface FieldControl {
  signal?: AbortSignal | undefined;
  /** Called with the number of planes of all images that are done. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  /** Whether to return the density of the specimen as well. */
  volume?: boolean | undefined;
  /** Threads that share the planes of an image; the result does not depend on them. */
  pool?: SuperposePool | undefined;
}

export interface SimulatedImage {
  /** What the camera recorded: whole counts 0..65535 (dtype uint16). */
  stack: Stack;
  /** The same without noise and saturation: expected counts (dtype float32). */
  truth: Stack;
  /** What the camera recorded, where the image is computed from several exposures; the stack is float32 then. */
  exposures?: { name: string; stack: Stack }[];
  /**
   * Where light is coherent, the complex field in each plane (float32, 1 in an empty field): what a reconstruction
   * should find.
   */
  field?: { real: Stack; imag: Stack };
  /** What else was drawn by chance or chosen, such as the phases of a grid, as JSON can hold it. */
  details?: Record<string, unknown>;
}

export interface SimulatedField {
  index: number;
  split: Split;
  objective?: string;
  specimen?: string;
  /** By the names that the recipe gives them. */
  images: Record<string, SimulatedImage>;
  /** What lies in the field: x and y in um from the centre of pixel (0, 0), z from the nominal focal plane. */
  objects: SpecimenObject[];
  /** Each plane's distance from the nominal focal plane, um; its sign is the direction of defocus. */
  planes: number[];
  /** The true position of the stage and the brightness of the light at each plane. */
  stage: StagePosition[];
  /** The plane at z = 0. */
  focusPlane: number;
  /** The density of the specimen in the field, if requested. */
  volume?: Volume;
}

export interface Simulator {
  readonly recipe: Recipe;
  /** Warnings, such as pixels too coarse for the objective. */
  readonly warnings: readonly Warning[];
  /** Estimated peak memory of one field, bytes, without the program itself. */
  readonly memory: number;
  /**
   * Simulates field 0, 1, ..., also beyond those of the recipe. The same index gives the same field, in any order.
   * @throws `usage` for a specimen of which nothing lies in the field; `interrupted`
   */
  field(index: number, control?: FieldControl): Promise<SimulatedField>;
}

/**
 * Prepares a recipe. PSFs, which are slow to compute, are made for the first field that needs them and kept.
 * @throws `usage` for a recipe that is wrong or needs too much memory
 */
export function createSimulator(input: unknown, options: SimulatorOptions = {}): Simulator {
  const recipe = resolveRecipe(input);
  const { stacks = {}, memory = 2 * 2 ** 30 } = options;
  const views = viewsOf(recipe);
  const boxes = new Map(views.map((view) => [view, fieldBox(view, stacks)]));
  for (const [view, box] of boxes) refuseTooLarge(view, box, memory);
  let prepared: { view: View; imagers: ModeImager[] } | undefined;
  const imagersOf = (view: View, { grid }: FieldBox): ModeImager[] => {
    // Only one view at a time: the PSFs of many objectives would take too much memory.
    if (prepared?.view !== view) {
      const detection = sharedImagers(grid);
      const imagers = view.images.map(({ image, optics }) => {
        const { mode } = image;
        const rest = modeKeys(image);
        return imagingModes[mode].prepare(
          { optics, grid, detection, widefield: () => detection(modelOf(optics), JSON.stringify([optics])) },
          rest,
        );
      });
      prepared = { view, imagers };
    }
    return prepared.imagers;
  };
  return {
    recipe,
    warnings: samplingWarnings(views),
    memory: Math.max(...Array.from(boxes, ([view, box]) => estimateMemory(view, box))),
    async field(index, control = {}) {
      if (!Number.isInteger(index) || index < 0 || index > 2 ** 20) {
        const message = `Recipe ${recipe.name}: there is no field ${index}; expected a whole number, 0 to ${2 ** 20}.`;
        throw new ParfocalError("usage", message, { option: "field", got: index, expected: "0 or more" });
      }
      const view = viewOfField(recipe, views, index);
      const box = boxes.get(view) ?? fieldBox(view, stacks);
      const random = new Random(recipe.seed).fork(index);
      const made = await makeField(view, box, imagersOf(view, box), stacks, random, control);
      const { objective, specimen, focusPlane } = view;
      return {
        index,
        split: splitOf(recipe, index),
        ...(objective === undefined ? {} : { objective }),
        ...(specimen === undefined ? {} : { specimen }),
        ...made,
        planes: Array.from({ length: view.planes }, (_, z) => Number(((z - focusPlane) * view.zStep).toFixed(9))),
        focusPlane,
      };
    },
  };
}

async function makeField(
  view: View,
  box: FieldBox,
  imagers: readonly ModeImager[],
  stacks: StackFiles,
  random: Random,
  { signal, onProgress, volume: wanted, pool }: FieldControl,
): Promise<Pick<SimulatedField, "images" | "objects" | "stage" | "volume">> {
  throwIfAborted(signal);
  const { phantom, options } = phantomOf(view.phantom, stacks);
  const { volume, objects } = phantom.draw(box.grid, options, random.fork(0));
  await breathe(signal);
  // A quarter of a slice is finer than a tenth of the depth of focus, and few OTFs are needed.
  const stage = stagePositions(view.stage, box.planes, random.fork(1), box.grid.sliceStep / 4);
  const heights = heightsToImage(view.stage, box, stage);
  const images: Record<string, SimulatedImage> = {};
  const total = view.images.length * view.planes;
  for (const [i, seen] of view.images.entries()) {
    // Each image has a random stream of its own by its name, so that another image in the recipe does not change it.
    const stream = random.fork(1000 + hash(seen.name));
    const onPlanes = ({ done, total: of }: { done: number; total: number }) =>
      onProgress?.({ done: Math.floor((i + done / of) * view.planes), total });
    const control = { signal, onProgress: onPlanes, ...(pool && { pool }) };
    const exposed = await imagers[i].expose(volume, heights, stream.fork(0), control);
    const places = { stage: view.stage, positions: stage, registration: seen.image.registration, size: view.size };
    await breathe(signal);
    images[seen.name] = await record(exposed, heights, view, seen, box, places, stream.fork(1), signal);
  }
  const found = objectsInField(objects, box, view);
  return {
    images,
    stage,
    objects: found,
    ...(wanted
      ? { volume: { ...volume, height: view.size, width: view.size, data: cutOut(volume.data, box, view.size) } }
      : {}),
  };
}

/**
 * Crops the field out of the exposures, scales it to the light of the camera, adds noise, and combines the exposures.
 */
async function record(
  { exposures, field, details }: Exposed,
  heights: readonly number[],
  view: View,
  seen: View["images"][number],
  box: FieldBox,
  places: FieldPlaces,
  random: Random,
  signal: AbortSignal | undefined,
): Promise<SimulatedImage> {
  const { size, pixelSize, zStep, planes: depth } = view;
  const mode = imagingModes[seen.image.mode];
  const { camera } = seen;
  const sensor = createSensor(camera, { height: size, width: size });
  const cut = (all: Float32Array) => breatheThrough(fieldPlanes(all, heights, box, places), signal);
  const fields: Float32Array[] = [];
  for (const all of exposures) fields.push(await cut(all));
  let brightest = 0;
  for (const field of fields) {
    for (const [z, plane] of planesOf(field, size).entries()) {
      await breathe(signal);
      const { brightness } = places.positions[z];
      for (let i = 0; i < plane.length; i++) {
        plane[i] *= brightness;
        if (plane[i] > brightest) brightest = plane[i];
      }
    }
  }
  const scale = brightest > 0 ? 1 / brightest : 0;
  const counts: Float32Array[] = [];
  for (const expected of fields) {
    const recorded = new Float32Array(expected.length);
    const frames = planesOf(recorded, size);
    for (const [z, plane] of planesOf(expected, size).entries()) {
      await breathe(signal);
      for (let i = 0; i < plane.length; i++) plane[i] = expectedCounts(camera, Math.max(0, plane[i] * scale));
      exposeSensor(sensor, plane, frames[z], random);
    }
    counts.push(recorded);
  }
  const common = { depth, height: size, width: size, pixelSize: { y: pixelSize, x: pixelSize }, zStep };
  const stackOf = (data: Float32Array, dtype: "uint16" | "float32"): Stack => {
    return { ...common, data, dtype, optics: stackOptics(seen.optics) };
  };
  const more = {
    ...(field && {
      field: {
        real: stackOf(await cut(field.real), "float32"),
        imag: stackOf(await cut(field.imag), "float32"),
      },
    }),
    ...(details && { details }),
  };
  const { combine } = mode;
  if (combine === undefined) {
    return { stack: stackOf(counts[0], "uint16"), truth: stackOf(fields[0], "float32"), ...more };
  }
  const setting = { planes: depth, height: size, width: size, pixelSize, optics: seen.optics };
  const combined = (all: readonly Float32Array[], noise: { camera?: ExposureSetting["camera"] }): Float32Array => {
    const light = all.map((data) => data.map((value) => value - camera.offset));
    return combine(light, seen.image, { ...setting, ...noise }).map((value) => value + camera.offset);
  };
  return {
    stack: stackOf(combined(counts, { camera }), "float32"),
    truth: stackOf(combined(fields, {}), "float32"),
    exposures: counts.map((data, j) => ({ name: mode.exposures[j], stack: stackOf(data, "uint16") })),
    ...more,
  };
}

/** The planes of a stack, `[planes, size, size]`, as views of it. */
function planesOf(stack: Float32Array, size: number): Float32Array[] {
  const frame = size * size;
  return Array.from({ length: stack.length / frame }, (_, z) => stack.subarray(z * frame, (z + 1) * frame));
}

function sharedImagers(grid: VolumeGrid): ModeSetup["detection"] {
  const made = new Map<string, Imager>();
  return (model, key) => {
    let imager = made.get(key);
    if (imager === undefined) {
      imager = createImager(model, grid);
      made.set(key, imager);
    }
    return imager;
  };
}

/** A number of 16 bits for a name (FNV-1a, folded). */
function hash(name: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193);
  return ((h >>> 16) ^ h) & 0xffff;
}

/** Warnings about pixels that are too coarse, once for each light path. */
function samplingWarnings(views: readonly View[]): Warning[] {
  const found = views.flatMap(({ objective, pixelSize, images }) =>
    images.map(({ model }) => {
      const limit = model.nyquistPixelSize;
      const who = objective === undefined ? "" : `Objective ${objective}: `;
      return pixelSize <= limit
        ? ""
        : `${who}pixel_size ${pixelSize} um is coarser than the Nyquist limit, ${limit.toFixed(3)} um (lambda / (4 NA) in wide field): ` +
            "the image does not hold all the detail that the objective resolves.";
    }),
  );
  return warningsOf(
    "coarse_sampling",
    [...new Set(found)].filter((sentence) => sentence !== ""),
  );
}
