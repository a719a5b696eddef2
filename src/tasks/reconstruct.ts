import { z } from "zod";
import { specimenContrasts } from "../classical/refocusing/focus-of-field.ts";
import { ParfocalError } from "../errors.ts";
import { overrideCalibration } from "../image/calibration.ts";
import type { ImageFile } from "../image/image-file.ts";
import { openImage } from "../image/open-stored-image.ts";
import { loadModel } from "../models/model-folder.ts";
import { modelFor } from "../models/model-info.ts";
import { focusHologramFile } from "./focus-hologram-file.ts";
import {
  force,
  imageInput,
  imageSource,
  modelInput,
  option,
  otherInput,
  output,
  runtimeOptions,
  tileSize,
} from "./options.ts";
import { type ReconstructMethod, reconstructFile, reconstructMethods } from "./reconstruct-file.ts";
import { inSeconds, maybe, seconds, warnings } from "./results.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { withImages } from "./with-images.ts";
import { withRuntime } from "./with-runtime.ts";

const hologram = { group: "One hologram" };
const stack = { group: "Stacks of planes at different focus" };
const auto = z.literal("auto");
const carrierForm = "auto, or Y,X in cycles per pixel, such as 0.2,0.12 (at most 0.5)";
const fringe = z.number().min(-0.5, `expected ${carrierForm}`).max(0.5, `expected ${carrierForm}`);

const options = z.strictObject({
  hologram: imageInput("a hologram, or planes at different focus"),
  output: output("image to be written: .tif or .ome.tif"),
  method: option(z.enum(reconstructMethods).optional(), "how the field is computed", {
    default_in_words: "angular-spectrum",
  }),
  model: modelInput("reconstruct with a trained model: its folder, or that of its training run").optional(),
  off_axis: option(
    z.union([auto, z.tuple([fringe, fringe])]).optional(),
    "off-axis hologram: frequency of the fringes, Y,X in cycles per pixel, or auto to find it",
    {
      placeholder: "carrier",
      ...hologram,
    },
  ),
  background: otherInput("hologram of an empty field, recorded in the same way").optional(),
  distance: option(
    z.union([auto, z.number()]).optional(),
    "distance from the hologram to the specimen along the light, um, or auto to find it",
    {
      unit: "um",
      ...hologram,
    },
  ),
  range: option(z.tuple([z.number(), z.number()]).optional(), "distances among which auto searches", {
    unit: "um",
    placeholder: "low:high",
    ...hologram,
  }),
  specimen: option(
    z.enum(specimenContrasts).optional(),
    "with auto: whether the specimen absorbs light (amplitude) or delays it (phase) (default: estimated from the hologram)",
    hologram,
  ),
  invert_phase: option(
    z.boolean().default(false),
    "off-axis hologram: the specimen has a lower refractive index than its medium",
    hologram,
  ),
  input_planes: option(
    z.array(z.int().nonnegative()).min(1).optional(),
    "numbers of the planes to use, from 0; for a file with several holograms, the number of one",
    { default_in_words: "all", placeholder: "planes", ...stack },
  ),
  positions: option(z.array(z.number()).optional(), "z of every plane, if the steps differ", {
    unit: "um",
    placeholder: "list",
    ...stack,
  }),
  z: option(
    z.array(z.number()).min(1).optional(),
    "heights at which the field is computed, um above the first plane, or on the scale of `positions`",
    { unit: "um", range: true, placeholder: "distances", ...stack },
  ),
  iterations: option(z.int().min(0).optional(), "multi-height: maximum number of iterations", {
    default_in_words: "20",
    ...stack,
  }),
  tile_size: tileSize,
  force,
  ...runtimeOptions,
  ...imageSource,
});

type Options = z.output<typeof options>;

