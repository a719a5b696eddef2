import { z } from "zod";
import { FOCUS_MEASURES } from "../classical/focus/focus.ts";
import type { FocusEstimate } from "../classical/focus/focus-map.ts";
import { focusMapOfFile } from "../classical/focus/focus-map-file.ts";
import { hasFocus } from "../classical/focus/locate-focus.ts";
import { ParfocalError } from "../errors.ts";
import { type DefocusPicture, defocusSheet } from "../figures/defocus-sheet.ts";
import type { ImageFile } from "../image/image-file.ts";
import { withOutputs } from "../image/storage.ts";
import type { DefocusMap } from "../models/apply/autofocus-apply.ts";
import { type DefocusEstimate, leastContent } from "../models/apply/defocus-estimate.ts";
import { loadModel } from "../models/model-folder.ts";
import { modelFor } from "../models/model-info.ts";
import { autofocusFile } from "./autofocus-file.ts";
import { force, imageInput, imageSource, modelInput, option, runtimeOptions } from "./options.ts";
import { inSeconds, maybe, warnings } from "./results.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { withImages } from "./with-images.ts";
import { withRuntime } from "./with-runtime.ts";

const ofModel = { group: "With a model" };
const ofStack = { group: "Without a model" };

const options = z.strictObject({
  image: imageInput("a z-stack; with `model`, also a single image"),
  model: modelInput("folder of an autofocus model, or of its training run").optional(),
  output: option(
    z.string().optional(),
    "where to write the defocus map in um: float32, one pixel for each cell, NaN where there is no estimate",
    {
      role: "output",
      short: "o",
      placeholder: "image",
      unit: "um",
      ...ofModel,
    },
  ),
  sheet: option(z.string().optional(), "where to write a picture of the image beside its defocus map", {
    role: "output",
    placeholder: "png",
    ...ofModel,
  }),
  force,
  method: option(z.enum(FOCUS_MEASURES).optional(), "focus measure", {
    default_in_words: "chosen for fluorescence or transmitted light",
    ...ofStack,
  }),
  tile: option(z.int().min(3).optional(), "width and height of a region; regions overlap by half", {
    unit: "pixels",
    default_in_words: "64",
    ...ofStack,
  }),
  ...runtimeOptions,
  ...imageSource,
});

type Options = z.output<typeof options>;

const grid = z.array(z.array(maybe));
const map = z.strictObject({
  tile_px: z.int().optional(),
  y_px: z.array(z.number()),
  x_px: z.array(z.number()),
  defocus_um: grid,
  direction_confidence: grid.optional(),
  confidence: grid,
});

/** Finds the focus of a z-stack, or the defocus of single images by a model, as a whole and for each region. */
export const autofocus = defineTask({
  options,
  result: z.strictObject({
    defocus_um: maybe.describe("of a stack: from the first plane to the focus; by a model: z(plane) - z(focus)"),
    confidence: z.number(),
    direction_confidence: maybe.describe("probability that the sign is right; null for a stack, which has both sides"),
    map,
    method: z.string().optional().describe("of a stack: the focus measure"),
    light: z.string().optional(),
    reason: z.string().optional(),
    best_plane: maybe.optional(),
    best_position: maybe.optional(),
    at_end: z.boolean().nullable().optional(),
    extremum: z.string().nullable().optional(),
    curve: z.array(z.number()).optional(),
    no_focus: z.string().nullable().optional().describe("why no plane is in focus"),
    spread_um: maybe.optional(),
    planes: z
      .array(
        z.strictObject({
          defocus_um: maybe,
          confidence: z.number(),
          spread_um: maybe,
          direction_confidence: maybe,
          map,
        }),
      )
      .optional()
      .describe("by a model: each plane by itself"),
    output: z.string().nullable().optional(),
    sheet: z.string().nullable().optional(),
    seconds: z.number().optional(),
    warnings,
  }),
  run: (given, context) =>
    withImages([given.image], given, context, async ([file]) =>
      given.model === undefined ? ofFocusMeasure(file, given, context) : byModel(file, given, context),
    ),
});

/** Below this a region has no estimate of its own. */
const minConfidence = 0.5;

const rounded = (value: number, digits = 3): number => Number(value.toFixed(digits));

