import { z } from "zod";
import { deepZAlignment, deepZArchitecture, deepZPresets } from "../../models/networks/deep-z.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";

/** Everything that decides how Deep-Z is trained. Lengths in um. */
export const deepZConfig = z.strictObject({
  method: z.literal("deep-z").default("deep-z").describe("the method"),
  ...commonConfig({ experiment_name: "refocus", learning_rate: 1e-3, ema_decay: 0.995 }),
  architecture: deepZArchitecture.partial().optional().describe("numbers that differ from the preset"),
  input_offsets: z.array(z.number()).min(1).default([0]).meta({
    description: "input planes, um from the first one, such as 0 2",
    default_in_words: "two, three axial units of the optics apart",
  }),
  distance_range: z.tuple([z.number(), z.number()]).default([-4, 4]).meta({
    description: "refocusing distances to learn, um from the first plane",
    default_in_words: "eight axial units beyond the planes, as far as the stacks reach",
  }),
  mae_weight: z.number().nonnegative().default(1).describe("weight of the mean absolute error"),
  ms_ssim_weight: z.number().nonnegative().default(0).describe("weight of 1 - MS-SSIM"),
  adversarial_weight: z.number().nonnegative().default(0).describe("weight of the adversarial loss; Deep-Z about 0.02"),
  discriminator_learning_rate: z.number().positive().default(3e-5).describe("Adam's step of the discriminator"),
  discriminator_channels: z.int().positive().default(8).describe("channels of its first block; Deep-Z 48"),
});

export type DeepZConfig = z.output<typeof deepZConfig>;

/** @throws usage for keys that do not go together */
export function checkDeepZConfig(config: DeepZConfig): void {
  const { input_offsets, distance_range } = config;
  if (input_offsets[0] !== 0)
    throw configError("input_offsets", `input_offsets must begin with 0, got ${input_offsets}`);
  if (new Set(input_offsets).size < input_offsets.length) {
    throw configError("input_offsets", `input_offsets names a plane twice: ${input_offsets}`);
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
    const detail = `patch_size must be a multiple of ${multiple} for this model, got ${config.patch_size}`;
    throw configError("patch_size", detail);
  }
  if (config.mae_weight === 0 && config.ms_ssim_weight === 0) {
    const detail = "mae_weight and ms_ssim_weight are both 0; nothing would pull the output to the target";
    throw configError("mae_weight", detail);
  }
}

/** The preset's numbers with the configuration's own. */
export function architectureOf({ preset, architecture }: DeepZConfig): z.output<typeof deepZArchitecture> {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return deepZArchitecture.parse({ ...deepZPresets[preset], ...own });
}
