import { Graph, type Value } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { add, mul } from "../../graph/operators/elementwise.ts";
import { constantParameters, type Parameters, trainableParameters } from "../../models/networks/parameters.ts";
import {
  type RecurrentMzArchitecture,
  recurrentMzAlignment,
  recurrentMzNetwork,
} from "../../models/networks/recurrent-mz.ts";
import { recurrentMzDiscriminator } from "../../models/networks/recurrent-mz-discriminator.ts";
import { fixedStatistics, type Norm, runningStatistics } from "../../models/networks/running-norm.ts";
import type { Tensors } from "../../run/runtime.ts";
import type { Learner } from "../learner.ts";
import { leastSquaresLoss, maeLoss, msSsimLoss } from "../losses.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import { adversarialSteps } from "./adversarial-steps.ts";
import type { RecurrentMzConfig } from "./recurrent-mz-config.ts";

/**
 * The steps of Recurrent-MZ. "generator" trains the network with the supervised losses and, in adversarial training,
 * the adversarial loss; "discriminator", only in adversarial training, trains the discriminator. They read `image` `[n,
 * 2 planes, p, p]`, `present` `[n, planes, 1, 1]` and `target` `[n, 1, p, p]`.
 */
export function recurrentMzSteps(
  config: RecurrentMzConfig,
  architecture: RecurrentMzArchitecture,
): Required<Pick<Learner, "steps" | "specs" | "buffers">> {
  const { batch_size: n, patch_size: p, max_planes, clip_norm: clipNorm, ema_decay: emaDecay } = config;
  const shapes = { image: [n, 2 * max_planes, p, p], present: [n, max_planes, 1, 1], target: [n, 1, p, p] };
  const generator = (inputs: (name: "image" | "present") => Value, parameters: Parameters, norm: Norm): Value => {
    const build = { parameters, norm, form: "training" } as const;
    return recurrentMzNetwork({ image: inputs("image"), present: inputs("present") }, architecture, build);
  };
  if (config.adversarial_weight > 0) {
    return adversarialSteps(
      {
        shapes,
        target: "target",
        generator,
        supervised: (output, target) => supervisedLoss(output, target, config),
        discriminator: (picture, _inputs, parameters) =>
          recurrentMzDiscriminator(picture, config.discriminator_channels, parameters),
        adversarial: leastSquaresLoss,
        adversarialWeight: config.adversarial_weight,
      },
      {
        learningRate: config.learning_rate,
        discriminatorLearningRate: config.discriminator_learning_rate,
        clipNorm,
        emaDecay,
      },
    );
  }
  const graph = new Graph();
  const { parameters, specs, values } = trainableParameters(graph);
  const { norm, buffers } = runningStatistics(parameters);
  const output = generator((name) => graph.input(name, shapes[name]), parameters, norm);
  optimise(graph, supervisedLoss(output, graph.input("target", shapes.target), config), values, { clipNorm, emaDecay });
  return { steps: [{ name: "generator", graph, learningRate: config.learning_rate }], specs, buffers };
}

function supervisedLoss(output: Value, target: Value, { mae_weight, ms_ssim_weight }: RecurrentMzConfig): Value {
  const terms: Value[] = [];
  if (mae_weight > 0) terms.push(mul(maeLoss(output, target), mae_weight));
  if (ms_ssim_weight > 0) terms.push(mul(msSsimLoss(output, target), ms_ssim_weight));
  return terms.reduce(add);
}

/**
 * The network alone, with weights from the state: `image` `[1, 2 planes, h, w]` and `present` `[1, planes, 1, 1]` to
 * `refocused`.
 */
export function recurrentMzPrediction(
  planes: number,
  height: number,
  width: number,
  architecture: RecurrentMzArchitecture,
  emaDecay?: number,
): Graph {
  const graph = new Graph();
  const image = graph.input("image", [1, 2 * planes, height, width]);
  const present = graph.input("present", [1, planes, 1, 1]);
  const parameters = weightsToValidate(graph, emaDecay);
  const norm = fixedStatistics(parameters, trainableParameters(graph).parameters);
  const build = { parameters, norm, form: "portable" } as const;
  graph.output("refocused", recurrentMzNetwork({ image, present }, architecture, build));
  return graph;
}

/** The trained model as ONNX for 1 to `planes` planes, with its weights; extents "batch", "y" and "x" are variable. */
export function exportRecurrentMz(
  planes: number,
  architecture: RecurrentMzArchitecture,
  weights: Tensors,
): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const size = 4 * recurrentMzAlignment(architecture);
  const image = graph.input("image", [1, 2 * planes, size, size]);
  const present = graph.input("present", [1, planes, 1, 1]);
  const parameters = constantParameters(graph, weights);
  const build = { parameters, norm: fixedStatistics(parameters), form: "portable" } as const;
  graph.output("refocused", recurrentMzNetwork({ image, present }, architecture, build));
  const open = { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { image: open, present: { 0: "batch" }, refocused: open } });
}
