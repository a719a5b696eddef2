import { z } from "zod";
import {
  type RecurrentMzArchitecture,
  recurrentMzAlignment,
  recurrentMzArchitecture,
  recurrentMzPresets,
} from "../../models/networks/recurrent-mz.ts";
import { recurrentMzDiscriminatorAlignment } from "../../models/networks/recurrent-mz-discriminator.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";

const range = z.tuple([z.number(), z.number()]);

/** The configuration of Recurrent-MZ. Lengths in um. */
export const recurrentMzConfig = z.strictObject({
  method: z.literal("recurrent-mz").default("recurrent-mz").describe("name of the method"),
  ...commonConfig({ experiment_name: "recurrent-mz", learning_rate: 1e-3 }),
  architecture: recurrentMzArchitecture
    .partial()
    .optional()
    .describe("settings of the network that differ from the preset"),
  min_planes: z.int().positive().default(2).describe("minimum number of input planes in training"),
  max_planes: z.int().min(2).default(3).describe("maximum number of input planes in training"),
  plane_range: range.default([-4, 4]).meta({
    description: "range of the positions of the other input planes, um from the first one",
    default_in_words: "eight axial units to both sides, limited by the depth of the stacks",
  }),
  distance_range: range.default([-4, 4]).meta({
    description: "range of refocusing distances to train on, um from the first input plane",
    default_in_words: "eight axial units to both sides, limited by the depth of the stacks",
  }),
  mae_weight: z.number().nonnegative().default(1).describe("weight of the mean absolute error; 3 in the paper"),
  // MS-SSIM weights the noise of a dark background as much as structure: the small network learnt nothing with it in
  // 300 steps, and gained 2.5 to 6 dB without it.
  ms_ssim_weight: z.number().nonnegative().default(0).describe("weight of 1 - MS-SSIM; 1 in the paper"),
  adversarial_weight: z
    .number()
    .nonnegative()
    .default(0)
    .describe("weight of the adversarial loss (least squares); 0.3 to 0.5 in the paper"),
  discriminator_learning_rate: z.number().positive().default(1e-4).describe("peak learning rate of the discriminator"),
  discriminator_channels: z
    .int()
    .positive()
    .default(8)
    .describe("channels of the first layer of the discriminator; 16 in the paper"),
});

export type RecurrentMzConfig = z.output<typeof recurrentMzConfig>;

/** @throws usage for keys that do not fit together */
export function checkRecurrentMzConfig(config: RecurrentMzConfig): void {
  const { plane_range, distance_range, min_planes, max_planes, patch_size } = config;
  for (const [key, [low, high]] of Object.entries({ plane_range, distance_range })) {
    if (low >= high) throw configError(key, `${key} must go from the lower to the higher distance, got ${low},${high}`);
  }
  if (min_planes > max_planes) {
    throw configError("min_planes", `min_planes must not be above max_planes, got ${min_planes} and ${max_planes}`);
  }
  if (plane_range[0] > 0 || plane_range[1] < 0) {
    throw configError(
      "plane_range",
      `plane_range is relative to the first plane and must contain 0, got ${plane_range}`,
    );
  }
  const architecture = recurrentMzArchitectureOf(config);
  const { channels, hidden } = architecture;
  if (hidden.length !== channels.length + 1) {
    const detail = `architecture: hidden needs one number for each of the ${channels.length} levels and one for the bottleneck, got ${hidden.length}`;
    throw configError("architecture", detail);
  }
  const own = recurrentMzAlignment(architecture);
  const multiple = config.adversarial_weight > 0 ? Math.max(own, recurrentMzDiscriminatorAlignment) : own;
  if (patch_size % multiple !== 0) {
    const detail = `patch_size must be a multiple of ${multiple} for this architecture, got ${patch_size}`;
    throw configError("patch_size", detail);
  }
  if (config.mae_weight === 0 && config.ms_ssim_weight === 0) {
    const detail = "mae_weight and ms_ssim_weight are both 0, so that no loss would compare the output with the target";
    throw configError("mae_weight", detail);
  }
}

/** The architecture of the preset with the settings of the configuration. */
export function recurrentMzArchitectureOf({ preset, architecture }: RecurrentMzConfig): RecurrentMzArchitecture {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return recurrentMzArchitecture.parse({ ...recurrentMzPresets[preset], ...own });
}
