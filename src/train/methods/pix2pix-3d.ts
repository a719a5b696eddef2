/** Trains pix2pix over sub-stacks, whose neighbouring planes show where out-of-focus light comes from. */
import { z } from "zod";
import { pix2pix3dPresets } from "../../models/networks/pix2pix.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import type { TrainingMethod } from "../training-method.ts";
import { checkPix2pixConfig, pix2pixKeys } from "./pix2pix-keys.ts";
import { pix2pixLearner } from "./pix2pix-learner.ts";

/** The configuration of pix2pix in 3-D. */
export const pix2pix3dConfig = z.strictObject({
  method: z.literal("pix2pix-3d").default("pix2pix-3d").describe("name of the method"),
  ...commonConfig({
    experiment_name: "pix2pix-3d",
    batch_size: 2,
    learning_rate: 1e-3,
    schedule: "linear",
    warmup_steps: 20,
    ema_decay: 0.99,
  }),
  planes: z.int().positive().default(5).describe("number of planes of a sub-stack, odd"),
  ...pix2pixKeys,
});

export type Pix2pix3dConfig = z.output<typeof pix2pix3dConfig>;

export const pix2pix3d: TrainingMethod<Pix2pix3dConfig, typeof pix2pix3dConfig> = {
  name: "pix2pix-3d",
  task: "section",
  summary: "conditional GAN with 3-D convolutions over sub-stacks (after Zhuge et al., 2021)",
  config: pix2pix3dConfig,
  check(config) {
    checkPix2pixConfig(config, pix2pix3dPresets);
    if (config.planes % 2 === 1) return;
    throw configError(
      "planes",
      `planes must be an odd number, since the output is the middle plane, got ${config.planes}`,
    );
  },
  learner: (input, config) => pix2pixLearner(input, config, pix2pix3dPresets, config.planes),
};
