/** Trains COMI: a cycle GAN for deblurring, trained on pairs. */
import { z } from "zod";
import { comiPresets } from "../../models/networks/comi.ts";
import { comiDiscriminator } from "../../models/networks/comi-discriminator.ts";
import { commonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import { pairedBatches } from "../data/paired-batches.ts";
import { pairedSources } from "../data/paired-data.ts";
import type { Learner } from "../learner.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { checkCycleConfig, cycleArchitecture, cycleKeys, cycleWeight } from "./cycle-keys.ts";
import { cycleLearner } from "./cycle-learner.ts";
import { comiTerms } from "./cycle-terms.ts";
import { networkDistance, structureDistance } from "./feature-distance.ts";

/**
 * The configuration of COMI. The published configuration is preset published, patch_size 512, learning_rate 1e-4, beta1
 * 0.5, discriminator_channels 64, pixel_weight 0, and VGG19 as feature_model.
 */
export const comiConfig = z.strictObject({
  method: z.literal("comi").default("comi").describe("name of the method"),
  ...commonConfig({
    experiment_name: "comi",
    batch_size: 4,
    num_steps: 1000,
    learning_rate: 1e-3,
    schedule: "linear",
  }),
  ...cycleKeys({ discriminator_learning_rate: 1e-4, beta1: 0.9 }),
  adversarial_weight: cycleWeight(1e-3, "the adversarial loss of generated and of cycled images", 1e-3),
  feature_weight: cycleWeight(1, "the feature distance between output and target", 1),
  pixel_weight: cycleWeight(1, "the mean absolute error, which keeps brightness correct", 0),
  cycle_weight: cycleWeight(1, "the cycle loss: the feature distance between the input and the cycled image", 1),
  identity_weight: cycleWeight(1, "the identity loss: the mean squared change of a target that is given as input", 1),
  feature_model: z.string().min(1).optional().meta({
    description: "ONNX file of a network, such as VGG19, whose features are compared instead of MS-SSIM and gradients",
    placeholder: "file",
  }),
});

export type ComiConfig = z.output<typeof comiConfig>;

const adamBeta2 = { small: 0.999, published: 0.99 };

export const comi: TrainingMethod<ComiConfig, typeof comiConfig> = {
  name: "comi",
  task: "section",
  summary: "cycle GAN for deblurring, trained on registered pairs (Zhang et al., 2022)",
  config: comiConfig,
  check,
  learner,
};

function check(config: ComiConfig): void {
  checkCycleConfig(config, 16);
  if (config.feature_weight > 0 || config.pixel_weight > 0) return;
  const detail = "feature_weight and pixel_weight are both 0, so that no loss would compare the output with the target";
  throw configError("feature_weight", detail);
}

function* learner(input: TrainingInput, config: ComiConfig): Generator<void, Learner> {
  const sources = yield* pairedSources(input, config);
  const { batch_size: n, patch_size: p, beta1 } = config;
  const shape = [n, 1, p, p];
  if (config.feature_model !== undefined && input.featureNetwork === undefined) {
    throw configError(
      "feature_model",
      `feature_model: ${config.feature_model} was not read; pass its bytes as featureNetwork`,
    );
  }
  const distance = input.featureNetwork ? networkDistance(input.featureNetwork, shape) : structureDistance;
  return cycleLearner(input, config, sources, {
    method: "comi",
    architecture: cycleArchitecture(config, comiPresets),
    discriminator: (picture, parameters) => comiDiscriminator(picture, config.discriminator_channels, parameters),
    terms: comiTerms(config, distance),
    poolSize: 0,
    adam: { beta1, beta2: adamBeta2[config.preset] },
    discriminatorAdam: { beta1: 0.5, beta2: 0.99 },
    batchAt: pairedBatches(sources.at, config),
  });
}
