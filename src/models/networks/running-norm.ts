/**
 * Batch normalisation (Ioffe & Szegedy, ICML 2015) with running statistics. Training normalises by the mean and
 * variance of each batch and keeps moving averages of both. The finished model normalises by these averages, so that an
 * output pixel does not depend on the rest of its tile and tiles join without seams.
 */
import { ParfocalError } from "../../errors.ts";
import type { Tensor, Value } from "../../graph/graph.ts";
import { add, div, maximum, minimum, mul, sqrt, sub } from "../../graph/operators/elementwise.ts";
import { batchNorm, batchNormTraining } from "../../graph/operators/normalisation.ts";
import { nextOf } from "../../run/runtime.ts";
import type { Parameters } from "./parameters.ts";

/** How a network asks for a normalisation of `[n, c, ...]` while it is being built; every name is used once. */
export type Norm = (x: Value, name: string) => Value;

const epsilon = 1e-5;
/** Weight of a new batch in the running statistics, as in PyTorch. */
const momentum = 0.1;
/** Epsilon for a variance that is never small. */
const tiny = 1e-12;

/** Scale (initially from a normal distribution around 1, as in DCGAN and pix2pix) and shift of every channel. */
function affine(x: Value, name: string, parameters: Parameters): [scale: Value, shift: Value] {
  const c = x.shape[1];
  return [parameters(`${name}/scale`, [c], { mean: 1, deviation: 0.02 }), parameters(`${name}/shift`, [c], 0)];
}

/**
 * Normalises by the statistics of the batch and keeps none: for networks that are used in training only, such as
 * discriminators.
 */
export const batchStatistics =
  (parameters: Parameters): Norm =>
  (x, name) => {
    checkCount(x, name);
    const [scale, shift] = affine(x, name, parameters);
    return batchNormTraining(x, scale, shift, epsilon).y;
  };

/**
 * Normalises by the statistics of the batch. The running statistics are state: inputs `<name>/mean` and
 * `<name>/variance` `[c]` of the graph, replaced after each run (`next:...`) by 0.9 of themselves and 0.1 of the
 * batch's (the variance with n - 1, as in PyTorch).
 *
 * Training patches are chosen for their content, so that their statistics differ from those of a whole field, whose
 * dark regions would come out grey. Training can therefore move from the batch statistics to the running statistics by
 * batch renormalisation (Ioffe, NIPS 2017): the forward pass of the layer is then that of the finished model, and the
 * gradients are those with batch statistics, which keeps training stable. The two may differ by a factor of 3 and by 5
 * deviations.
 *
 * @param batchWeight scalar, from 1 (batch statistics) to 0 (running statistics); undefined: always the batch
 *   statistics
 * @returns the normalisation, and the initial values of the state, which fill as the network asks for layers
 */
export function runningStatistics(
  parameters: Parameters,
  batchWeight?: Value,
): { norm: Norm; buffers: Record<string, Tensor> } {
  const buffers: Record<string, Tensor> = {};
  const norm: Norm = (x, name) => {
    const count = checkCount(x, name);
    const [scale, shift] = affine(x, name, parameters);
    /** The running statistic as it was before this batch. */
    const keep = (buffer: string, own: Value, first: number): Value => {
      const running = x.graph.input(buffer, own.shape);
      x.graph.output(nextOf(buffer), add(running, mul(sub(own, running), momentum)));
      buffers[buffer] = { type: "float32", shape: own.shape, data: new Float32Array(own.shape[0]).fill(first) };
      return running;
    };
    if (!batchWeight) {
      const { y, mean, variance } = batchNormTraining(x, scale, shift, epsilon);
      keep(`${name}/mean`, mean, 0);
      keep(`${name}/variance`, mul(variance, count / (count - 1)), 1);
      return y;
    }
    const [one, zero] = [1, 0].map((value) => x.graph.constant(new Float32Array(x.shape[1]).fill(value), [x.shape[1]]));
    const { y: normal, mean, variance } = batchNormTraining(x, one, zero, epsilon);
    const runningMean = keep(`${name}/mean`, mean, 0);
    const runningVariance = keep(`${name}/variance`, mul(variance, count / (count - 1)), 1);
    // The running mean and variance, in units of the values that the batch statistics have standardised.
    const biased = add(variance, epsilon);
    const apart = div(sub(runningMean, mean), sqrt(biased));
    const ratio = div(add(runningVariance, epsilon), biased);
    const runningWeight = sub(1, batchWeight);
    const limited = (value: Value, low: number, high: number): Value => minimum(maximum(value, low), high);
    const newMean = mul(limited(apart, -5, 5), runningWeight);
    const newVariance = add(mul(sub(limited(ratio, 1 / 9, 9), 1), runningWeight), 1);
    // No gradient flows to the statistics of this operator.
    return batchNorm(normal, scale, shift, newMean, newVariance, tiny);
  };
  return { norm, buffers };
}

/**
 * Normalises by the running statistics as constants, for validation and for the finished model.
 * @param buffers where the statistics come from, if not from `parameters` (moving averages of the weights have their
 *   own names; the statistics are averages already)
 */
export const fixedStatistics =
  (parameters: Parameters, buffers: Parameters = parameters): Norm =>
  (x, name) => {
    const [scale, shift] = affine(x, name, parameters);
    const c = x.shape[1];
    return batchNorm(x, scale, shift, buffers(`${name}/mean`, [c], 0), buffers(`${name}/variance`, [c], 1), epsilon);
  };

/**
 * Values per channel.
 * @throws graph.invalid for a single value, which minus its own mean is always 0
 */
function checkCount(x: Value, name: string): number {
  const count = x.shape.reduce((product, extent, i) => (i === 1 ? product : product * extent), 1);
  if (count > 1) return count;
  const message = `${name}: batch normalisation needs more than one value per channel; the shape is [${x.shape}]. Use a larger batch or image.`;
  throw new ParfocalError("graph.invalid", message, { op: "BatchNormalization", detail: name });
}
