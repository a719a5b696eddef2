/** The configuration keys that pix2pix in 2-D and in 3-D share. */
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
    .describe("settings of the generator that differ from the preset"),
  discriminator: patchGanArchitecture
    .partial()
    .optional()
    .describe("settings of the discriminator that differ from the preset"),
  mae_weight: z
    .number()
    .positive()
    .default(200)
    .describe(
      "weight of the mean absolute error of images normalised to 0..1; 200 corresponds to 100 in the paper, where images are in -1..1",
    ),
  adversarial_weight: z.number().positive().default(1).describe("weight of the adversarial loss"),
  adversarial_loss: z
    .enum(["cross_entropy", "least_squares"])
    .default("cross_entropy")
    .describe("loss on the discriminator scores"),
  discriminator_learning_rate: z.number().positive().default(2e-4).describe("peak learning rate of the discriminator"),
  discriminator_every: z
    .int()
    .positive()
    .default(1)
    .describe(
      "interval of steps at which the discriminator is trained; raise it if the discriminator becomes too strong",
    ),
  batch_statistics_steps: z
    .int()
    .nonnegative()
    .default(200)
    .describe(
      "steps until the normalisation uses the running statistics, as in the finished model, instead of batch statistics; it changes gradually over the second half of these steps",
    ),
  beta1: z.number().min(0).lt(1).default(0.5).describe("decay rate of Adam's first moment"),
};

const keysSchema = z.object(pix2pixKeys);
export type Pix2pixKeys = CommonConfig & z.output<typeof keysSchema>;

/** The architectures of both networks: those of the presets with the settings of the configuration. */
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

/** @throws usage for keys that do not fit together */
export function checkPix2pixConfig(
  config: Pix2pixKeys,
  presets: Record<"published" | "small", Pix2pixArchitecture>,
): void {
  const { generator, discriminator } = networksOf(config, presets);
  const { patch_size } = config;
  const multiple = pix2pixAlignment(generator);
  if (patch_size % multiple !== 0) {
    const detail = `patch_size must be a multiple of ${multiple} for this architecture, got ${patch_size}`;
    throw configError("patch_size", detail);
  }
  // All convolutions but the last two halve the image; these two reduce it by one pixel each.
  const halved = discriminator.pool * 2 ** (discriminator.channels.length - 1);
  if (patch_size % halved !== 0 || patch_size < 3 * halved) {
    const detail = `the discriminator needs a patch_size that is a multiple of ${halved} and at least ${3 * halved}, got ${patch_size}`;
    throw configError("patch_size", detail);
  }
  if (generator.dimensions === 3 && generator.upsampling === "transposed") {
    throw configError("architecture", 'architecture: upsampling must be "nearest" in 3-D');
  }
}
