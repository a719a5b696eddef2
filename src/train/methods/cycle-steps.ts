/** The two training steps of a cycle GAN with two generators, forward and backward, and two discriminators. */
import { sizeOf } from "../../array/shape.ts";
import { Graph, type Tensor, type Value } from "../../graph/graph.ts";
import { add, mul } from "../../graph/operators/elementwise.ts";
import { type ComiArchitecture, comiGenerator } from "../../models/networks/comi.ts";
import { freezingStatistics } from "../../models/networks/frozen-norm.ts";
import { type Parameters, trainableParameters } from "../../models/networks/parameters.ts";
import type { Norm } from "../../models/networks/running-norm.ts";
import { nextOf } from "../../run/runtime.ts";
import type { AdamOptions } from "../adam.ts";
import type { Learner } from "../learner.ts";
import { leastSquaresLoss } from "../losses.ts";
import { optimise } from "../optimise.ts";
import { emptyPool, throughPool } from "./image-pool.ts";

/** One direction of a cycle, for the losses; pictures `[n, 1, p, p]`. */
export interface CycleDirection {
  /** The input, a picture of the target domain, and the output of the generator for the input. */
  input: Value;
  target: Value;
  fake: Value;
  /** The cycled picture: the output of the other generator for `fake`. */
  cycled(): Value;
  /** The output of the generator for `target`, which is already in the target domain. */
  same(): Value;
  /**
   * Adversarial loss (least squares) of a picture in a domain: 0 where the discriminator of the domain scores it as
   * recorded.
   */
  adversarial(domain: "input" | "target", picture: Value): Value;
}

/**
 * One term of the loss of a generator. metrics.csv shows it as `<name>_loss`: the unweighted sum of both directions.
 */
export interface CycleTerm {
  name: string;
  value: Value;
  weight: number;
}

export interface CycleDesign {
  /** `[n, 1, p, p]` */
  shape: readonly number[];
  architecture: ComiArchitecture;
  discriminator(picture: Value, parameters: Parameters): Value;
  /** The terms of the generator loss in one direction, without those of weight 0. */
  terms(direction: CycleDirection): CycleTerm[];
  /** Number of earlier generated pictures for the discriminators, see {@link throughPool}; 0 for none. */
  poolSize: number;
  learningRate: number;
  discriminatorLearningRate: number;
  /** Options of Adam for the generators. */
  adam?: AdamOptions | undefined;
  discriminatorAdam?: AdamOptions | undefined;
  clipNorm?: number | undefined;
  emaDecay?: number | undefined;
}

/** Prefix of state that is not part of the model and is initialised anew when fine-tuning. */
const discriminatorPrefix = "discriminator/";
/** Prefix of the backward generator, which is not part of the model either. */
const backwardPrefix = "discriminator/backward/";
type Domain = "image" | "target";
const domains: readonly Domain[] = ["image", "target"];
const fakeName = (domain: Domain): string => `${discriminatorPrefix}fake/${domain}`;
const poolName = (domain: Domain): string => `${discriminatorPrefix}pool/${domain}`;
/** The input that weights the statistics of each image against the moving averages (frozen-norm.ts). */
export const batchWeightName = "live_statistics";

/**
 * The weight of batch statistics at step t (1, 2, ...): 1 over the first half of `steps` steps, then decreasing
 * linearly to 0.
 */
export const batchStatisticsWeight = (t: number, steps: number): number =>
  steps === 0 ? 0 : Math.min(1, Math.max(0, 2 - (2 * t) / steps));

/**
 * Step "generator" lowers the terms of both directions, image to target and target to image. Step "discriminator"
 * trains both discriminators by least squares on recorded pictures (1) and on pictures that were generated in the same
 * step before its update, or earlier (0). The losses are `real_loss` and `fake_loss` in metrics.csv; each is 0.25 for a
 * score of 0.5.
 *
 * The batch contains `image` and `target` `[n, 1, p, p]`, with a normalisation `live_statistics` (scalar), and with a
 * pool `<domain>_place` and `<domain>_old`. The parameters of the forward generator, which becomes the model, have no
 * prefix.
 */
export function cycleSteps(design: CycleDesign): Required<Pick<Learner, "steps" | "specs" | "buffers">> {
  const generator = generatorStep(design);
  const discriminator = discriminatorStep(design);
  const { learningRate, discriminatorLearningRate, adam, discriminatorAdam } = design;
  return {
    steps: [
      { name: "generator", graph: generator.graph, learningRate, adam },
      {
        name: "discriminator",
        graph: discriminator.graph,
        learningRate: discriminatorLearningRate,
        adam: discriminatorAdam,
      },
    ],
    specs: new Map([...generator.specs, ...discriminator.specs]),
    buffers: { ...generator.buffers, ...discriminator.buffers },
  };
}

