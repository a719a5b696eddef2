/** The configuration keys that COMI and CycleGAN share, and their checks. */
import { z } from "zod";
import { type ComiArchitecture, comiArchitecture } from "../../models/networks/comi.ts";
import type { CommonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";

const weight = (initial: number, what: string, published: number) =>
  z.number().nonnegative().default(initial).describe(`weight of ${what}; ${published} in the paper`);

/** A key for the weight of a loss, with its default and the value in the paper. */
export const cycleWeight = weight;

/** @param defaults the defaults that differ between the two methods */
export const cycleKeys = (defaults: { discriminator_learning_rate: number; beta1: number }) => ({
  architecture: comiArchitecture
    .partial()
    .optional()
    .describe("settings of the generators that differ from the preset"),
  discriminator_learning_rate: z
    .number()
    .positive()
    .default(defaults.discriminator_learning_rate)
    .describe("peak learning rate of the discriminators"),
  discriminator_channels: z
    .int()
    .positive()
    .default(16)
    .describe("channels of the first convolution of the discriminators; 64 in the paper"),
  beta1: z
    .number()
    .min(0)
    .lt(1)
    .default(defaults.beta1)
    .describe("decay rate of Adam's first moment for the generators; 0.5 in the paper"),
  batch_statistics_steps: z
    .int()
    .nonnegative()
    .default(100)
    .describe(
      "steps, at most half of all, until the normalisation statistics are frozen, so that tiles join without seams; the remaining steps train with frozen statistics",
    ),
});

type CycleConfig = Pick<CommonConfig, "preset" | "patch_size"> & {
  architecture?: { [K in keyof ComiArchitecture]?: ComiArchitecture[K] | undefined } | undefined;
};

/** The architecture of the preset with the settings of the configuration. */
export function cycleArchitecture(
  { preset, architecture }: CycleConfig,
  presets: Record<"published" | "small", ComiArchitecture>,
): ComiArchitecture {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return comiArchitecture.parse({ ...presets[preset], ...own });
}

/** @throws usage for patch sizes that are not a multiple of the strides, or for an empty range */
export function checkCycleConfig(config: CycleConfig, multiple: number): void {
  if (config.patch_size % multiple !== 0) {
    const detail = `patch_size must be a multiple of ${multiple} for this architecture, got ${config.patch_size}`;
    throw configError("patch_size", detail);
  }
  const range = config.architecture?.range;
  if (range && range[0] >= range[1]) {
    throw configError("architecture", `architecture: range must go from the lower to the higher number, got ${range}`);
  }
}
