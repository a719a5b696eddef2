import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { deepZArchitecture, deepZPresets } from "../models/deep-z.ts";

const span = z.tuple([z.int().nonnegative(), z.int().positive()]);

/**
 * Everything that decides how a refocusing model is trained: one schema for YAML files, command line flags (the same names
 * with dashes) and the library. Names follow CAREamics and CSBDeep where they have one. Lengths in um.
 */
export const trainingConfig = z.strictObject({
  experiment_name: z.string().min(1).default("refocus").describe("name of the run's folder"),
  model: z.literal("deep-z").default("deep-z").describe("which system of the field"),
  preset: z.enum(["small", "published"]).default("small").describe("size of the network"),
  architecture: deepZArchitecture.partial().optional().describe("numbers that differ from the preset"),
  input_offsets: z.array(z.number()).min(1).default([0]).describe("input planes, um from the first one, e.g. 0 2"),
  distance_range: z.tuple([z.number(), z.number()]).default([-4, 4]).describe("refocusing distances to learn, um"),
  patch_size: z.int().min(16).default(64).describe("side of a training patch, pixels"),
  batch_size: z.int().positive().default(8).describe("patches per step"),
  num_steps: z.int().positive().default(1500).describe("training steps"),
  max_minutes: z.number().positive().optional().describe("shortens num_steps to what fits, measured at the start"),
  steps_per_epoch: z.int().positive().default(200).describe("steps between two validations and checkpoints"),
  learning_rate: z.number().positive().default(1.5e-3).describe("Adam's step at its highest"),
  warmup_steps: z.int().nonnegative().default(50).describe("steps over which the learning rate rises"),
  mae_weight: z.number().nonnegative().default(1).describe("weight of the mean absolute error"),
  ms_ssim_weight: z.number().nonnegative().default(0).describe("weight of 1 - MS-SSIM"),
  adversarial_weight: z
    .number()
    .nonnegative()
    .default(0)
    .describe("weight of the least-squares GAN loss; Deep-Z about 0.02"),
  discriminator_learning_rate: z.number().positive().default(3e-5).describe("Adam's step of the discriminator"),
  discriminator_channels: z.int().positive().default(8).describe("channels of its first block; Deep-Z 48"),
  augment: z.boolean().default(true).describe("random flips, transposition and brightness"),
  content_sampling: z.number().min(0).max(1).default(0.8).describe("share of the patches drawn where there is signal"),
  pool_fields: z.int().positive().default(16).describe("simulated fields that patches are drawn from at a time"),
  steps_per_field: z.int().positive().default(25).describe("steps after which a newly simulated field joins them"),
  train_rows: span.optional().describe("rows of the stacks to train on, start and end; the rest validates"),
  train_columns: span.optional().describe("columns of the stacks to train on, start and end; the rest validates"),
  val_split: z
    .enum(["region", "stack"])
    .default("region")
    .describe("validate on a region of every stack, or on whole stacks"),
  val_fraction: z.number().min(0.02).max(0.9).default(0.2).describe("share kept for validation"),
  norm_pmin: z.number().min(0).max(100).default(1).describe("percentile of a stack that becomes 0"),
  norm_pmax: z.number().min(0).max(100).default(99.9).describe("percentile of a stack that becomes 1"),
  seed: z.int().nonnegative().default(0).describe("of weights, patches and augmentation"),
});

export type TrainingConfig = z.output<typeof trainingConfig>;

/**
 * A complete configuration from a partial one.
 * @throws usage naming the key, what it was and what is expected
 */
export function resolveConfig(partial: z.input<typeof trainingConfig>): TrainingConfig {
  const result = trainingConfig.safeParse(partial);
  if (!result.success) {
    const [issue] = result.error.issues;
    const option = issue.path.join(".") || ("keys" in issue ? String(issue.keys) : "");
    throw usage(option, `${option || "the configuration"}: ${issue.message}`);
  }
  const config = result.data;
  if (config.norm_pmin >= config.norm_pmax) throw usage("norm_pmax", "norm_pmax must be above norm_pmin");
  if (config.input_offsets[0] !== 0)
    throw usage("input_offsets", `input_offsets must begin with 0, got ${config.input_offsets}`);
  if (new Set(config.input_offsets).size < config.input_offsets.length) {
    throw usage("input_offsets", `input_offsets names a plane twice: ${config.input_offsets}`);
  }
  if (config.distance_range[0] >= config.distance_range[1]) {
    throw usage(
      "distance_range",
      `distance_range must go from the lower to the higher distance, got ${config.distance_range}`,
    );
  }
  const { down, up } = architectureOf(config);
  if (up.length !== down.length - 1) {
    throw usage(
      "architecture",
      `architecture: up needs one level fewer than down, got ${up.length} and ${down.length}; give both`,
    );
  }
  const multiple = config.adversarial_weight > 0 ? 64 : 2 ** up.length;
  if (config.patch_size % multiple !== 0) {
    throw usage("patch_size", `patch_size must be a multiple of ${multiple} for this model, got ${config.patch_size}`);
  }
  if (config.mae_weight === 0 && config.ms_ssim_weight === 0) {
    throw usage("mae_weight", "mae_weight and ms_ssim_weight are both 0; nothing would pull the output to the target");
  }
  return config;
}

/** The preset's numbers with the configuration's own. */
export function architectureOf({ preset, architecture }: TrainingConfig): z.output<typeof deepZArchitecture> {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return deepZArchitecture.parse({ ...deepZPresets[preset], ...own });
}

function usage(option: string, detail: string): ParfocalError {
  return new ParfocalError("usage", `Training configuration: ${detail}.`, { option });
}
