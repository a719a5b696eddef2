import { z } from "zod";
import { fuseFile } from "./fuse-file.ts";
import { force, imageInput, imageSource, option, output } from "./options.ts";
import { inSeconds, seconds, warnings } from "./results.ts";
import { defineTask } from "./task.ts";
import { withImages } from "./with-images.ts";

const lights = ["fluorescence", "transmitted"] as const;

/** Fuses a z-stack into one all-in-focus image, with a depth map. */
export const fuse = defineTask({
  options: z.strictObject({
    stack: imageInput("a z-stack of at least 3 planes"),
    output: output("image to write: .tif, .ome.tif or .png"),
    light: option(z.enum(lights).optional(), "illumination", { default_in_words: "estimated from the grey levels" }),
    force,
    ...imageSource,
  }),
  result: z.strictObject({
    output: z.string().describe("the all-in-focus image"),
    depth: z.string().describe("the depth map: float32, um above the first plane"),
    colours: z.string().describe("the depth map in colours, PNG"),
    uncertain: z.string().describe("mask of pixels whose own depth is not known, uint8: 255 not known, 0 known"),
    colour_range_um: z.tuple([z.number(), z.number()]).describe("depths of the first and the last colour"),
    confident: z.number().describe("share of the pixels whose own depth is known"),
    light: z.enum(lights),
    seconds,
    warnings,
  }),
  async run({ stack, output, light, force, channel, time, ...source }, context) {
    const begun = performance.now();
    const { storage, signal } = context;
    return withImages([stack], source, context, async ([file]) => {
      const onProgress = (progress: { done: number; total: number }) =>
        context.onProgress({ ...progress, unit: "planes fused" });
      const settings = { channel, time, light, force, signal, onProgress };
      const { warnings, ...done } = await fuseFile(storage, file, output, settings);
      for (const warning of warnings) context.warn(warning);
      return { ...done, seconds: inSeconds(begun) };
    });
  },
});
