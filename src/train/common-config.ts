/** The keys that the trainings of all methods share. */
import { z } from "zod";
import { plausibleNumber } from "../image/plausible-number.ts";

/** A name that is one folder on every method, and stays inside the folder of all runs. */
const folderName = z
  .string()
  .min(1)
  .max(100)
  .refine(
    (name) => !/[/\\<>:"|?*\p{Cc}]/u.test(name) && !/^[. ]|[. ]$/.test(name),
    'expected the name of one folder: no /, \\, <, >, :, ", |, ? or *, and no dot or blank at its ends',
  );

const span = z.tuple([z.int().nonnegative(), z.int().positive()]);

/** What differs between methods in the defaults of the shared keys. */
export interface CommonDefaults {
  experiment_name: string;
  patch_size?: number;
  batch_size?: number;
  num_steps?: number;
  learning_rate?: number;
  schedule?: "cosine" | "linear" | "constant";
  warmup_steps?: number;
  clip_norm?: number;
  ema_decay?: number;
  content_sampling?: number;
  norm_pmin?: number;
  norm_pmax?: number;
}

/**
 * The shape of the shared keys, for a strict object with a method's own. Names follow CAREamics and CSBDeep where they
 * have one.
 */
export function commonConfig(defaults: CommonDefaults) {
  const { experiment_name, patch_size = 64, batch_size = 8, num_steps = 1500, learning_rate = 1.5e-3 } = defaults;
  const { schedule = "cosine", warmup_steps = 50, content_sampling = 0.8, norm_pmin = 1, norm_pmax = 99.9 } = defaults;
  const clip = z.number().positive().optional();
  const decay = z.number().gt(0).lt(1).optional();
  return {
    experiment_name: folderName.default(experiment_name).describe("name of the run's folder"),
    preset: z.enum(["small", "published"]).default("small").describe("size of the network"),
    fine_tune: z
      .string()
      .min(1)
      .optional()
      .describe("folder of a model of the same method whose weights are the start"),
    model_pixel_size: plausibleNumber("pixel_size")
      .optional()
      .describe(
        "pixel size that the model learns, um; stacks and fields of other pixels are resampled to it (default: that of the stacks, which must be alike)",
      ),
    patch_size: z.int().min(16).default(patch_size).describe("side of a training patch, pixels"),
    batch_size: z.int().positive().default(batch_size).describe("patches per step"),
    num_steps: z.int().positive().default(num_steps).describe("training steps"),
    max_minutes: z.number().positive().optional().describe("shortens num_steps to what fits, measured at the start"),
    steps_per_epoch: z.int().positive().default(200).describe("steps between two validations and checkpoints"),
    patience: z.int().positive().optional().describe("stops after so many epochs without a better validation loss"),
    learning_rate: z.number().positive().default(learning_rate).describe("Adam's step at its highest"),
    schedule: z
      .enum(["cosine", "linear", "constant"])
      .default(schedule)
      .describe("how the learning rate falls: half a cosine, in a straight line over the second half, or not at all"),
    warmup_steps: z.int().nonnegative().default(warmup_steps).describe("steps over which the learning rate rises"),
    clip_norm: (defaults.clip_norm === undefined ? clip : clip.default(defaults.clip_norm)).describe(
      "largest norm of the gradients of a step",
    ),
    ema_decay: (defaults.ema_decay === undefined ? decay : decay.default(defaults.ema_decay)).describe(
      "keeps a moving average of the weights, which is what is validated and becomes the model; such as 0.999",
    ),
    augment: z.boolean().default(true).describe("random flips, transposition and brightness"),
    content_sampling: z
      .number()
      .min(0)
      .max(1)
      .default(content_sampling)
      .describe("share of the patches drawn where there is signal"),
    pool_fields: z.int().positive().default(16).describe("simulated fields that patches are drawn from at a time"),
    steps_per_field: z.int().positive().default(25).describe("steps after which a newly simulated field joins them"),
    simulated_share: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe("share of the patches that are simulated, where recorded stacks are trained on as well"),
    train_rows: span
      .optional()
      .describe(
        "rows of the stacks to train on, start and end, in pixels of model_pixel_size if set; the rest validates",
      ),
    train_columns: span.optional().describe("columns of the stacks to train on, likewise; the rest validates"),
    val_split: z
      .enum(["region", "stack"])
      .default("region")
      .describe("validate on a region of every stack, or on whole stacks"),
    val_fraction: z.number().min(0.02).max(0.9).default(0.2).describe("share kept for validation"),
    norm_pmin: z.number().min(0).max(100).default(norm_pmin).describe("percentile of a stack that becomes 0"),
    norm_pmax: z.number().min(0).max(100).default(norm_pmax).describe("percentile of a stack that becomes 1"),
    seed: z.int().nonnegative().default(0).describe("of weights, patches and augmentation"),
  };
}

const commonSchema = z.object(commonConfig({ experiment_name: "common" }));
export type CommonConfig = z.output<typeof commonSchema>;
