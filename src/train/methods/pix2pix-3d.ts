/** Training pix2pix over sub-stacks: neighbouring planes tell what haze belongs to them. */
import { z } from "zod";
import { pix2pix3dPresets } from "../../models/networks/pix2pix.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import type { TrainingMethod } from "../training-method.ts";
import { checkPix2pixConfig, pix2pixKeys } from "./pix2pix-keys.ts";
import { pix2pixLearner } from "./pix2pix-learner.ts";

/** Everything that decides how pix2pix is trained in 3-D. */
export const pix2pix3dConfig = z.strictObject({
  method: z.literal("pix2pix-3d").default("pix2pix-3d").describe("the method"),
  ...commonConfig({
    experiment_name: "pix2pix-3d",
    batch_size: 2,
    learning_rate: 1e-3,
    schedule: "linear",
    warmup_steps: 20,
    ema_decay: 0.99,
  }),
  planes: z.int().positive().default(5).describe("planes of a sub-stack, an odd number"),
  ...pix2pixKeys,
});

export type Pix2pix3dConfig = z.output<typeof pix2pix3dConfig>;

export const pix2pix3d: TrainingMethod<Pix2pix3dConfig, typeof pix2pix3dConfig> = {
  name: "pix2pix-3d",
  task: "section",
  summary: "pix2pix with 3-D convolutions over sub-stacks (after Zhuge et al., 2021)",
  config: pix2pix3dConfig,
  check(config) {
    checkPix2pixConfig(config, pix2pix3dPresets);
    if (config.planes % 2 === 1) return;
    throw configError("planes", `planes must be an odd number, so that there is a middle one, got ${config.planes}`);
  },
  learner: (input, config) => pix2pixLearner(input, config, pix2pix3dPresets, config.planes),
};
