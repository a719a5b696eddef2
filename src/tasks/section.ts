import { z } from "zod";
import { exposureAxes, pageOrders } from "../classical/sectioning/exposure-source.ts";
import { sectionMethods, sectionOptions } from "../classical/sectioning/section-options.ts";
import { ParfocalError } from "../errors.ts";
import type { ImageFile } from "../image/image-file.ts";
import { loadModel } from "../models/model-folder.ts";
import { modelFor } from "../models/model-info.ts";
import {
  asGiven,
  imageFormat,
  imageInputs,
  imageSource,
  modelInput,
  option,
  output,
  pick,
  runtimeOptions,
  tileSize,
} from "./options.ts";
import { inSeconds, maybe, rescale, seconds, warnings } from "./results.ts";
import { sectionFile } from "./section-file.ts";
import { sectionFileByModel } from "./section-file-by-model.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { withImages } from "./with-images.ts";
import { withRuntime } from "./with-runtime.ts";

const exposures = { group: "Exposures in structured light" };
const ofModel = { group: "Model" };
const count = z.int().nonnegative().optional();
const classical = asGiven(sectionOptions.shape, exposures);

const options = z.strictObject({
  images: imageInputs("an image, or one file for each exposure"),
  output: output("image to write: .tif or .ome.tif (.png for one plane)"),
  method: option(
    z.enum(sectionMethods).optional(),
    "hilo (exposures in uniform light and in laser speckle) or sim (exposures under a shifted grid)",
  ),
  model: modelInput("folder of a model for sectioning, or of the training run that made it").optional(),
  widefield: option(z.string().optional(), "where to write the widefield image, too", {
    role: "output",
    placeholder: "image",
    ...exposures,
  }),
  phases: option(
    z.enum(exposureAxes).optional(),
    "axis along which a file holds its exposures: channel, time or plane",
    {
      default_in_words: "the axis with the right number",
      ...exposures,
    },
  ),
  order: option(
    z.enum(pageOrders).optional(),
    "order of the exposures along z: interleaved (all of one plane, then of the next) or blocks (a stack of each exposure)",
    {
      default_in_words: "interleaved",
      ...exposures,
    },
  ),
  uniform: option(count, "hilo: number of the exposure in uniform light, from 0", {
    default_in_words: "0",
    ...exposures,
  }),
  speckle: option(count, "hilo: number of the exposure in speckled light, from 0", {
    default_in_words: "1",
    ...exposures,
  }),
  ...classical,
  uncertainty: option(
    z.string().optional(),
    "where to write the uncertainty of each pixel, for models that estimate it",
    {
      role: "output",
      placeholder: "image",
      ...ofModel,
    },
  ),
  tile_size: tileSize,
  ...runtimeOptions,
  ...imageFormat("float32"),
  ...imageSource,
});

type Options = z.output<typeof options>;

const perPlane = z.array(maybe).optional();

/** Removes out-of-focus light: from exposures in structured light, or by a model. */
export const section = defineTask({
  options,
  result: z.strictObject({
    output: z.string(),
    widefield: z.string().optional(),
    uncertainty: z.string().optional(),
    method: z.string().optional().describe("hilo or sim"),
    model: z.string().optional().describe("the model's method"),
    exposures: z.string().optional().describe("where the exposures were found"),
    planes: z.int(),
    eta: z.number().optional().describe("hilo: weight of the low frequencies"),
    in_focus: perPlane.describe("hilo: share of the light that is in focus, plane by plane"),
    modulation: perPlane.describe("sim: depth to which the grid modulates the light, plane by plane"),
    phases: z.array(z.array(z.number())).optional().describe("sim: positions of the grid, radians"),
    brightness: z.array(z.array(z.number())).optional().describe("sim: relative brightness of the exposures"),
    period_pixels: z.number().optional(),
    period_um: z.number().optional(),
    orientation_degrees: z.number().optional(),
    planes_with_grid: z.int().optional(),
    rescale,
    widefield_rescale: rescale,
    seconds,
    warnings,
  }),
  async run(given, context) {
    const begun = performance.now();
    return withImages(given.images, given, context, async (files) => {
      const done =
        given.model === undefined ? await byMethod(files, given, context) : await byModel(files, given, context);
      const { warnings, seconds: _, ...numbers } = done;
      for (const warning of warnings) context.warn(warning);
      return { ...numbers, seconds: inSeconds(begun) };
    });
  },
});

async function byMethod(files: readonly ImageFile[], options: Options, { storage, signal, ...context }: TaskContext) {
  const { method, output, phases: axis } = options;
  if (method === undefined) {
    const message =
      "Sectioning: give `method hilo` or `method sim` for exposures in structured light, or `model` for a plain image.";
    throw new ParfocalError("usage", message, { option: "method", expected: "method or model" });
  }
  refuse(options, ["uncertainty", "tile_size"], "for models, and `method` takes none");
  const onProgress = (progress: { done: number; total: number }) =>
    context.onProgress({ ...progress, unit: "planes read" });
  const settings = { ...options, axis, signal, onProgress };
  return sectionFile(storage, files, method, output, pick(options, classical), settings);
}

async function byModel(files: readonly ImageFile[], options: Options, context: TaskContext) {
  const { storage, signal } = context;
  const places = ["method", "widefield", "phases", "order", "uniform", "speckle"] as const;
  refuse(options, places, "for exposures in structured light, and `model` takes a plain image");
  const keys = Object.keys(classical) as (keyof typeof classical)[];
  refuse(options, keys, "for the classical methods, and `model` takes their place");
  if (files.length > 1) {
    const message = `Sectioning: a model takes one image, and ${files.length} were given.`;
    throw new ParfocalError("usage", message, { option: "images", got: files.length, expected: "one image" });
  }
  const model = modelFor(await loadModel(storage, options.model as string), "section");
  return withRuntime(options, context, (runtime) => {
    const { channel, time, uncertainty, tile_size: tileSize, dtype, rescale, format, force } = options;
    const onProgress = (progress: { done: number; total: number }) =>
      context.onProgress({ ...progress, unit: "tiles sectioned" });
    const written = { uncertainty, dtype, rescale, format, force };
    const settings = { channel, time, tileSize, ...written, onProgress, signal };
    return sectionFileByModel(storage, model, runtime, files[0], options.output, settings);
  });
}

/** Throws usage for an option that has no effect here. */
function refuse(options: Options, keys: readonly (keyof Options)[], why: string): void {
  const given = keys.find((key) => options[key] !== undefined);
  if (given === undefined) return;
  throw new ParfocalError("usage", `Sectioning: \`${given}\` is ${why}; leave one of the two out.`, { option: given });
}
