import type { Graph, Value } from "../graph/graph.ts";
import { add, div, mul, sqrt, square, sub } from "../graph/operators/elementwise.ts";
import { nextOf, type Tensors } from "../run/runtime.ts";

/** Decay rates of Adam's two moments, which differ between published networks. */
export interface AdamOptions {
  /** Decay rate of the mean of the gradient; default 0.9. GANs often use 0.5. */
  beta1?: number;
  /** Decay rate of the mean of the squared gradient; default 0.999. */
  beta2?: number;
}

const defaults = { beta1: 0.9, beta2: 0.999 };
const epsilon = 1e-8;

/** The names of the two moments of a parameter in the state. */
const firstMoment = (name: string): string => `adam_m/${name}`;
const secondMoment = (name: string): string => `adam_v/${name}`;

/**
 * Adam (Kingma & Ba 2015) as part of the graph: m and v are state, and the parameter becomes `p - rate m / (sqrt(v)
 * correction + 1e-8)`, where rate = lr / (1 - beta1^t) and correction = 1 / sqrt(1 - beta2^t) come from {@link
 * adamScalars}. This is PyTorch's formula.
 *
 * @returns the parameters after the step
 */
export function adamUpdate(
  graph: Graph,
  parameters: ReadonlyMap<string, Value>,
  gradients: readonly Value[],
  { rate, correction }: { rate: Value; correction: Value },
  options: AdamOptions = {},
): Map<string, Value> {
  const { beta1, beta2 } = { ...defaults, ...options };
  const updated = new Map<string, Value>();
  let i = 0;
  for (const [name, parameter] of parameters) {
    const gradient = gradients[i++];
    const m = add(mul(graph.input(firstMoment(name), parameter.shape), beta1), mul(gradient, 1 - beta1));
    const v = add(mul(graph.input(secondMoment(name), parameter.shape), beta2), mul(square(gradient), 1 - beta2));
    const step = div(mul(m, rate), add(mul(sqrt(v), correction), epsilon));
    const next = sub(parameter, step);
    updated.set(name, next);
    graph.output(nextOf(name), next);
    graph.output(nextOf(firstMoment(name)), m);
    graph.output(nextOf(secondMoment(name)), v);
  }
  return updated;
}

/** The values of `rate` and `correction` at step t (from 1). */
export function adamScalars(
  learningRate: number,
  t: number,
  options: AdamOptions = {},
): { rate: number; correction: number } {
  const { beta1, beta2 } = { ...defaults, ...options };
  return { rate: learningRate / (1 - beta1 ** t), correction: 1 / Math.sqrt(1 - beta2 ** t) };
}

/** The initial moments of these weights, which are zero. */
export function initialMoments(weights: Tensors): Tensors {
  const moments: Tensors = {};
  for (const [name, { shape, data }] of Object.entries(weights)) {
    for (const moment of [firstMoment(name), secondMoment(name)]) {
      moments[moment] = { type: "float32", shape, data: new Float32Array(data.length) };
    }
  }
  return moments;
}

/** How the learning rate decreases after the warm-up. */
export type Schedule = "cosine" | "linear" | "constant";

/**
 * Learning rate at step t (from 1). It rises linearly during the warm-up. Then "cosine" decreases it by half a cosine
 * to a hundredth of the peak (Loshchilov & Hutter 2017, without restarts), "linear" keeps it constant over the first
 * half of the training and decreases it linearly to a hundredth over the second half (as in pix2pix and CycleGAN), and
 * "constant" keeps it constant.
 */
export function learningRateAt(
  t: number,
  peak: number,
  warmup: number,
  total: number,
  schedule: Schedule = "cosine",
): number {
  if (t <= warmup) return (peak * t) / warmup;
  const progress = Math.min(1, (t - warmup) / Math.max(1, total - warmup));
  const falls: Record<Schedule, number> = {
    cosine: 0.5 * (1 + Math.cos(Math.PI * progress)),
    linear: Math.min(1, 2 * (1 - progress)),
    constant: 1,
  };
  return peak * (0.01 + 0.99 * falls[schedule]);
}
