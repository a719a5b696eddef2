/** Training CARE, with or without a head that tells how sure it is. */
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

/** Everything that decides how CARE is trained. The authors: patches of 128, 16 at a time, learning rate 4e-4. */
export const careConfig = z.strictObject({
  method: z.literal("care").default("care").describe("the method"),
  ...commonConfig({ experiment_name: "care", batch_size: 4, learning_rate: 1.5e-3, clip_norm: 1 }),
  architecture: careArchitecture
    .omit({ laplace: true })
    .partial()
    .optional()
    .describe("numbers that differ from the preset"),
  loss: z
    .enum(["mae", "laplace"])
    .default("mae")
    .describe(
      "mean absolute error, or the likelihood of a Laplace distribution, whose scale tells how sure the model is",
    ),
});

export type CareConfig = z.output<typeof careConfig>;

export const care: TrainingMethod<CareConfig, typeof careConfig> = {
  name: "care",
  task: "section",
  summary: "shallow residual U-Net that can tell how sure it is of every pixel (after Weigert et al., 2018)",
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

/** The network as it is trained. */
export const careOf = (architecture: CareArchitecture): SupervisedNetwork => ({
  alignment: careAlignment(architecture),
  // Few levels see little: the margin reaches as far as they do.
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
 * `loss` is e to the power of the likelihood's loss, so that it is a width and above 0 (a perfect model of scale b has
 * 2 e b); `coverage` is the share of pixels within the interval that should hold 80 % of them.
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
