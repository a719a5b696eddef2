import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { overrideCalibration } from "../image/calibration.ts";
import type { ImageFile } from "../image/image-file.ts";
import { openImage } from "../image/open-stored-image.ts";
import { surfaceOf, tiltedSurface } from "../models/apply/surface.ts";
import { loadModel } from "../models/model-folder.ts";
import { modelFor } from "../models/model-info.ts";
import {
  imageFormat,
  imageInput,
  imageSource,
  modelInput,
  option,
  output,
  runtimeOptions,
  tileSize,
} from "./options.ts";
import { type RefocusFileOptions, refocusFile } from "./refocus-file.ts";
import { inSeconds, maybe, rescale, seconds, warnings } from "./results.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { withImages } from "./with-images.ts";
import { withRuntime } from "./with-runtime.ts";

/** Refocuses an image to other planes with a trained model. */
export const refocus = defineTask({
  options: z.strictObject({
    image: imageInput(),
    model: modelInput(),
    z: option(
      z.array(z.number()).min(1),
      "distances z(target) - z(first input plane): start:stop:step with both ends, or a list",
      { unit: "um", range: true, placeholder: "distances" },
    ),
    output: output("stack to be written, a plane for each distance: .tif, .ome.tif (.png for one plane)"),
    input_planes: option(
      z.array(z.int().nonnegative()).min(1).optional(),
      "planes that the model gets, from 0, or the first of them",
      { default_in_words: "the first", placeholder: "planes" },
    ),
    surface: option(
      z.string().optional(),
      "one distance per pixel: an image in um, tilt:X:Y (um from edge to edge), or auto, which finds the focus of each region",
      { placeholder: "surface" },
    ),
    ...imageFormat(),
    ...imageSource,
    tile_size: tileSize,
    ...runtimeOptions,
  }),
  result: z.strictObject({
    output: z.string().describe("the stack"),
    planes_um: z.array(z.number()).describe("z of each plane, relative to the first input plane"),
    rescale,
    surface: z
      .strictObject({
        from: z.enum(["stack", "scan"]).describe("what the surface was found in: the stack, or the model's distances"),
        range_um: z.tuple([z.number(), z.number()]),
        regions: z.array(
          z.strictObject({ x: z.number(), y: z.number(), distance_um: z.number(), confidence: z.number() }),
        ),
      })
      .optional(),
    direction_confidence: maybe.optional().describe("of a model of one plane: 0.5 is a guess"),
    direction: z
      .strictObject({ confidence: z.number(), up: z.number(), regions: z.number(), accuracy: z.number() })
      .optional(),
    seconds,
    warnings,
  }),
  async run(options, context) {
    const begun = performance.now();
    const { storage, signal, onProgress } = context;
    const model = modelFor(await loadModel(storage, options.model), "refocus");
    return withRuntime(options, context, (runtime) =>
      withImages([options.image], options, context, async ([image]) => {
        const { surface, close } = await openSurface(options.surface, image, options.pixel_size, context);
        try {
          const { warnings, ...done } = await refocusFile(storage, model, runtime, image, options.output, {
            ...options,
            distances: options.z,
            planes: options.input_planes,
            tileSize: options.tile_size,
            surface,
            direction: true,
            signal,
            onProgress: ({ what, ...progress }) => onProgress({ ...progress, unit: what }),
          });
          for (const warning of warnings) context.warn(warning);
          return { ...done, seconds: inSeconds(begun) };
        } finally {
          await close();
        }
      }),
    );
  },
});

/** The surface that the option names; its file, if it is one, stays open until it is closed. */
async function openSurface(
  text: string | undefined,
  image: ImageFile,
  pixelSize: number | undefined,
  { storage }: Pick<TaskContext, "storage">,
): Promise<{ surface: RefocusFileOptions["surface"]; close(): Promise<void> }> {
  const close = async () => undefined;
  if (text === undefined || text === "auto") return { surface: text, close };
  const [height, width] = image.shape.slice(-2);
  const tilt = /^tilt:([^:]+):([^:]+)$/
    .exec(text)
    ?.slice(1)
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (tilt?.every(Number.isFinite)) {
    return { surface: tiltedSurface({ x: tilt[0], y: tilt[1] }, { width, height }), close };
  }
  if (text.startsWith("tilt")) {
    const expected = "tilt:X:Y, such as tilt:3:-1, um from edge to edge";
    throw new ParfocalError("usage", `\`surface ${text}\`: expected ${expected}.`, {
      option: "surface",
      got: text,
      expected,
    });
  }
  const map = overrideCalibration(await openImage(storage, text), { pixelSize });
  return { surface: surfaceOf(map, { width, height, pixelSize: image.pixelSize }), close: () => map.close() };
}