function generatorStep({ shape, architecture, discriminator, terms, ...rates }: CycleDesign) {
  const graph = new Graph();
  const image = graph.input("image", shape);
  const target = graph.input("target", shape);
  const { parameters, specs, values } = trainableParameters(graph);
  const buffers: Record<string, Tensor>[] = [];
  const { normalisation } = architecture;
  const batchWeight = normalisation === "none" ? undefined : graph.input(batchWeightName, []);
  const generatorOf = (prefix: string): ((x: Value) => Value) => {
    const own = prefixed(parameters, prefix);
    let norm: Norm = (x) => x;
    if (batchWeight && normalisation !== "none") {
      const freezing = freezingStatistics(normalisation, batchWeight, own, prefix);
      buffers.push(freezing.buffers);
      norm = freezing.norm;
    }
    return (x) => comiGenerator(x, architecture, own, norm, "training");
  };
  const [there, back] = [generatorOf(""), generatorOf(backwardPrefix)];
  const discriminatorParameters = trainableParameters(graph).parameters;
  const adversarial = (domain: Domain, picture: Value): Value =>
    leastSquaresLoss(discriminator(picture, prefixed(discriminatorParameters, `${discriminatorPrefix}${domain}/`)), 1);

  const fake = { target: there(image), image: back(target) };
  const forwards: CycleDirection = {
    input: image,
    target,
    fake: fake.target,
    cycled: once(() => back(fake.target)),
    same: () => there(target),
    adversarial: (domain, picture) => adversarial(domain === "input" ? "image" : "target", picture),
  };
  const backwards: CycleDirection = {
    input: target,
    target: image,
    fake: fake.image,
    cycled: once(() => there(fake.image)),
    same: () => back(image),
    adversarial: (domain, picture) => adversarial(domain === "input" ? "target" : "image", picture),
  };
  const theirs = terms(backwards);
  const parts = terms(forwards).map(({ name, value, weight }, i) => {
    const both = add(value, theirs[i].value);
    graph.output(`${name}_loss`, both);
    return mul(both, weight);
  });
  optimise(
    graph,
    parts.reduce((a, b) => add(a, b)),
    values,
    rates,
  );
  for (const domain of domains) {
    graph.output(nextOf(fakeName(domain)), fake[domain]);
    buffers.push({ [fakeName(domain)]: { type: "float32", shape, data: new Float32Array(sizeOf(shape)) } });
  }
  return { graph, specs, buffers: Object.assign({}, ...buffers) as Record<string, Tensor> };
}

function discriminatorStep({ shape, discriminator, poolSize, discriminatorAdam, clipNorm }: CycleDesign) {
  const graph = new Graph();
  const { parameters, specs, values } = trainableParameters(graph);
  const buffers: Record<string, Tensor> = {};
  const losses = domains.map((domain) => {
    const score = (picture: Value): Value =>
      discriminator(picture, prefixed(parameters, `${discriminatorPrefix}${domain}/`));
    let generated = graph.input(fakeName(domain), shape);
    if (poolSize > 0) {
      const place = graph.input(`${domain}_place`, [shape[0], poolSize]);
      const old = graph.input(`${domain}_old`, [shape[0], 1]);
      generated = throughPool(generated, poolName(domain), place, old);
      buffers[poolName(domain)] = emptyPool(poolSize, shape);
    }
    const real = leastSquaresLoss(score(graph.input(domain, shape)), 1);
    return { real, fake: leastSquaresLoss(score(generated), 0) };
  });
  const mean = (kind: "real" | "fake"): Value => mul(add(losses[0][kind], losses[1][kind]), 0.5);
  const [real, fake] = [mean("real"), mean("fake")];
  graph.output("real_loss", real);
  graph.output("fake_loss", fake);
  // The loss of each discriminator is the mean of its two losses (Zhu et al. 2017, section 7.1).
  optimise(graph, add(real, fake), values, { adam: discriminatorAdam, clipNorm });
  return { graph, specs, buffers };
}

/** Builds a value at its first use, and only once. */
function once(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const prefixed =
  (parameters: Parameters, prefix: string): Parameters =>
  (name, shape, initial) =>
    parameters(`${prefix}${name}`, shape, initial);
