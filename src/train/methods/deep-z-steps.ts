import { Graph, type Value } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { add, mul } from "../../graph/operators/elementwise.ts";
import { deepZDiscriminator } from "../../models/networks/deep-z.ts";
import { type DeepZNetwork, deepZRefocus } from "../../models/networks/deep-z-refocus.ts";
import { constantParameters, type ParameterSpec, trainableParameters } from "../../models/networks/parameters.ts";
import type { Tensors } from "../../run/runtime.ts";
import type { TrainingStep } from "../learner.ts";
import { leastSquaresLoss, maeLoss, msSsimLoss } from "../losses.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import type { DeepZConfig } from "./deep-z-config.ts";

/** Training steps and their parameters. */
export interface DeepZSteps {
  steps: TrainingStep[];
  specs: Map<string, ParameterSpec>;
}

/**
 * The steps of Deep-Z. "generator" trains the generator with the supervised losses and, in adversarial training, the
 * adversarial loss. "discriminator", only in adversarial training, trains the discriminator to distinguish recorded
 * from generated images.
 *
 * Both read `image` `[n, planes + 1, p, p]` and `target` `[n, 1, p, p]`.
 */
export function deepZSteps(config: DeepZConfig, network: DeepZNetwork): DeepZSteps {
  const specs = new Map<string, ParameterSpec>();
  const graph = generatorStep(config, network, specs);
  const steps: TrainingStep[] = [{ name: "generator", graph, learningRate: config.learning_rate }];
  if (config.adversarial_weight > 0) {
    const discriminator = discriminatorStep(config, network, specs);
    steps.push({ name: "discriminator", graph: discriminator, learningRate: config.discriminator_learning_rate });
  }
  return { steps, specs };
}

const discriminatorPrefix = "discriminator/";

interface StepInputs {
  graph: Graph;
  image: Value;
  target: Value;
}

function stepInputs(config: DeepZConfig): StepInputs {
  const graph = new Graph();
  const { batch_size: n, patch_size: p, input_offsets } = config;
  return {
    graph,
    image: graph.input("image", [n, input_offsets.length + 1, p, p]),
    target: graph.input("target", [n, 1, p, p]),
  };
}

/** The generator and the discriminator in one graph, each with its own parameters. */
function bothNetworks(inputs: StepInputs, config: DeepZConfig, network: DeepZNetwork) {
  const { graph, image } = inputs;
  const generator = trainableParameters(graph);
  const discriminator = trainableParameters(graph);
  const output = deepZRefocus(image, network, {
    parameters: generator.parameters,
    fixed: trainableParameters(graph).parameters,
    form: "training",
  });
  const scoreOf = (picture: Value): Value =>
    deepZDiscriminator(picture, config.discriminator_channels, (name, shape, initial) =>
      discriminator.parameters(`${discriminatorPrefix}${name}`, shape, initial),
    );
  return { output, scoreOf, generator, discriminator };
}

function generatorStep(config: DeepZConfig, network: DeepZNetwork, specs: Map<string, ParameterSpec>): Graph {
  const inputs = stepInputs(config);
  const { graph, target } = inputs;
  const { output, scoreOf, generator, discriminator } = bothNetworks(inputs, config, network);
  const terms: Value[] = [];
  if (config.mae_weight > 0) terms.push(mul(maeLoss(output, target), config.mae_weight));
  if (config.ms_ssim_weight > 0) terms.push(mul(msSsimLoss(output, target), config.ms_ssim_weight));
  if (config.adversarial_weight > 0) {
    const adversarial = leastSquaresLoss(scoreOf(output), 1);
    graph.output("adversarial_loss", adversarial);
    terms.push(mul(adversarial, config.adversarial_weight));
  }
  const loss = terms.reduce((a, b) => add(a, b));
  optimise(graph, loss, generator.values, { clipNorm: config.clip_norm, emaDecay: config.ema_decay });
  for (const [name, spec] of [...generator.specs, ...discriminator.specs]) specs.set(name, spec);
  return graph;
}

function discriminatorStep(config: DeepZConfig, network: DeepZNetwork, specs: Map<string, ParameterSpec>): Graph {
  const inputs = stepInputs(config);
  const { graph, target } = inputs;
  const { output, scoreOf, discriminator } = bothNetworks(inputs, config, network);
  const loss = mul(add(leastSquaresLoss(scoreOf(target), 1), leastSquaresLoss(scoreOf(output), 0)), 0.5);
  optimise(graph, loss, discriminator.values, { clipNorm: config.clip_norm });
  for (const [name, spec] of discriminator.specs) specs.set(name, spec);
  return graph;
}

/** The generator alone, with weights from the state: `image` `[1, planes + 1, h, w]` to `refocused`. */
export function predictionGraph(height: number, width: number, network: DeepZNetwork, emaDecay?: number): Graph {
  const graph = new Graph();
  const image = graph.input("image", [1, network.offsets.length + 1, height, width]);
  graph.output(
    "refocused",
    deepZRefocus(image, network, {
      parameters: weightsToValidate(graph, emaDecay),
      fixed: trainableParameters(graph).parameters,
      form: "portable",
    }),
  );
  return graph;
}

/** The trained model as ONNX, with its weights; extents "batch", "y" and "x" are variable. */
export function exportDeepZ(network: DeepZNetwork, weights: Tensors): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const size = 4 * 2 ** network.architecture.down.length;
  const parameters = constantParameters(graph, weights);
  const image = graph.input("image", [1, network.offsets.length + 1, size, size]);
  graph.output("refocused", deepZRefocus(image, network, { parameters, fixed: parameters, form: "portable" }));
  const open = { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { image: open, refocused: open } });
}
