/** Simulated fields as files: every image with its truth, and what is in the field. */

import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { jsonText } from "../array/json-text.ts";
import { ParfocalError } from "../errors.ts";
import { checkOutput } from "../image/atomic-file.node.ts";
import { fileStorage } from "../image/file-storage.node.ts";
import type { Image, Stack } from "../image/image.ts";
import { formatOf } from "../image/image-format.ts";
import { infoOfStack } from "../image/stack-image.ts";
import { type ImageOutput, writeImages } from "../image/write-image.ts";
import { imagingModes } from "../simulate/modes.ts";
import type { Recipe } from "../simulate/recipe.ts";
import type { SimulatedField } from "../simulate/simulator.ts";
import { version } from "../version.ts";

/** Where the images of a field go, by their names in the recipe. */
export interface FieldFiles {
  images: Record<string, { image: string; truth: string; exposures?: string; field?: string }>;
  /** What is in the field and how it was made, JSON; lengths in um. Written last: where it is, the field is whole. */
  objects: string;
  /** The specimen itself, float32, where it was asked for. */
  specimen?: string;
}

/**
 * The files for a target: in a folder, NAME.tif, truth.tif and objects.json; or, where a file is named, NAME.tif,
 * NAME_truth.tif and NAME_objects.json. With several images, each has its own name in the place of, or behind, NAME.
 * @throws `usage` for a file name of another kind than .tif or .ome.tif
 */
export function fieldFiles(recipe: Recipe, target: string, { volume = false } = {}): FieldFiles {
  const [, stem = target, ending] = /^(.*?)((?:\.ome)?\.[a-z]\w*)$/i.exec(target) ?? [];
  if (ending !== undefined && formatOf(target) === "png") {
    throw new ParfocalError("usage", `${target}: a PNG holds one plane, not a stack; give a .tif name or a folder.`, {
      option: "out",
      got: target,
      expected: "a .tif or .ome.tif name, or a folder",
    });
  }
  const named = ending !== undefined;
  const file = (name: string, kind: string): string => `${named ? `${stem}_` : join(target, "/")}${name}${kind}`;
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
  return { images, objects: file("objects", ".json"), ...(volume ? { specimen: file("specimen", tif) } : {}) };
}

/** Every path, the JSON last. */
export function pathsOf({ images, specimen, objects }: FieldFiles): string[] {
  const all = Object.values(images).flatMap(({ image, truth, exposures, field }) =>
    [image, truth, exposures, field].filter((path) => path !== undefined),
  );
  return [...all, ...(specimen ? [specimen] : []), objects];
}

/**
 * Throws before any work when a file is in the way (`output.exists`, unless `force`), or its name is of no format that is
 * written (`usage`).
 */
export async function checkFieldFiles(files: FieldFiles, force = false): Promise<void> {
  for (const path of pathsOf(files)) await checkOutput(path, force);
}

/** Writes a field, all of its files or none, and makes its folder. Throws `output.exists`, `output.failed`. */
export async function saveField(
  files: FieldFiles,
  field: SimulatedField,
  recipe: Recipe,
  { force = false, warnings = [] as readonly string[] } = {},
): Promise<void> {
  await checkFieldFiles(files, force);
  await makeFolder(dirname(files.objects));
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
  if (files.specimen && field.volume) {
    const { data, depth, height, width, pixelSize, sliceStep } = field.volume;
    const size = { y: pixelSize, x: pixelSize };
    const stack: Stack = { data, depth, height, width, pixelSize: size, zStep: sliceStep, dtype: "float32" };
    add(files.specimen, { ...infoOfStack(stack), data });
  }
  const { index, split, objective, sample, planes, focusPlane, objects, volume } = field;
  const details = Object.fromEntries(
    Object.entries(field.images).flatMap(([name, { details: own }]) => (own === undefined ? [] : [[name, own]])),
  );
  const record = {
    parfocal_version: version,
    field: index,
    split,
    ...(objective === undefined ? {} : { objective }),
    ...(sample === undefined ? {} : { sample }),
    planes_um: planes,
    stage: field.stage.map(({ z, dy, dx, brightness }) => ({ z_um: z, dy_um: dy, dx_um: dx, brightness })),
    focus_plane: focusPlane,
    ...(volume && files.specimen ? { specimen: { bottom_um: volume.bottom, slice_step_um: volume.sliceStep } } : {}),
    ...(Object.keys(details).length > 0 && { images: details }),
    warnings,
    objects,
    recipe,
  };
  // The description gets its name last: where it is, all are.
  const text = `${jsonText(record)}\n`;
  await writeImages(fileStorage, outputs, { force, files: [[files.objects, text]] });
}

/** Stacks of one kind as channels, `[z, c, y, x]`. */
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

/** Makes a folder and those that it lies in. Throws `output.failed`. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(async (cause: NodeJS.ErrnoException) => {
    const found = await stat(path).catch(() => undefined);
    const detail = found?.isFile() ? "there is a file of that name" : cause.message;
    throw new ParfocalError("output.failed", `${path} could not be made: ${detail}.`, { path, detail }, { cause });
  });
}
