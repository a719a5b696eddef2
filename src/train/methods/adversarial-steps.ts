/** The two training steps of a conditional GAN, for any generator and any discriminator. */
import { sizeOf } from "../../array/shape.ts";
import { Graph, type Tensor, type Value } from "../../graph/graph.ts";
import { add, mul } from "../../graph/operators/elementwise.ts";
import { type Parameters, trainableParameters } from "../../models/networks/parameters.ts";
import { type Norm, runningStatistics } from "../../models/networks/running-norm.ts";
import { nextOf, type Tensors } from "../../run/runtime.ts";
import type { AdamOptions } from "../adam.ts";
import type { Learner, TrainingStep } from "../learner.ts";
import { optimise } from "../optimise.ts";
import type { AdversarialLoss } from "./adversarial-losses.ts";

/** A tensor of the batch by its name; it becomes an input of the graph of the step at its first use. */
type BatchInputs = (name: string) => Value;

/** A generator, a discriminator and their losses. */
export interface AdversarialNetworks {
  /** Shapes of the tensors of the batch that the networks and the loss use. */
  shapes: Readonly<Record<string, readonly number[]>>;
  /**
   * The name of the scalar that weights the batch statistics in `norm` against the running ones ({@link
   * runningStatistics}); undefined: only batch statistics are used.
   */
  batchWeight?: string | undefined;
  /** The name of the recorded picture, which has the shape of the output of the generator. */
  target: string;
  /** The generator; `norm` is batch normalisation with running statistics, for generators that use it. */
  generator(inputs: BatchInputs, parameters: Parameters, norm: Norm): Value;
  /** The supervised loss, such as a weighted mean absolute error. */
  supervised(output: Value, target: Value): Value;
  /**
   * The discriminator score of a recorded or generated picture; a conditional discriminator also uses
   * `inputs("image")`. Its parameters get the prefix "discriminator/".
   */
  discriminator(picture: Value, inputs: BatchInputs, parameters: Parameters): Value;
  adversarial: AdversarialLoss;
  /** Weight of the adversarial loss in the loss of the generator. */
  adversarialWeight: number;
}

/** How the two networks are trained. */
export interface AdversarialRates {
  learningRate: number;
  discriminatorLearningRate: number;
  adam?: AdamOptions | undefined;
  clipNorm?: number | undefined;
  /** Decay of the moving average of the weights of the generator. */
  emaDecay?: number | undefined;
  /** The discriminator is trained at every second, third, ... step only; default 1. */
  discriminatorEvery?: number | undefined;
}

/** The parts of a learner that these steps define. */
export interface AdversarialSteps extends Pick<Learner, "steps" | "specs"> {
  buffers: Tensors;
}

const discriminatorPrefix = "discriminator/";
/** State: the output of the generator for the batch of this step. Its prefix keeps it out of the trained model. */
const generatedName = `${discriminatorPrefix}generated`;

/**
 * Step "generator": lowers supervised + adversarialWeight * adversarial(score of the output, 1); beside `loss`,
 * metrics.csv shows `supervised_loss` and `adversarial_loss`. Step "discriminator": lowers the mean of
 * adversarial(score of the target, 1) and adversarial(score of the output, 0), shown as `real_loss` and `fake_loss`.
 *
 * The discriminator gets the output of the generator of the same step, before its update, as in the published code of
 * pix2pix. The output is kept in the state, so that the generator runs once per step.
 */
export function adversarialSteps(networks: AdversarialNetworks, rates: AdversarialRates): AdversarialSteps {
  const { learningRate, discriminatorLearningRate, adam, clipNorm, emaDecay, discriminatorEvery } = rates;
  const generator = generatorStep(networks, { adam, clipNorm, emaDecay });
  const discriminator = discriminatorStep(networks, generator.output, { adam, clipNorm });
  const steps: TrainingStep[] = [
    { name: "generator", graph: generator.graph, learningRate, adam },
    {
      name: "discriminator",
      graph: discriminator.graph,
      learningRate: discriminatorLearningRate,
      adam,
      every: discriminatorEvery,
    },
  ];
  const specs = new Map([...generator.specs, ...discriminator.specs]);
  return { steps, specs, buffers: generator.buffers };
}

type Optimiser = Pick<AdversarialRates, "adam" | "clipNorm" | "emaDecay">;

function generatorStep(networks: AdversarialNetworks, optimiser: Optimiser) {
  const graph = new Graph();
  const inputs = batchInputs(graph, networks);
  const { parameters, specs, values } = trainableParameters(graph);
  const { norm, buffers } = runningStatistics(
    parameters,
    networks.batchWeight === undefined ? undefined : inputs(networks.batchWeight),
  );
  const output = networks.generator(inputs, parameters, norm);
  const supervised = networks.supervised(output, inputs(networks.target));
  const discriminator = trainableParameters(graph);
  const score = networks.discriminator(output, inputs, prefixed(discriminator.parameters));
  const adversarial = networks.adversarial(score, 1);
  graph.output("supervised_loss", supervised);
  graph.output("adversarial_loss", adversarial);
  optimise(graph, add(supervised, mul(adversarial, networks.adversarialWeight)), values, optimiser);
  graph.output(nextOf(generatedName), output);
  const empty: Tensor = { type: "float32", shape: output.shape, data: new Float32Array(sizeOf(output.shape)) };
  return { graph, specs, output, buffers: { ...buffers, [generatedName]: empty } };
}

function discriminatorStep(networks: AdversarialNetworks, { shape }: Value, optimiser: Optimiser) {
  const graph = new Graph();
  const inputs = batchInputs(graph, networks);
  const { parameters, specs, values } = trainableParameters(graph);
  const generated = graph.input(generatedName, shape);
  const scoreOf = (picture: Value): Value => networks.discriminator(picture, inputs, prefixed(parameters));
  const real = networks.adversarial(scoreOf(inputs(networks.target)), 1);
  const fake = networks.adversarial(scoreOf(generated), 0);
  graph.output("real_loss", real);
  graph.output("fake_loss", fake);
  optimise(graph, mul(add(real, fake), 0.5), values, optimiser);
  return { graph, specs };
}

function batchInputs(graph: Graph, { shapes }: AdversarialNetworks): BatchInputs {
  const made = new Map<string, Value>();
  return (name) => {
    const value = made.get(name) ?? graph.input(name, shapes[name]);
    made.set(name, value);
    return value;
  };
}

const prefixed =
  (parameters: Parameters): Parameters =>
  (name, shape, initial) =>
    parameters(`${discriminatorPrefix}${name}`, shape, initial);
