/** Trains CycleGAN: from one kind of image to another, without pairs. */
import { z } from "zod";
import { cycleGanPresets } from "../../models/networks/comi.ts";
import { cycleGanDiscriminator } from "../../models/networks/comi-discriminator.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import { unpairedBatches } from "../data/paired-batches.ts";
import { pairedSources } from "../data/paired-data.ts";
import type { Learner } from "../learner.ts";
import { maeLoss } from "../losses.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { checkCycleConfig, cycleArchitecture, cycleKeys, cycleWeight } from "./cycle-keys.ts";
import { cycleLearner } from "./cycle-learner.ts";
import { charbonnierLoss, cycleGanTerms } from "./cycle-terms.ts";

/**
 * The configuration of CycleGAN. The published configuration is preset published, patch_size 256, batch_size 1,
 * learning_rate and discriminator_learning_rate 2e-4, beta1 0.5 and discriminator_channels 64.
 */
export const cycleGanConfig = z.strictObject({
  method: z.literal("cycle-gan").default("cycle-gan").describe("name of the method"),
  ...commonConfig({
    experiment_name: "cycle-gan",
    batch_size: 2,
    num_steps: 2000,
    learning_rate: 5e-4,
    schedule: "linear",
    clip_norm: 1,
  }),
  ...cycleKeys({ discriminator_learning_rate: 2e-4, beta1: 0.5 }),
  adversarial_weight: cycleWeight(1, "the adversarial loss", 1),
  cycle_weight: cycleWeight(10, "the cycle loss: the error between the input and the cycled image", 10),
  identity_weight: cycleWeight(5, "the identity loss: the change of a target that is given as input", 5),
  image_pool: z
    .int()
    .nonnegative()
    .default(50)
    .describe("number of earlier generated images that the discriminators are trained on again; 0 for none"),
  paired_validation: z
    .boolean()
    .default(true)
    .describe("compare output and target in validation, which is possible if stack and target show the same field"),
});

export type CycleGanConfig = z.output<typeof cycleGanConfig>;

export const cycleGan: TrainingMethod<CycleGanConfig, typeof cycleGanConfig> = {
  name: "cycle-gan",
  task: "section",
  summary: "cycle GAN, trained on two kinds of images without pairs (Zhu et al., 2017)",
  config: cycleGanConfig,
  check,
  learner,
};

function check(config: CycleGanConfig): void {
  checkCycleConfig(config, 8);
  if (config.adversarial_weight > 0) return;
  const detail = "adversarial_weight must be above 0, since only the adversarial loss uses the targets";
  throw configError("adversarial_weight", detail);
}

function* learner(input: TrainingInput, config: CycleGanConfig): Generator<void, Learner> {
  const sources = yield* pairedSources(input, config, { registered: false });
  const architecture = cycleArchitecture(config, cycleGanPresets);
  return cycleLearner(input, config, sources, {
    method: "cycle-gan",
    architecture,
    discriminator: (picture, parameters) => cycleGanDiscriminator(picture, config.discriminator_channels, parameters),
    terms: cycleGanTerms(config, architecture.residual ? charbonnierLoss : maeLoss),
    poolSize: config.image_pool,
    adam: { beta1: config.beta1 },
    discriminatorAdam: { beta1: 0.5 },
    batchAt: unpairedBatches(sources.at, config),
    pairedValidation: config.paired_validation,
  });
}
