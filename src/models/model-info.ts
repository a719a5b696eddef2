import { z } from "zod";
import { deepZArchitecture } from "./deep-z.ts";

/** What a model is, what it was trained on and for: everything beside the weights. Lengths in um. */
export const modelInfo = z.object({
  /** Version of this description. */
  parfocal_model: z.literal(1),
  parfocal_version: z.string(),
  created: z.string(),
  experiment_name: z.string(),
  task: z.literal("refocus"),
  model: z.literal("deep-z"),
  preset: z.string(),
  architecture: deepZArchitecture,
  /** Where the input planes lie, relative to the first of them. */
  input_offsets: z.array(z.number()).min(1),
  /** Refocusing distances that were trained: z(target) - z(first input plane). */
  distance_range: z.tuple([z.number(), z.number()]),
  /** Lateral pixel size of the training images; input of another size is resampled to it. */
  pixel_size: z.number().positive(),
  z_step: z.number().positive(),
  optics: z.object({
    na: z.number().positive().optional(),
    wavelength: z.number().positive().optional(),
    refractive_index: z.number().positive().optional(),
  }),
  norm_pmin: z.number(),
  norm_pmax: z.number(),
  trained_on: z.array(z.object({ name: z.string(), shape: z.array(z.int()) })),
  steps: z.int(),
  seed: z.int(),
  /** Scores on the validation data, output beside untouched input. */
  validation: z.record(z.string(), z.number()),
});

export type ModelInfo = z.infer<typeof modelInfo>;

/** A model that can be applied: its description and its ONNX file (open extents "y" and "x"). */
export interface RefocusModel {
  info: ModelInfo;
  onnx: Uint8Array;
  /** Where it came from, for messages. */
  path: string;
}
