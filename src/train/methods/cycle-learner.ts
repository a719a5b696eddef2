/** The learner of COMI and CycleGAN: two generators, two discriminators, and the export of the model. */
import { Random } from "../../array/random.ts";
import { comiAlignment } from "../../models/networks/comi.ts";
import type { Tensors } from "../../run/runtime.ts";
import type { CommonConfig } from "../common-config.ts";
import type { PairedSources } from "../data/paired-data.ts";
import { sectionScale } from "../data/section-scale.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner, Validator } from "../learner.ts";
import type { TrainingInput } from "../training-method.ts";
import { cyclePrediction, exportCycle } from "./cycle-model.ts";
import { batchStatisticsWeight, batchWeightName, type CycleDesign, cycleSteps } from "./cycle-steps.ts";
import { poolPlaces } from "./image-pool.ts";
import { type ImageNetwork, pairedValidator } from "./paired-validator.ts";
import { unpairedValidator } from "./unpaired-validator.ts";

/** The parts that differ between the two methods. */
export interface CycleMethod
  extends Pick<CycleDesign, "architecture" | "discriminator" | "terms" | "poolSize" | "adam" | "discriminatorAdam"> {
  method: "comi" | "cycle-gan";
  /** `image` and `target` of step t, `[n, 1, p, p]` each. */
  batchAt(step: number): Promise<Tensors>;
  /** Whether input and target show the same place; default true. */
  pairedValidation?: boolean;
}

type CycleConfig = CommonConfig & { discriminator_learning_rate: number; batch_statistics_steps: number };

export function cycleLearner(
  input: TrainingInput,
  config: CycleConfig,
  { validation, warnings }: PairedSources,
  parts: CycleMethod,
): Learner {
  const { method, architecture, poolSize, pairedValidation = true } = parts;
  const { batch_size: n, patch_size: p, ema_decay, seed } = config;
  const statisticsSteps = Math.min(config.batch_statistics_steps, Math.floor(config.num_steps / 2));
  const network: ImageNetwork = {
    alignment: comiAlignment,
    predictionGraph: (height, width) => cyclePrediction(height, width, architecture, ema_decay),
  };
  const validator = (count: number, thorough: boolean): Validator =>
    pairedValidation
      ? pairedValidator(validation, network, { count, thorough })
      : unpairedValidator(validation, network, count);
  return {
    warnings,
    ...cycleSteps({
      ...parts,
      shape: [n, 1, p, p],
      learningRate: config.learning_rate,
      discriminatorLearningRate: config.discriminator_learning_rate,
      clipNorm: config.clip_norm,
      emaDecay: ema_decay,
    }),
    async batchAt(step) {
      const batch = await parts.batchAt(step);
      const weight = Float32Array.of(batchStatisticsWeight(step, statisticsSteps));
      batch[batchWeightName] = { type: "float32", shape: [], data: weight };
      const random = new Random(seed).fork(step).fork(1);
      if (poolSize > 0) {
        for (const domain of ["image", "target"] as const) {
          const { place, old } = poolPlaces(step, n, poolSize, random);
          batch[`${domain}_place`] = place;
          batch[`${domain}_old`] = old;
        }
      }
      return batch;
    },
    validator: validator(6, false),
    finalValidator: validator(16, true),
    pack: (weights, { steps, report }) => ({
      info: {
        ...describeModel(input, config, steps, report),
        task: "section",
        method,
        architecture,
        ...sectionScale(validation),
        pixel_size: validation[0].pixelSize,
      },
      onnx: exportCycle(architecture, weights),
    }),
  };
}
