/** The two training steps of a cycle GAN: two generators, there and back, and two discriminators. */
import { sizeOf } from "../../array/shape.ts";
import { Graph, type Tensor, type Value } from "../../graph/graph.ts";
import { add, mul } from "../../graph/operators/elementwise.ts";
import { type ComiArchitecture, comiGenerator } from "../../models/networks/comi.ts";
import { type Parameters, trainableParameters } from "../../models/networks/parameters.ts";
import type { Norm } from "../../models/networks/running-norm.ts";
import { settlingStatistics } from "../../models/networks/settled-norm.ts";
import { nextOf } from "../../run/runtime.ts";
import type { AdamOptions } from "../adam.ts";
import type { Learner } from "../learner.ts";
import { leastSquaresLoss } from "../losses.ts";
import { optimise } from "../optimise.ts";
import { emptyPool, throughPool } from "./image-pool.ts";

/** One direction of a cycle, as its losses see it; pictures `[n, 1, p, p]`. */
export interface CycleDirection {
  /** What goes in, a picture of the domain where it shall end, and what the generator makes of the first. */
  input: Value;
  target: Value;
  fake: Value;
  /** The way back: what the other generator makes of `fake`. */
  cycled(): Value;
  /** What the generator makes of `target`, which is there already. */
  same(): Value;
  /** Least-squares loss of fooling the discriminator of a domain: 0 where it takes the picture for recorded. */
  fools(domain: "input" | "target", picture: Value): Value;
}

/** One part of a generator's loss; metrics.csv shows it as `<name>_loss`, both directions together, unweighted. */
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
  /** The generator's loss in one direction; terms of weight 0 are left out by the caller. */
  terms(direction: CycleDirection): CycleTerm[];
  /** Generated pictures that the discriminators are shown again, {@link throughPool}; 0 for none. */
  poolSize: number;
  learningRate: number;
  discriminatorLearningRate: number;
  /** Of the generators. */
  adam?: AdamOptions | undefined;
  discriminatorAdam?: AdamOptions | undefined;
  clipNorm?: number | undefined;
  emaDecay?: number | undefined;
}

/** State that is not part of the model, and that a fine-tuning starts anew. */
const opponent = "discriminator/";
/** The generator of the way back is not part of the model either. */
const backward = "discriminator/backward/";
type Domain = "image" | "target";
const domains: readonly Domain[] = ["image", "target"];
const fakeName = (domain: Domain): string => `${opponent}fake/${domain}`;
const poolName = (domain: Domain): string => `${opponent}pool/${domain}`;
/** Fed at every step: how much of each image's own statistics the normalisation takes (settled-norm.ts). */
export const liveName = "live_statistics";

/** Of step t (1, 2, ...): 1 over the first half of `settling` steps, then falling to 0 in a straight line. */
export const liveStatistics = (t: number, settling: number): number =>
  settling === 0 ? 0 : Math.min(1, Math.max(0, 2 - (2 * t) / settling));

/**
 * Step "generator" lowers the terms of both directions, image to target and back. Step "discriminator" teaches both
 * discriminators with least squares what is recorded (1) and what was generated in the same step, before its update
 * (0), or earlier: `real_loss` and `fake_loss` in metrics.csv, each 0.25 where a discriminator has no opinion.
 *
 * The batch holds `image` and `target` `[n, 1, p, p]`, where the architecture normalises `live_statistics` (scalar),
 * and with a pool `<domain>_place` and `<domain>_old`. The parameters of the generator that becomes the model have
 * plain names.
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
  const live = normalisation === "none" ? undefined : graph.input(liveName, []);
  const generatorOf = (prefix: string): ((x: Value) => Value) => {
    const own = prefixed(parameters, prefix);
    let norm: Norm = (x) => x;
    if (live && normalisation !== "none") {
      const settling = settlingStatistics(normalisation, live, own, prefix);
      buffers.push(settling.buffers);
      norm = settling.norm;
    }
    return (x) => comiGenerator(x, architecture, own, norm, "training");
  };
  const [there, back] = [generatorOf(""), generatorOf(backward)];
  const judges = trainableParameters(graph).parameters;
  const fools = (domain: Domain, picture: Value): Value =>
    leastSquaresLoss(discriminator(picture, prefixed(judges, `${opponent}${domain}/`)), 1);

  const fake = { target: there(image), image: back(target) };
  const forwards: CycleDirection = {
    input: image,
    target,
    fake: fake.target,
    cycled: once(() => back(fake.target)),
    same: () => there(target),
    fools: (domain, picture) => fools(domain === "input" ? "image" : "target", picture),
  };
  const backwards: CycleDirection = {
    input: target,
    target: image,
    fake: fake.image,
    cycled: once(() => there(fake.image)),
    same: () => back(image),
    fools: (domain, picture) => fools(domain === "input" ? "target" : "image", picture),
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
    const opinion = (picture: Value): Value => discriminator(picture, prefixed(parameters, `${opponent}${domain}/`));
    let generated = graph.input(fakeName(domain), shape);
    if (poolSize > 0) {
      const place = graph.input(`${domain}_place`, [shape[0], poolSize]);
      const old = graph.input(`${domain}_old`, [shape[0], 1]);
      generated = throughPool(generated, poolName(domain), place, old);
      buffers[poolName(domain)] = emptyPool(poolSize, shape);
    }
    const real = leastSquaresLoss(opinion(graph.input(domain, shape)), 1);
    return { real, fake: leastSquaresLoss(opinion(generated), 0) };
  });
  const mean = (kind: "real" | "fake"): Value => mul(add(losses[0][kind], losses[1][kind]), 0.5);
  const [real, fake] = [mean("real"), mean("fake")];
  graph.output("real_loss", real);
  graph.output("fake_loss", fake);
  // Each discriminator's own loss is the mean of its two (Zhu et al. 2017, section 7.1).
  optimise(graph, add(real, fake), values, { adam: discriminatorAdam, clipNorm });
  return { graph, specs, buffers };
}

/** What is asked for twice is computed once; what nobody asks for, never. */
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
