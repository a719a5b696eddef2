/** The configuration keys that all methods share. */
import { z } from "zod";
import { plausibleNumber } from "../image/plausible-number.ts";

/** A name that is a valid folder name on every operating system, and cannot point outside the folder of all runs. */
const folderName = z
  .string()
  .min(1)
  .max(100)
  .refine(
    (name) => !/[/\\<>:"|?*\p{Cc}]/u.test(name) && !/^[. ]|[. ]$/.test(name),
    'expected the name of a single folder, without /, \\, <, >, :, ", |, ? or *, and without a dot or space at either end',
  );

const span = z.tuple([z.int().nonnegative(), z.int().positive()]);

/** The defaults of shared keys that differ between methods. */
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
 * The schemas of the shared keys, to be combined with the keys of a method in a strict object. Names follow CAREamics
 * and CSBDeep where these have the same key.
 */
export function commonConfig(defaults: CommonDefaults) {
  const { experiment_name, patch_size = 64, batch_size = 8, num_steps = 1500, learning_rate = 1.5e-3 } = defaults;
  const { schedule = "cosine", warmup_steps = 50, content_sampling = 0.8, norm_pmin = 1, norm_pmax = 99.9 } = defaults;
  const clip = z.number().positive().optional();
  const decay = z.number().gt(0).lt(1).optional();
  return {
    experiment_name: folderName
      .default(experiment_name)
      .meta({ description: "name of the folder that contains the runs of this training", placeholder: "name" }),
    preset: z
      .enum(["small", "published"])
      .default("small")
      .describe("network size: small trains in minutes on a laptop, published has the size of the published network"),
    fine_tune: z.string().min(1).optional().meta({
      description: "folder of a model of the same method, from whose weights the training starts",
      placeholder: "folder",
    }),
    model_pixel_size: plausibleNumber("pixel_size")
      .optional()
      .describe(
        "pixel size of the model, um; stacks and simulated fields with another pixel size are resampled to it (default: that of the stacks, which must then be equal)",
      ),
    patch_size: z.int().min(16).default(patch_size).describe("width and height of a training patch, pixels"),
    batch_size: z.int().positive().default(batch_size).describe("number of patches per training step"),
    num_steps: z.int().positive().default(num_steps).describe("number of training steps"),
    max_minutes: z
      .number()
      .positive()
      .optional()
      .describe(
        "time limit for the whole training, minutes; `num_steps` is reduced to fit, according to the measured speed",
      ),
    steps_per_epoch: z
      .int()
      .positive()
      .default(200)
      .describe("number of steps between two validations, each with a checkpoint"),
    patience: z
      .int()
      .positive()
      .optional()
      .describe("training stops after this many epochs without a lower validation loss"),
    learning_rate: z.number().positive().default(learning_rate).describe("peak learning rate of Adam"),
    schedule: z
      .enum(["cosine", "linear", "constant"])
      .default(schedule)
      .describe(
        "how the learning rate decreases after the warm-up: cosine (half a cosine), linear (over the second half of the training) or constant (not at all)",
      ),
    warmup_steps: z
      .int()
      .nonnegative()
      .default(warmup_steps)
      .describe("number of steps at the start over which the learning rate rises linearly"),
    clip_norm: (defaults.clip_norm === undefined ? clip : clip.default(defaults.clip_norm)).describe(
      "maximum norm of the gradients of a step; larger gradients are scaled down to it",
    ),
    ema_decay: (defaults.ema_decay === undefined ? decay : decay.default(defaults.ema_decay)).describe(
      "decay of the moving average of the weights, such as 0.999; the average is validated and becomes the model",
    ),
    augment: z.boolean().default(true).describe("augment patches by random flips, transposition and brightness"),
    content_sampling: z
      .number()
      .min(0)
      .max(1)
      .default(content_sampling)
      .describe("fraction of the patches that are drawn from regions with signal, 0 to 1"),
    pool_fields: z
      .int()
      .positive()
      .default(16)
      .describe("number of simulated fields kept in memory, from which patches are drawn"),
    steps_per_field: z
      .int()
      .positive()
      .default(25)
      .describe("number of steps after which a newly simulated field replaces the oldest one"),
    simulated_share: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe("fraction of the patches that are simulated; below 1, the others come from the recorded stacks"),
    train_rows: span
      .optional()
      .describe(
        "first row and end row of the part of the stacks that is trained on, in pixels of `model_pixel_size` if it is given; the rest is used for validation",
      ),
    train_columns: span
      .optional()
      .describe(
        "first column and end column of the part of the stacks that is trained on, in pixels of `model_pixel_size` if it is given; the rest is used for validation",
      ),
    val_split: z
      .enum(["region", "stack"])
      .default("region")
      .describe("what is held out for validation: a region of every stack, or whole stacks"),
    val_fraction: z
      .number()
      .min(0.02)
      .max(0.9)
      .default(0.2)
      .describe("fraction of the data that is held out for validation"),
    norm_pmin: z
      .number()
      .min(0)
      .max(100)
      .default(norm_pmin)
      .describe("percentile of the counts of a stack, or of its target, that is normalised to 0"),
    norm_pmax: z
      .number()
      .min(0)
      .max(100)
      .default(norm_pmax)
      .describe("percentile of the counts of a stack, or of its target, that is normalised to 1"),
    seed: z.int().nonnegative().default(0).describe("random seed for initial weights, patches and augmentation"),
  };
}

const commonSchema = z.object(commonConfig({ experiment_name: "common" }));
export type CommonConfig = z.output<typeof commonSchema>;
