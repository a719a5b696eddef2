/** Trains CARE, with or without an uncertainty output. */
import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { abs, add, div, log, mul, sub } from "../../graph/operators/elementwise.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import {
  type CareArchitecture,
  careAlignment,
  careArchitecture,
  care as careNetwork,
  carePresets,
  laplaceParts,
} from "../../models/networks/care.ts";
import { commonConfig } from "../common-config.ts";
import type { TrainingMethod } from "../training-method.ts";
import type { BeyondImage } from "./paired-validator.ts";
import { checkPatchSize, type SupervisedNetwork, supervisedLearner } from "./supervised-section.ts";

/** The configuration of CARE. The authors used a patch_size of 128, a batch_size of 16 and a learning_rate of 4e-4. */
export const careConfig = z.strictObject({
  method: z.literal("care").default("care").describe("name of the method"),
  ...commonConfig({ experiment_name: "care", batch_size: 4, learning_rate: 1.5e-3, clip_norm: 1 }),
  architecture: careArchitecture
    .omit({ laplace: true })
    .partial()
    .optional()
    .describe("settings of the network that differ from the preset"),
  loss: z
    .enum(["mae", "laplace"])
    .default("mae")
    .describe(
      "mae (mean absolute error), or laplace (likelihood of a Laplace distribution, whose scale is an uncertainty for every pixel)",
    ),
});

export type CareConfig = z.output<typeof careConfig>;

export const care: TrainingMethod<CareConfig, typeof careConfig> = {
  name: "care",
  task: "section",
  summary: "shallow residual U-Net, optionally with an uncertainty for every pixel (after Weigert et al., 2018)",
  config: careConfig,
  check: (config) => checkPatchSize(config, careAlignment(architectureOf(config))),
  learner(input, config) {
    const architecture = architectureOf(config);
    return supervisedLearner(input, config, careOf(architecture), (common) => ({
      ...common,
      method: "care",
      architecture,
    }));
  },
};

function architectureOf({ preset, architecture, loss }: CareConfig): CareArchitecture {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return careArchitecture.parse({ ...carePresets[preset], ...own, laplace: loss === "laplace" });
}

/** The network for training. */
export const careOf = (architecture: CareArchitecture): SupervisedNetwork => ({
  alignment: careAlignment(architecture),
  // The margin covers the receptive field, which is small since there are few levels.
  margin: 4 * careAlignment(architecture),
  build: (x, parameters) => careNetwork(x, architecture, parameters),
  ...(architecture.laplace ? { loss: laplaceLoss, beyond: laplaceScores } : {}),
});

/** Mean of the negative logarithm of a Laplace density: |target - median| / scale + ln(2 scale). */
export function laplaceLoss(output: Value, target: Value): Value {
  const { median, scale } = laplaceParts(output);
  return reduceMean(add(div(abs(sub(target, median)), scale), log(mul(scale, 2))));
}

/**
 * `loss` is the exponential of the negative log likelihood, so that it is a width above 0 (2 e b for a perfect model of
 * scale b). `coverage` is the share of pixels within the interval that should contain 80 % of them.
 */
const laplaceScores: BeyondImage = {
  metrics: ["coverage"],
  scores([median, scale], truth) {
    let [loss, inside] = [0, 0];
    const n = truth.data.length;
    for (let i = 0; i < n; i++) {
      const error = Math.abs(truth.data[i] - median.data[i]) / scale.data[i];
      loss += (error + Math.log(2 * scale.data[i])) / n;
      if (error < Math.log(5)) inside++;
    }
    return { loss: Math.exp(loss), coverage: inside / n };
  },
};
