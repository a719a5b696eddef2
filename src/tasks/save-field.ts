/** Writes simulated fields: every image with its ground truth, and the list of objects in the field. */

import { jsonText } from "../array/json-text.ts";
import { ParfocalError } from "../errors.ts";
import type { Image, Stack } from "../image/image.ts";
import { formatOf } from "../image/image-format.ts";
import { infoOfStack } from "../image/stack-image.ts";
import type { Storage } from "../image/storage.ts";
import { type ImageOutput, writeImages } from "../image/write-image.ts";
import { imagingModes } from "../simulate/modes.ts";
import type { Recipe } from "../simulate/recipe.ts";
import type { SimulatedField } from "../simulate/simulator.ts";
import { version } from "../version.ts";

/** Paths of the files of a field; images by their names in the recipe. */
export interface FieldFiles {
  images: Record<string, { image: string; truth: string; exposures?: string; field?: string }>;
  /**
   * JSON with the objects in the field and how it was simulated; lengths in um. Written last, so that a field with it
   * is complete.
   */
  objects: string;
  /** The density of the specimen, float32, where it was requested. */
  volume?: string;
}

/**
 * The files of a field: in a folder, NAME.tif, truth.tif and objects.json; for a file name, NAME.tif, NAME_truth.tif
 * and NAME_objects.json. With several images, the name of each replaces or follows NAME.
 * @throws `usage` for a file name that does not end in .tif or .ome.tif
 */
export function fieldFiles(storage: Storage, recipe: Recipe, target: string, { volume = false } = {}): FieldFiles {
  const [, stem = target, ending] = /^(.*?)((?:\.ome)?\.[a-z]\w*)$/i.exec(target) ?? [];
  if (ending !== undefined && formatOf(target) === "png") {
    throw new ParfocalError("usage", `${target}: a PNG holds a single plane; give a .tif name or a folder.`, {
      option: "output",
      got: target,
      expected: "a .tif or .ome.tif name, or a folder",
    });
  }
  const named = ending !== undefined;
  const file = (name: string, kind: string): string =>
    `${named ? `${stem}_` : storage.join(target, "x").slice(0, -1)}${name}${kind}`;
  const tif = ending ?? ".tif";
  const names = Object.keys(recipe.images);
  const images = Object.fromEntries(
    names.map((name) => {
      const alone = names.length === 1;
      const image = alone && named ? target : file(alone ? recipe.name : name, tif);
      const truth = file(alone ? "truth" : `${name}_truth`, tif);
      const { exposures, coherent = false } = imagingModes[recipe.images[name].mode];
      return [
        name,
        {
          image,
          truth,
          ...(exposures.length > 1 && { exposures: file(alone ? "exposures" : `${name}_exposures`, tif) }),
          ...(coherent && { field: file(alone ? "field" : `${name}_field`, tif) }),
        },
      ];
    }),
  );
  return { images, objects: file("objects", ".json"), ...(volume ? { volume: file("volume", tif) } : {}) };
}

/** All paths, the JSON last. */
export function pathsOf({ images, volume, objects }: FieldFiles): string[] {
  const all = Object.values(images).flatMap(({ image, truth, exposures, field }) =>
    [image, truth, exposures, field].filter((path) => path !== undefined),
  );
  return [...all, ...(volume ? [volume] : []), objects];
}

/**
 * Throws before any work if a file exists (`output.exists`, unless `force`), or its format cannot be written (`usage`).
 */
export async function checkFieldFiles(storage: Storage, files: FieldFiles, force = false): Promise<void> {
  for (const path of pathsOf(files)) await storage.checkOutput(path, force);
}

/** Writes all files of a field or none, and makes its folder. Throws `output.exists`, `output.failed`. */
export async function saveField(
  storage: Storage,
  files: FieldFiles,
  field: SimulatedField,
  recipe: Recipe,
  { force = false, warnings = [] as readonly string[] } = {},
): Promise<void> {
  await checkFieldFiles(storage, files, force);
  await storage.makeFolder(storage.dirname(files.objects));
  const outputs: ImageOutput[] = [];
  const add = (path: string, image: Image) => outputs.push({ path, image });
  for (const [name, paths] of Object.entries(files.images)) {
    const { stack, truth, exposures = [], field: wave } = field.images[name];
    add(paths.image, { ...infoOfStack(stack), data: stack.data });
    add(paths.truth, { ...infoOfStack(truth), data: truth.data });
    if (paths.exposures) add(paths.exposures, imageOfChannels(exposures));
    if (paths.field && wave) {
      const channels = [
        { name: "real", stack: wave.real },
        { name: "imaginary", stack: wave.imag },
      ];
      add(paths.field, imageOfChannels(channels));
    }
  }
  if (files.volume && field.volume) {
    const { data, depth, height, width, pixelSize, sliceStep } = field.volume;
    const size = { y: pixelSize, x: pixelSize };
    const stack: Stack = { data, depth, height, width, pixelSize: size, zStep: sliceStep, dtype: "float32" };
    add(files.volume, { ...infoOfStack(stack), data });
  }
  const { index, split, objective, specimen, planes, focusPlane, objects, volume } = field;
  const details = Object.fromEntries(
    Object.entries(field.images).flatMap(([name, { details: own }]) => (own === undefined ? [] : [[name, own]])),
  );
  const record = {
    parfocal_version: version,
    field: index,
    split,
    ...(objective === undefined ? {} : { objective }),
    ...(specimen === undefined ? {} : { specimen }),
    planes_um: planes,
    stage: field.stage.map(({ z, dy, dx, brightness }) => ({ z_um: z, dy_um: dy, dx_um: dx, brightness })),
    focus_plane: focusPlane,
    ...(volume && files.volume ? { volume: { bottom_um: volume.bottom, slice_step_um: volume.sliceStep } } : {}),
    ...(Object.keys(details).length > 0 && { images: details }),
    warnings,
    objects,
    recipe,
  };
  // The JSON is renamed last, so that all files exist if it does.
  const text = `${jsonText(record)}\n`;
  await writeImages(storage, outputs, { force, files: [[files.objects, text]] });
}

/** Combines stacks as channels, `[z, c, y, x]`. */
function imageOfChannels(channels: readonly { name: string; stack: Stack }[]): Image {
  const [{ stack }] = channels;
  const { depth, height, width, dtype, pixelSize, zStep, optics } = stack;
  const size = height * width;
  const length = depth * channels.length * size;
  const data = new Float32Array(length);
  for (let z = 0; z < depth; z++) {
    channels.forEach(({ stack: one }, c) => {
      data.set(one.data.subarray(z * size, (z + 1) * size), (z * channels.length + c) * size);
    });
  }
  return {
    axes: "ZCYX",
    shape: [depth, channels.length, height, width],
    dtype,
    data,
    channelNames: channels.map(({ name }) => name),
    ...(pixelSize && { pixelSize }),
    ...(zStep !== undefined && { zStep }),
    ...(optics && { optics }),
  };
}
