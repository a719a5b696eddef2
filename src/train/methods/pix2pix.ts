/** Trains pix2pix: translates one kind of image into another, plane by plane, against a patch discriminator. */
import { z } from "zod";
import { pix2pixPresets } from "../../models/networks/pix2pix.ts";
import { commonConfig } from "../common-config.ts";
import type { TrainingMethod } from "../training-method.ts";
import { checkPix2pixConfig, pix2pixKeys } from "./pix2pix-keys.ts";
import { pix2pixLearner } from "./pix2pix-learner.ts";

/**
 * The configuration of pix2pix. The published configuration is preset published, patch_size 256, batch_size 1,
 * learning_rate and discriminator_learning_rate 2e-4, warmup_steps 0, batch_statistics_steps twice num_steps (so that
 * batch statistics are always used), and num_steps for 200 epochs.
 */
export const pix2pixConfig = z.strictObject({
  method: z.literal("pix2pix").default("pix2pix").describe("name of the method"),
  ...commonConfig({
    experiment_name: "pix2pix",
    learning_rate: 1e-3,
    schedule: "linear",
    warmup_steps: 20,
    ema_decay: 0.99,
  }),
  ...pix2pixKeys,
});

export type Pix2pixConfig = z.output<typeof pix2pixConfig>;

export const pix2pix: TrainingMethod<Pix2pixConfig, typeof pix2pixConfig> = {
  name: "pix2pix",
  task: "section",
  summary: "conditional GAN with a U-Net, applied plane by plane (Isola et al., 2017; Zhuge et al., 2021)",
  config: pix2pixConfig,
  check: (config) => checkPix2pixConfig(config, pix2pixPresets),
  learner: (input, config) => pix2pixLearner(input, config, pix2pixPresets),
};
