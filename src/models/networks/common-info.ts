/** What the descriptions (model.yaml) of all models have in common. */
import { z } from "zod";

/** What models are for; each task has a command that applies its models. */
export const tasks = ["refocus", "section", "autofocus", "hologram"] as const;
export type Task = (typeof tasks)[number];

/** Everything beside the weights that does not depend on the method. Lengths in um. */
export const commonInfo = {
  /** Version of this description. */
  parfocal_model: z.literal(1),
  parfocal_version: z.string(),
  created: z.string(),
  experiment_name: z.string(),
  preset: z.string(),
  /** Lateral pixel size of the training images; input with another pixel size is resampled to it. */
  pixel_size: z.number().positive(),
  z_step: z.number().positive().optional(),
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
  /** Scores on the validation data, of the outputs and of the unprocessed inputs. */
  validation: z.record(z.string(), z.number()),
};