async function ofFocusMeasure(file: ImageFile, given: Options, context: TaskContext) {
  for (const option of ["output", "sheet"] as const) {
    if (given[option] === undefined) continue;
    const message = "Without `model` nothing is written; fuse writes the depth map of a stack.";
    throw new ParfocalError("usage", message, { option, got: given[option], expected: "a model as well" });
  }
  const { channel, time, method: measure, tile } = given;
  const { signal } = context;
  const onProgress = (progress: { done: number; total: number }) =>
    context.onProgress({ ...progress, unit: "planes read" });
  const found = await focusMapOfFile(file, { channel, time, measure, tile, signal, onProgress });
  const { whole, regions, zStep } = found;
  const there = hasFocus(whole);
  const none = whole.features ? "no plane shows more than noise" : "all planes are equally sharp";
  const um = ({ position }: FocusEstimate) => Math.round(position * zStep * 1e4) / 1e4;
  const sure = (estimate: FocusEstimate) => estimate.confidence >= minConfidence;
  if (!there) context.warn({ code: "no_focus", text: `The stack has no focus: ${none}.` });
  else if (whole.atEnd) {
    const end = whole.plane === 0 ? "first" : "last";
    const text = `The sharpest plane is the ${end}: the focus may lie outside the stack.`;
    context.warn({ code: "focus_at_end", text });
  }
  return {
    method: found.measure,
    light: found.light,
    reason: found.reason,
    // A flat curve has no focus.
    defocus_um: there ? um(whole) : null,
    best_plane: there ? whole.plane : null,
    best_position: there ? whole.position : null,
    at_end: there ? whole.atEnd : null,
    extremum: there ? whole.extremum : null,
    no_focus: there ? null : none,
    confidence: rounded(whole.confidence),
    direction_confidence: null,
    curve: [...whole.curve],
    map: {
      tile_px: found.tile,
      y_px: [...found.y],
      x_px: [...found.x],
      defocus_um: regions.map((row) => row.map((one) => (sure(one) ? um(one) : null))),
      confidence: regions.map((row) => row.map((one) => rounded(one.confidence))),
    },
  };
}

/** Every plane by itself, by a model. */
async function byModel(file: ImageFile, given: Options, context: TaskContext) {
  const begun = performance.now();
  const { storage, signal } = context;
  const { channel, time, output, force, method, sheet } = given;
  if (method !== undefined) {
    const message = "`method` is a focus measure of a z-stack; a model needs none.";
    throw new ParfocalError("usage", message, { option: "method", got: method, expected: "no model" });
  }
  const model = modelFor(await loadModel(storage, given.model as string), "autofocus");
  return withRuntime(given, context, async (runtime) => {
    if (sheet !== undefined) await checkSheet(sheet, force, context);
    const onProgress = (progress: { done: number; total: number }) =>
      context.onProgress({ ...progress, unit: "planes judged" });
    const found = await withOutputs(storage, { force }, async (outputs) => {
      const settings = { channel, time, output, force, signal, onProgress, outputs };
      const done = await autofocusFile(storage, model, runtime, file, settings);
      if (sheet === undefined) return done;
      const pictures = await picturesOf(file, done.planes, { channel, time });
      const reach = Math.max(...model.info.distance_range.map(Math.abs));
      const drawn = defocusSheet(pictures, { reach, pixelSize: file.pixelSize?.x });
      await outputs.write(sheet, await context.drawPng(drawn));
      return done;
    });
    for (const warning of found.warnings) context.warn(warning);
    const all = found.planes.map(describe);
    return { ...all[0], planes: all, output: output ?? null, sheet: sheet ?? null, seconds: inSeconds(begun) };
  });
}

const hasContent = ({ content }: DefocusEstimate): boolean => content >= leastContent;

function describe({ whole, y, x, cells }: DefocusMap) {
  const each = (value: (one: DefocusEstimate) => number | null) => cells.map((row) => row.map(value));
  return {
    defocus_um: whole ? rounded(whole.defocus) : null,
    confidence: whole ? rounded(whole.content) : 0,
    spread_um: whole ? rounded(whole.spread) : null,
    direction_confidence: whole ? rounded(whole.directionConfidence) : null,
    map: {
      y_px: [...y],
      x_px: [...x],
      defocus_um: each((one) => (hasContent(one) ? rounded(one.defocus) : null)),
      direction_confidence: each((one) => (hasContent(one) ? rounded(one.directionConfidence) : null)),
      confidence: each((one) => rounded(one.content)),
    },
  };
}

async function checkSheet(sheet: string, force: boolean, { storage }: TaskContext): Promise<void> {
  if (/\.png$/i.test(sheet)) return storage.checkOutput(sheet, force);
  const message = `\`sheet\` is written as PNG; got ${sheet}, give a name that ends in .png.`;
  throw new ParfocalError("usage", message, { option: "sheet", got: sheet, expected: "a name that ends in .png" });
}

/** Maximum number of planes of a stack that are drawn, evenly spread. */
const maxDrawn = 8;

async function picturesOf(
  file: ImageFile,
  maps: readonly DefocusMap[],
  { channel = 0, time = 0 }: { channel?: number | undefined; time?: number | undefined },
): Promise<DefocusPicture[]> {
  const [height, width] = file.shape.slice(-2);
  const count = Math.min(maps.length, maxDrawn);
  const chosen = Array.from({ length: count }, (_, i) => Math.round((i * (maps.length - 1)) / Math.max(1, count - 1)));
  const pictures: DefocusPicture[] = [];
  for (const z of chosen) {
    const data = Float32Array.from(await file.readPlane({ channel, time, z }));
    const label = maps.length > 1 ? `plane ${z}` : "";
    pictures.push({ label, image: { data, height, width }, map: maps[z] });
  }
  return pictures;
}
