/** The learner of pix2pix in 2-D and in 3-D. */
import { Random } from "../../array/random.ts";
import type { ModelInfo } from "../../models/model-info.ts";
import { type Pix2pixArchitecture, pix2pixAlignment } from "../../models/networks/pix2pix.ts";
import { pairedBatches } from "../data/paired-batches.ts";
import { pairedSources } from "../data/paired-data.ts";
import { sectionScale } from "../data/section-scale.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner } from "../learner.ts";
import type { TrainingInput } from "../training-method.ts";
import { adversarialLosses } from "./adversarial-losses.ts";
import { adversarialSteps } from "./adversarial-steps.ts";
import { batchStatisticsWeight, batchWeightName } from "./cycle-steps.ts";
import { pairedValidator } from "./paired-validator.ts";
import { networksOf, type Pix2pixKeys } from "./pix2pix-keys.ts";
import { dropoutMasks, exportPix2pix, pix2pixNetworks, pix2pixPrediction } from "./pix2pix-steps.ts";

/** @param planes planes of a sub-stack; undefined for single planes */
export function* pix2pixLearner(
  input: TrainingInput,
  config: Pix2pixKeys,
  presets: Record<"published" | "small", Pix2pixArchitecture>,
  planes?: number,
): Generator<void, Learner> {
  const { generator, discriminator } = networksOf(config, presets);
  const { batch_size: n, patch_size: p, seed } = config;
  const { validation, at, warnings } = yield* pairedSources(input, config, { planes });
  const draw = pairedBatches(at, config, planes);
  const between = planes === undefined ? [] : [planes];
  const shape = [n, 1, ...between, p, p];
  const losses = {
    maeWeight: config.mae_weight,
    adversarialWeight: config.adversarial_weight,
    adversarial: adversarialLosses[config.adversarial_loss],
    freezeStatistics: true,
  };
  const network = {
    alignment: pix2pixAlignment(generator),
    planes,
    predictionGraph: (height: number, width: number) =>
      pix2pixPrediction(generator, [1, 1, ...between, height, width], config.ema_decay),
  };
  return {
    warnings,
    ...adversarialSteps(pix2pixNetworks(generator, discriminator, shape, losses), {
      learningRate: config.learning_rate,
      discriminatorLearningRate: config.discriminator_learning_rate,
      adam: { beta1: config.beta1 },
      clipNorm: config.clip_norm,
      emaDecay: config.ema_decay,
      discriminatorEvery: config.discriminator_every,
    }),
    async batchAt(step) {
      const random = new Random(seed).fork(step).fork(1);
      const weight = Float32Array.of(batchStatisticsWeight(step, config.batch_statistics_steps));
      return {
        ...(await draw(step)),
        ...dropoutMasks(generator, shape, random),
        [batchWeightName]: { type: "float32", shape: [], data: weight },
      };
    },
    validator: pairedValidator(validation, network, { count: 6 }),
    finalValidator: pairedValidator(validation, network, { count: 16, thorough: true }),
    pack: (weights, { steps, report }) => ({
      info: {
        ...describeModel(input, config, steps, report),
        task: "section",
        architecture: generator,
        ...sectionScale(validation),
        pixel_size: validation[0].pixelSize,
        ...(planes === undefined ? { method: "pix2pix" } : { method: "pix2pix-3d", planes }),
      } satisfies ModelInfo,
      onnx: exportPix2pix(generator, planes ?? 1, weights),
    }),
  };
}
