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

/** A tensor of the batch by its name; it becomes an input of the step's graph when it is first asked for. */
export type BatchInputs = (name: string) => Value;

/** A generator, its opponent, and what each is after. */
export interface AdversarialNetworks {
  /** Shapes of the tensors of the batch that either network or the loss asks for. */
  shapes: Readonly<Record<string, readonly number[]>>;
  /**
   * Which of them says how much of the batch's own statistics `norm` takes, a scalar ({@link runningStatistics});
   * without, all.
   */
  live?: string | undefined;
  /** Which of them is the recorded picture; shaped as the generator's output. */
  target: string;
  /** The generator; `norm` is batch normalisation with running statistics, for those that have it. */
  generator(inputs: BatchInputs, parameters: Parameters, norm: Norm): Value;
  /** What pulls the output to the target beside the discriminator, such as a weighted mean absolute error. */
  supervised(output: Value, target: Value): Value;
  /**
   * Its opinion on a picture, recorded or generated; with what else it sees (`inputs("image")` where it is
   * conditional). Its parameters get the prefix "discriminator/".
   */
  discriminator(picture: Value, inputs: BatchInputs, parameters: Parameters): Value;
  adversarial: AdversarialLoss;
  /** Of the adversarial part of the generator's loss. */
  adversarialWeight: number;
}

/** How the two are trained. */
export interface AdversarialRates {
  learningRate: number;
  discriminatorLearningRate: number;
  adam?: AdamOptions | undefined;
  clipNorm?: number | undefined;
  /** Of the generator's weights. */
  emaDecay?: number | undefined;
  /** The discriminator learns at every second, third, ... step only; default 1. */
  discriminatorEvery?: number | undefined;
}

/** What a learner takes over. */
export interface AdversarialSteps extends Pick<Learner, "steps" | "specs"> {
  buffers: Tensors;
}

const opponent = "discriminator/";
/** State: what the generator made of this step's batch. Its name keeps it out of the finished model. */
const generatedName = `${opponent}generated`;

/**
 * Step "generator": lowers supervised + adversarialWeight * adversarial(opinion on the output, 1); beside `loss`,
 * metrics.csv shows `supervised_loss` and `adversarial_loss`. Step "discriminator": lowers the mean of
 * adversarial(opinion on the target, 1) and adversarial(opinion on the output, 0), shown as `real_loss` and
 * `fake_loss`.
 *
 * The discriminator is shown what the generator made in the same step, before its update, as in the published code of
 * pix2pix; it is kept in the state, so that the generator runs once a step.
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
    networks.live === undefined ? undefined : inputs(networks.live),
  );
  const output = networks.generator(inputs, parameters, norm);
  const supervised = networks.supervised(output, inputs(networks.target));
  const judge = trainableParameters(graph);
  const opinion = networks.discriminator(output, inputs, prefixed(judge.parameters));
  const fooled = networks.adversarial(opinion, 1);
  graph.output("supervised_loss", supervised);
  graph.output("adversarial_loss", fooled);
  optimise(graph, add(supervised, mul(fooled, networks.adversarialWeight)), values, optimiser);
  graph.output(nextOf(generatedName), output);
  const empty: Tensor = { type: "float32", shape: output.shape, data: new Float32Array(sizeOf(output.shape)) };
  return { graph, specs, output, buffers: { ...buffers, [generatedName]: empty } };
}

function discriminatorStep(networks: AdversarialNetworks, { shape }: Value, optimiser: Optimiser) {
  const graph = new Graph();
  const inputs = batchInputs(graph, networks);
  const { parameters, specs, values } = trainableParameters(graph);
  const generated = graph.input(generatedName, shape);
  const opinionOn = (picture: Value): Value => networks.discriminator(picture, inputs, prefixed(parameters));
  const real = networks.adversarial(opinionOn(inputs(networks.target)), 1);
  const fake = networks.adversarial(opinionOn(generated), 0);
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
    parameters(`${opponent}${name}`, shape, initial);
