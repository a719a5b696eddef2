/**
 * Batch normalisation (Ioffe & Szegedy, ICML 2015) with running statistics: a training normalises by the mean and
 * variance of each batch and keeps moving averages of both; the finished model normalises by these, so that an output
 * pixel does not depend on the rest of its tile and tiles join without seams.
 */
import { ParfocalError } from "../../errors.ts";
import type { Tensor, Value } from "../../graph/graph.ts";
import { add, div, maximum, minimum, mul, sqrt, sub } from "../../graph/operators/elementwise.ts";
import { batchNorm, batchNormTraining } from "../../graph/operators/normalisation.ts";
import { nextOf } from "../../run/runtime.ts";
import type { Parameters } from "./parameters.ts";

/** How a network asks for a normalisation of `[n, c, ...]` while it is being built; every name is asked for once. */
export type Norm = (x: Value, name: string) => Value;

const epsilon = 1e-5;
/** Share of a new batch in the running statistics, as PyTorch's. */
const momentum = 0.1;
/** Of a variance that cannot be small. */
const tiny = 1e-12;

/** Scale (from a normal distribution around 1, as DCGAN and pix2pix start it) and shift of every channel. */
function affine(x: Value, name: string, parameters: Parameters): [scale: Value, shift: Value] {
  const c = x.shape[1];
  return [parameters(`${name}/scale`, [c], { mean: 1, deviation: 0.02 }), parameters(`${name}/shift`, [c], 0)];
}

/** Statistics of the batch, and nothing kept: for networks that are used in training only, such as discriminators. */
export const batchStatistics =
  (parameters: Parameters): Norm =>
  (x, name) => {
    checkCount(x, name);
    const [scale, shift] = affine(x, name, parameters);
    return batchNormTraining(x, scale, shift, epsilon).y;
  };

/**
 * Statistics of the batch; the running ones are state: inputs `<name>/mean` and `<name>/variance` `[c]` of the graph,
 * replaced after each run (`next:...`) by 0.9 of themselves and 0.1 of the batch's (the variance with n - 1, as PyTorch
 * keeps it).
 *
 * Patches to train on are chosen for what they show, so that their statistics are not those of a whole field, whose
 * dark would come out grey. So a training can go over to the running statistics by batch renormalisation (Ioffe, NIPS
 * 2017): forwards the layer is then the finished model's, backwards that of the batch's statistics, so that nothing can
 * run away; the two may differ by a factor of 3 and by 5 deviations.
 *
 * @param live scalar, 1 for the batch's statistics to 0 for the running ones; without, always the batch's
 * @returns the layer, and the first values of the state, which fill as the network asks for layers
 */
export function runningStatistics(
  parameters: Parameters,
  live?: Value,
): { norm: Norm; buffers: Record<string, Tensor> } {
  const buffers: Record<string, Tensor> = {};
  const norm: Norm = (x, name) => {
    const count = checkCount(x, name);
    const [scale, shift] = affine(x, name, parameters);
    /** The running number as it was before this batch. */
    const keep = (buffer: string, own: Value, first: number): Value => {
      const running = x.graph.input(buffer, own.shape);
      x.graph.output(nextOf(buffer), add(running, mul(sub(own, running), momentum)));
      buffers[buffer] = { type: "float32", shape: own.shape, data: new Float32Array(own.shape[0]).fill(first) };
      return running;
    };
    if (!live) {
      const { y, mean, variance } = batchNormTraining(x, scale, shift, epsilon);
      keep(`${name}/mean`, mean, 0);
      keep(`${name}/variance`, mul(variance, count / (count - 1)), 1);
      return y;
    }
    const [one, zero] = [1, 0].map((value) => x.graph.constant(new Float32Array(x.shape[1]).fill(value), [x.shape[1]]));
    const { y: normal, mean, variance } = batchNormTraining(x, one, zero, epsilon);
    const runningMean = keep(`${name}/mean`, mean, 0);
    const runningVariance = keep(`${name}/variance`, mul(variance, count / (count - 1)), 1);
    // Of the values that the batch has brought to mean 0 and variance 1: the running mean and variance.
    const biased = add(variance, epsilon);
    const apart = div(sub(runningMean, mean), sqrt(biased));
    const ratio = div(add(runningVariance, epsilon), biased);
    const settled = sub(1, live);
    const limited = (value: Value, low: number, high: number): Value => minimum(maximum(value, low), high);
    const newMean = mul(limited(apart, -5, 5), settled);
    const newVariance = add(mul(sub(limited(ratio, 1 / 9, 9), 1), settled), 1);
    // No gradient flows to the statistics of this operator.
    return batchNorm(normal, scale, shift, newMean, newVariance, tiny);
  };
  return { norm, buffers };
}

/**
 * The running statistics as fixed numbers, for validation and for the finished model.
 * @param buffers where the statistics come from, where that is not where the weights come from (moving averages of the
 *   weights have names of their own; the statistics are averages already)
 */
export const fixedStatistics =
  (parameters: Parameters, buffers: Parameters = parameters): Norm =>
  (x, name) => {
    const [scale, shift] = affine(x, name, parameters);
    const c = x.shape[1];
    return batchNorm(x, scale, shift, buffers(`${name}/mean`, [c], 0), buffers(`${name}/variance`, [c], 1), epsilon);
  };

/** Values per channel. @throws graph.invalid for a single one, which its own mean would turn into 0 whatever it is */
function checkCount(x: Value, name: string): number {
  const count = x.shape.reduce((product, extent, i) => (i === 1 ? product : product * extent), 1);
  if (count > 1) return count;
  const message = `${name}: batch normalisation of one value per channel, shape [${x.shape}]; give a larger batch or image.`;
  throw new ParfocalError("graph.invalid", message, { op: "BatchNormalization", detail: name });
}