/** Reconstructs amplitude and phase from a hologram, or from planes at different focus. */
export const reconstruct = defineTask({
  options,
  result: z.strictObject({
    output: z.string().describe("two channels, float32: amplitude, and phase in radians"),
    method: z.string(),
    distance_um: z.number().optional(),
    specimen: z.string().optional().describe("whether the specimen absorbs light (amplitude) or delays it (phase)"),
    confidence: maybe.optional(),
    direction_confidence: maybe.optional(),
    carrier: z.tuple([z.number(), z.number()]).optional().describe("fringes, cycles per pixel (y, x)"),
    planes_um: z.array(z.number()).optional(),
    errors: z.array(z.number()).optional().describe("multi-height: error of the amplitude after each iteration"),
    seconds,
    warnings,
  }),
  async run(given, context) {
    const begun = performance.now();
    const { storage } = context;
    return withImages([given.hologram], given, context, async ([file]) => {
      const background =
        given.background === undefined
          ? undefined
          : overrideCalibration(await openImage(storage, given.background), { pixelSize: given.pixel_size });
      try {
        const {
          warnings,
          seconds: _,
          ...done
        } = given.model === undefined
          ? await classical(file, given, background, context)
          : await byModel(file, given, background, context);
        for (const warning of warnings) context.warn(warning);
        return { ...done, seconds: inSeconds(begun) };
      } finally {
        await background?.close();
      }
    });
  },
});

function classical(file: ImageFile, options: Options, background: ImageFile | undefined, context: TaskContext) {
  const { method, off_axis: carrier, input_planes: inputPlanes, invert_phase: invertPhase } = options;
  const { output, channel, time, distance, range, specimen, positions, z, iterations, force } = options;
  const several = method === "multi-height" || method === "tie";
  const unit = several ? "iterations" : "distances tried";
  const offAxis = Array.isArray(carrier) ? { y: carrier[0], x: carrier[1] } : carrier;
  if (Array.isArray(carrier) && Math.hypot(...carrier) === 0) {
    const message = `\`off_axis 0,0\`: expected ${carrierForm}.`;
    throw new ParfocalError("usage", message, { option: "off_axis", expected: carrierForm });
  }
  if (range !== undefined && range[0] >= range[1]) {
    const expected = "low:high in um, such as -10:10";
    throw new ParfocalError("usage", `\`range ${range.join(":")}\`: expected ${expected}.`, {
      option: "range",
      expected,
    });
  }
  const settings = {
    ...{ method: method as ReconstructMethod | undefined, channel, time, distance, range, specimen, positions, z },
    ...{ iterations, inputPlanes, invertPhase, offAxis, background, force },
  };
  const known = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return reconstructFile(context.storage, file, output, {
    ...known,
    signal: context.signal,
    onProgress: (progress) => context.onProgress({ ...progress, unit }),
  });
}

/** Options that say how a classical method works. */
const classicalOnly = ["method", "off_axis", "range", "specimen", "positions", "z", "iterations"] as const;

async function byModel(file: ImageFile, options: Options, background: ImageFile | undefined, context: TaskContext) {
  const { storage, signal } = context;
  const foreign =
    classicalOnly.find((key) => options[key] !== undefined) ?? (options.invert_phase ? "invert_phase" : undefined);
  if (foreign !== undefined) {
    const message = `Holograms: \`${foreign}\` is for the classical methods, and \`model\` takes their place; give one of the two.`;
    throw new ParfocalError("usage", message, { option: foreign });
  }
  const { output, input_planes: planes, distance, channel, time, tile_size: tileSize, force } = options;
  if (planes !== undefined && planes.length !== 1) {
    const message = `Holograms: a model takes one plane; \`input_planes\` names ${planes.length}.`;
    throw new ParfocalError("usage", message, { option: "input_planes", got: planes, expected: "one plane" });
  }
  const model = modelFor(await loadModel(storage, options.model as string), "hologram");
  return withRuntime(options, context, (runtime) =>
    focusHologramFile(storage, model, runtime, file, output, {
      ...{ distance, plane: planes?.[0], channel, time, tileSize, force, background, signal },
      onProgress: (progress) => context.onProgress({ ...progress, unit: "tiles focused" }),
    }),
  );
}
