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
      "distances in um from the first input plane to the new planes, positive towards larger z: start:stop:step, both ends included, or a list such as -2,1.5",
      { unit: "um", range: true, placeholder: "distances" },
    ),
    output: output("stack to write, with one plane for each distance: .tif or .ome.tif (.png for one plane)"),
    input_planes: option(
      z.array(z.int().nonnegative()).min(1).optional(),
      "numbers of the input planes in the image, from 0; for a model of several planes, all of them or only the first",
      { default_in_words: "from plane 0 on", placeholder: "planes" },
    ),
    surface: option(
      z.string().optional(),
      "refocus every pixel by a distance of its own, which is added to `z`: an image of distances in um, tilt:X:Y (um from edge to edge), or auto, which finds the focus of each region",
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
        from: z.enum(["stack", "scan"]).describe("how the surface was found: in the stack, or among refocused planes"),
        range_um: z.tuple([z.number(), z.number()]),
        regions: z.array(
          z.strictObject({ x: z.number(), y: z.number(), distance_um: z.number(), confidence: z.number() }),
        ),
      })
      .optional(),
    direction_confidence: maybe
      .optional()
      .describe("of a model of one plane: probability that the direction is right; 0.5 is chance"),
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
