/**
 * Batch normalisation (Ioffe & Szegedy, ICML 2015) with running statistics: a training normalises by the mean and variance of each
 * batch and keeps moving averages of both; the finished model normalises by these, so that an output pixel does not depend on the
 * rest of its tile and tiles join without seams.
 */
import { ParfocalError } from "../errors.ts";
import type { Tensor, Value } from "../graph/graph.ts";
import { add, mul, sub } from "../graph/operators/elementwise.ts";
import { batchNorm, batchNormTraining } from "../graph/operators/normalisation.ts";
import { nextOf } from "../run/runtime.ts";
import type { Parameters } from "./parameters.ts";

/** How a network asks for a normalisation of `[n, c, ...]` while it is being built; every name is asked for once. */
export type Norm = (x: Value, name: string) => Value;

const epsilon = 1e-5;
/** Share of a new batch in the running statistics, as PyTorch's. */
const momentum = 0.1;

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
 * Statistics of the batch; the running ones are state: inputs `<name>/mean` and `<name>/variance` `[c]` of the graph, replaced after
 * each run (`next:...`) by 0.9 of themselves and 0.1 of the batch's (the variance with n - 1, as PyTorch keeps it).
 *
 * @returns the layer, and the first values of the state, which fill as the network asks for layers
 */
export function runningStatistics(parameters: Parameters): { norm: Norm; buffers: Record<string, Tensor> } {
  const buffers: Record<string, Tensor> = {};
  const norm: Norm = (x, name) => {
    const count = checkCount(x, name);
    const [scale, shift] = affine(x, name, parameters);
    const { y, mean, variance } = batchNormTraining(x, scale, shift, epsilon);
    const keep = (buffer: string, batch: Value, first: number): void => {
      const running = x.graph.input(buffer, batch.shape);
      x.graph.output(nextOf(buffer), add(running, mul(sub(batch, running), momentum)));
      const data = new Float32Array(batch.shape[0]).fill(first);
      buffers[buffer] = { type: "float32", shape: batch.shape, data };
    };
    keep(`${name}/mean`, mean, 0);
    keep(`${name}/variance`, mul(variance, count / (count - 1)), 1);
    return y;
  };
  return { norm, buffers };
}

/**
 * The running statistics as fixed numbers, for validation and for the finished model.
 * @param buffers where the statistics come from, where that is not where the weights come from (moving averages of the weights
 *   have names of their own; the statistics are averages already)
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
