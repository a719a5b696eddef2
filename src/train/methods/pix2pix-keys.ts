/** The configuration that pix2pix has in 2-D and in 3-D. */
import { z } from "zod";
import { type Pix2pixArchitecture, pix2pixAlignment, pix2pixArchitecture } from "../../models/networks/pix2pix.ts";
import {
  type PatchGanArchitecture,
  patchGanArchitecture,
  patchGanPresets,
} from "../../models/networks/pix2pix-discriminator.ts";
import type { CommonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";

export const pix2pixKeys = {
  architecture: pix2pixArchitecture
    .omit({ dimensions: true })
    .partial()
    .optional()
    .describe("numbers of the generator that differ from the preset"),
  discriminator: patchGanArchitecture
    .partial()
    .optional()
    .describe("numbers of the discriminator that differ from the preset"),
  mae_weight: z
    .number()
    .positive()
    .default(200)
    .describe("weight of the mean absolute error of normalised images; 200 is the published 100 on a scale of -1 to 1"),
  adversarial_weight: z.number().positive().default(1).describe("weight of fooling the discriminator"),
  adversarial_loss: z
    .enum(["cross_entropy", "least_squares"])
    .default("cross_entropy")
    .describe("what a wrong opinion of the discriminator costs"),
  discriminator_learning_rate: z.number().positive().default(2e-4).describe("Adam's step of the discriminator"),
  discriminator_every: z
    .int()
    .positive()
    .default(1)
    .describe("the discriminator learns at every so many steps; more where it wins"),
  live_statistics_steps: z
    .int()
    .nonnegative()
    .default(200)
    .describe(
      "steps until normalisation goes by fixed numbers, as in the finished model; from half of them on it gradually does",
    ),
  beta1: z.number().min(0).lt(1).default(0.5).describe("Adam's decay of the mean gradient"),
};

const keysSchema = z.object(pix2pixKeys);
export type Pix2pixKeys = CommonConfig & z.output<typeof keysSchema>;

/** The two networks: the presets' numbers with the configuration's own. */
export function networksOf(
  { preset, architecture, discriminator }: Pix2pixKeys,
  presets: Record<"published" | "small", Pix2pixArchitecture>,
): { generator: Pix2pixArchitecture; discriminator: PatchGanArchitecture } {
  return {
    generator: pix2pixArchitecture.parse({ ...presets[preset], ...given(architecture) }),
    discriminator: patchGanArchitecture.parse({ ...patchGanPresets[preset], ...given(discriminator) }),
  };
}

const given = (own: Record<string, unknown> = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));

/** @throws usage for keys that do not go together */
export function checkPix2pixConfig(
  config: Pix2pixKeys,
  presets: Record<"published" | "small", Pix2pixArchitecture>,
): void {
  const { generator, discriminator } = networksOf(config, presets);
  const { patch_size } = config;
  const multiple = pix2pixAlignment(generator);
  if (patch_size % multiple !== 0) {
    const detail = `patch_size must be a multiple of ${multiple} for this model, got ${patch_size}`;
    throw configError("patch_size", detail);
  }
  // Every convolution but the last two halves; these take a pixel off each.
  const halved = discriminator.pool * 2 ** (discriminator.channels.length - 1);
  if (patch_size % halved !== 0 || patch_size < 3 * halved) {
    const detail = `the discriminator needs a patch_size that is a multiple of ${halved}, ${3 * halved} at least, got ${patch_size}`;
    throw configError("patch_size", detail);
  }
  if (generator.dimensions === 3 && generator.upsampling === "transposed") {
    throw configError("architecture", 'in 3-D upsampling is "nearest" only');
  }
}
