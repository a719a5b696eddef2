import { z } from "zod";
import { deepZAlignment, deepZArchitecture, deepZPresets } from "../../models/networks/deep-z.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";

/** The configuration of Deep-Z. Lengths in um. */
export const deepZConfig = z.strictObject({
  method: z.literal("deep-z").default("deep-z").describe("name of the method"),
  ...commonConfig({ experiment_name: "refocus", learning_rate: 1e-3, ema_decay: 0.995 }),
  architecture: deepZArchitecture.partial().optional().describe("settings of the network that differ from the preset"),
  input_offsets: z.array(z.number()).min(1).default([0]).meta({
    description: "positions of the input planes, um from the first one, such as 0 and 2",
    default_in_words: "two planes, three axial units of the optics apart",
  }),
  distance_range: z.tuple([z.number(), z.number()]).default([-4, 4]).meta({
    description: "range of refocusing distances to train on, um from the first input plane",
    default_in_words: "eight axial units beyond the input planes, limited by the depth of the stacks",
  }),
  mae_weight: z.number().nonnegative().default(1).describe("weight of the mean absolute error"),
  ms_ssim_weight: z.number().nonnegative().default(0).describe("weight of 1 - MS-SSIM"),
  adversarial_weight: z
    .number()
    .nonnegative()
    .default(0)
    .describe("weight of the adversarial loss; about 0.02 in the paper"),
  discriminator_learning_rate: z.number().positive().default(3e-5).describe("peak learning rate of the discriminator"),
  discriminator_channels: z
    .int()
    .positive()
    .default(8)
    .describe("channels of the first block of the discriminator; 48 in the paper"),
});

export type DeepZConfig = z.output<typeof deepZConfig>;

/** @throws usage for keys that do not fit together */
export function checkDeepZConfig(config: DeepZConfig): void {
  const { input_offsets, distance_range } = config;
  if (input_offsets[0] !== 0)
    throw configError("input_offsets", `input_offsets must begin with 0, got ${input_offsets}`);
  if (new Set(input_offsets).size < input_offsets.length) {
    throw configError("input_offsets", `input_offsets contains a plane twice: ${input_offsets}`);
  }
  if (distance_range[0] >= distance_range[1]) {
    const detail = `distance_range must go from the lower to the higher distance, got ${distance_range}`;
    throw configError("distance_range", detail);
  }
  const { down, up } = architectureOf(config);
  if (up.length !== down.length - 1) {
    const detail = `architecture: up needs one level fewer than down, got ${up.length} and ${down.length}; give both`;
    throw configError("architecture", detail);
  }
  const multiple = config.adversarial_weight > 0 ? 64 : deepZAlignment(architectureOf(config));
  if (config.patch_size % multiple !== 0) {
    const detail = `patch_size must be a multiple of ${multiple} for this architecture, got ${config.patch_size}`;
    throw configError("patch_size", detail);
  }
  if (config.mae_weight === 0 && config.ms_ssim_weight === 0) {
    const detail = "mae_weight and ms_ssim_weight are both 0, so that no loss would compare the output with the target";
    throw configError("mae_weight", detail);
  }
}

/** The architecture of the preset with the settings of the configuration. */
export function architectureOf({ preset, architecture }: DeepZConfig): z.output<typeof deepZArchitecture> {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return deepZArchitecture.parse({ ...deepZPresets[preset], ...own });
}
