import { gradients } from "../graph/gradients.ts";
import { Graph, type Value } from "../graph/graph.ts";
import { writeOnnx } from "../graph/onnx/write.ts";
import { add, mul } from "../graph/operators/elementwise.ts";
import { type DeepZArchitecture, deepZDiscriminator, deepZGenerator } from "../models/deep-z.ts";
import { constantParameters, type ParameterSpec, trainableParameters } from "../models/parameters.ts";
import type { Tensors } from "../run/runtime.ts";
import { adamUpdate } from "./adam.ts";
import type { TrainingConfig } from "./config.ts";
import { leastSquaresLoss, maeLoss, msSsimLoss } from "./losses.ts";

/** Graphs of one training step each, and the parameters that they train. */
export interface TrainingSteps {
  graphs: Record<string, Graph>;
  specs: Map<string, ParameterSpec>;
}

/**
 * The steps of Deep-Z: "generator" moves the generator towards the target (and, in adversarial training, towards what the
 * discriminator takes for recorded); "discriminator", only in adversarial training, tells recorded from generated.
 *
 * Both read `image` `[n, planes + 1, p, p]`, `target` `[n, 1, p, p]`, `rate` and `correction` (scalars), and write `loss`.
 */
export function deepZSteps(config: TrainingConfig, architecture: DeepZArchitecture): TrainingSteps {
  const specs = new Map<string, ParameterSpec>();
  const graphs: Record<string, Graph> = { generator: generatorStep(config, architecture, specs) };
  if (config.adversarial_weight > 0) graphs.discriminator = discriminatorStep(config, architecture, specs);
  return { graphs, specs };
}

const discriminatorPrefix = "discriminator/";

interface StepInputs {
  graph: Graph;
  image: Value;
  target: Value;
  scalars: { rate: Value; correction: Value };
}

function stepInputs(config: TrainingConfig): StepInputs {
  const graph = new Graph();
  const { batch_size: n, patch_size: p, input_offsets } = config;
  return {
    graph,
    image: graph.input("image", [n, input_offsets.length + 1, p, p]),
    target: graph.input("target", [n, 1, p, p]),
    scalars: { rate: graph.input("rate", []), correction: graph.input("correction", []) },
  };
}

/** The generator and the discriminator in one graph, each with its own parameters. */
function bothNetworks(inputs: StepInputs, config: TrainingConfig, architecture: DeepZArchitecture) {
  const { graph, image } = inputs;
  const generator = trainableParameters(graph);
  const discriminator = trainableParameters(graph);
  const output = deepZGenerator(image, architecture, generator.parameters, "training");
  const opinionOn = (picture: Value): Value =>
    deepZDiscriminator(picture, config.discriminator_channels, (name, shape, initial) =>
      discriminator.parameters(`${discriminatorPrefix}${name}`, shape, initial),
    );
  return { output, opinionOn, generator, discriminator };
}

function generatorStep(
  config: TrainingConfig,
  architecture: DeepZArchitecture,
  specs: Map<string, ParameterSpec>,
): Graph {
  const inputs = stepInputs(config);
  const { graph, target, scalars } = inputs;
  const { output, opinionOn, generator, discriminator } = bothNetworks(inputs, config, architecture);
  const terms: Value[] = [];
  if (config.mae_weight > 0) terms.push(mul(maeLoss(output, target), config.mae_weight));
  if (config.ms_ssim_weight > 0) terms.push(mul(msSsimLoss(output, target), config.ms_ssim_weight));
  if (config.adversarial_weight > 0) {
    terms.push(mul(leastSquaresLoss(opinionOn(output), 1), config.adversarial_weight));
  }
  const loss = terms.reduce((a, b) => add(a, b));
  graph.output("loss", loss);
  adamUpdate(graph, generator.values, gradients(loss, [...generator.values.values()]), scalars);
  for (const [name, spec] of [...generator.specs, ...discriminator.specs]) specs.set(name, spec);
  return graph;
}

function discriminatorStep(
  config: TrainingConfig,
  architecture: DeepZArchitecture,
  specs: Map<string, ParameterSpec>,
): Graph {
  const inputs = stepInputs(config);
  const { graph, target, scalars } = inputs;
  const { output, opinionOn, discriminator } = bothNetworks(inputs, config, architecture);
  const loss = mul(add(leastSquaresLoss(opinionOn(target), 1), leastSquaresLoss(opinionOn(output), 0)), 0.5);
  graph.output("loss", loss);
  adamUpdate(graph, discriminator.values, gradients(loss, [...discriminator.values.values()]), scalars);
  for (const [name, spec] of discriminator.specs) specs.set(name, spec);
  return graph;
}

/** The generator alone, reading its weights from the state: `image` `[1, planes + 1, h, w]` to `refocused`. */
export function predictionGraph(planes: number, height: number, width: number, architecture: DeepZArchitecture): Graph {
  const graph = new Graph();
  const image = graph.input("image", [1, planes + 1, height, width]);
  const { parameters } = trainableParameters(graph);
  graph.output("refocused", deepZGenerator(image, architecture, parameters, "portable"));
  return graph;
}

/** The finished model: weights inside, extents "batch", "y" and "x" open. */
export function exportDeepZ(
  planes: number,
  architecture: DeepZArchitecture,
  weights: Tensors,
): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const size = 4 * 2 ** architecture.down.length;
  const image = graph.input("image", [1, planes + 1, size, size]);
  graph.output("refocused", deepZGenerator(image, architecture, constantParameters(graph, weights), "portable"));
  const open = { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { image: open, refocused: open } });
}

/** Whether a state tensor is a weight of the generator: what the finished model needs. */
export const isGeneratorWeight = (name: string): boolean =>
  !name.startsWith("adam_") && !name.startsWith(discriminatorPrefix);
