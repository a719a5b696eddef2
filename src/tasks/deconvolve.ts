import { z } from "zod";
import { deconvolveOptions } from "../classical/deconvolution/deconvolve-options.ts";
import { psfOptions } from "../optics/psf/optics-options.ts";
import { deconvolveFile } from "./deconvolve-file.ts";
import { asGiven, imageFormat, imageInput, imageSource, otherInput, output, pick } from "./options.ts";
import { inSeconds, rescale, seconds, warnings } from "./results.ts";
import { defineTask } from "./task.ts";
import { withImages } from "./with-images.ts";

const { psf: psfModel, na: _na, wavelength: _wavelength, refractive_index: _index, ...moreOptics } = psfOptions.shape;
const computedGroup = { group: "Computed PSF" };
const computed = asGiven(moreOptics, computedGroup);
const method = asGiven(deconvolveOptions.shape);

/** Deconvolves an image or a z-stack with a classical method. */
export const deconvolve = defineTask({
  options: z.strictObject({
    image: imageInput(),
    output: output("image to write: .tif or .ome.tif (.png for one plane)"),
    psf: otherInput("measured PSF, such as the image of a small bead (for a stack, a stack of the bead)").optional(),
    ...method,
    ...imageFormat("float32"),
    ...imageSource,
    ...asGiven({ psf_model: psfModel }, computedGroup),
    ...computed,
  }),
  result: z.strictObject({
    output: z.string(),
    method: z.string(),
    iterations: z.int(),
    stopped_by: z.string().optional().describe("what ended the iterations"),
    tiles: z.int(),
    memory_gib: z.number().describe("estimated memory, GiB"),
    offset: z.number().describe("offset of the camera, counts"),
    gain: z.number().optional().describe("counts per photoelectron"),
    psf: z.strictObject({
      source: z.string(),
      shape: z.tuple([z.int(), z.int(), z.int()]).describe("z, y, x on the image's grid"),
    }),
    rescale,
    seconds,
    warnings,
  }),
  async run(options, context) {
    const begun = performance.now();
    const { storage, signal } = context;
    const { image, output, psf, channel, time, dtype, rescale, format, force, psf_model: kind } = options;
    const optics = { ...pick(options, computed), ...(kind !== undefined && { psf: kind }) };
    return withImages([image], options, context, async ([file]) => {
      const onProgress = (progress: { done: number; total: number }) =>
        context.onProgress({ ...progress, unit: "iterations" });
      const settings = { channel, time, psf, optics, dtype, rescale, format, force, signal, onProgress };
      const done = await deconvolveFile(storage, file, output, pick(options, method), settings);
      const { warnings, seconds: _, ...numbers } = done;
      for (const warning of warnings) context.warn(warning);
      return { ...numbers, seconds: inSeconds(begun) };
    });
  },
});
