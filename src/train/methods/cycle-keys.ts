/** Keys of a configuration that COMI and CycleGAN share, and what follows from them. */
import { z } from "zod";
import { type ComiArchitecture, comiArchitecture } from "../../models/networks/comi.ts";
import type { CommonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";

const weight = (initial: number, what: string, published: number) =>
  z.number().nonnegative().default(initial).describe(`weight of ${what}; ${published} in the paper`);

/** Weights of the losses: `[default, in the paper]`. */
export const cycleWeight = weight;

/** @param defaults where the two differ */
export const cycleKeys = (defaults: { discriminator_learning_rate: number; beta1: number }) => ({
  architecture: comiArchitecture.partial().optional().describe("numbers that differ from the preset"),
  discriminator_learning_rate: z
    .number()
    .positive()
    .default(defaults.discriminator_learning_rate)
    .describe("Adam's step of the discriminators"),
  discriminator_channels: z.int().positive().default(16).describe("of their first convolution; 64 in the paper"),
  beta1: z
    .number()
    .min(0)
    .lt(1)
    .default(defaults.beta1)
    .describe("Adam's decay of the mean slope of the generators; 0.5 in the paper"),
  live_statistics_steps: z
    .int()
    .nonnegative()
    .default(100)
    .describe(
      "steps, at most half of all, until normalisation goes by fixed numbers, so that tiles join without seams; the training goes on with these",
    ),
});

type CycleConfig = Pick<CommonConfig, "preset" | "patch_size"> & {
  architecture?: { [K in keyof ComiArchitecture]?: ComiArchitecture[K] | undefined } | undefined;
};

/** The preset's numbers with the configuration's own. */
export function cycleArchitecture(
  { preset, architecture }: CycleConfig,
  presets: Record<"published" | "small", ComiArchitecture>,
): ComiArchitecture {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return comiArchitecture.parse({ ...presets[preset], ...own });
}

/** @throws usage for patches that the discriminators do not divide evenly, or a range without width */
export function checkCycleConfig(config: CycleConfig, multiple: number): void {
  if (config.patch_size % multiple !== 0) {
    const detail = `patch_size must be a multiple of ${multiple} for this model, got ${config.patch_size}`;
    throw configError("patch_size", detail);
  }
  const range = config.architecture?.range;
  if (range && range[0] >= range[1]) {
    throw configError("architecture", `architecture: range must go from the lower to the higher number, got ${range}`);
  }
}
