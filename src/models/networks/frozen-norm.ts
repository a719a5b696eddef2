/**
 * Normalisation by the statistics of the whole image, which are frozen while a network is trained. An output pixel of
 * such a layer depends on the whole image, so that the network would give different results for a tile and for the
 * field that the tile was cut from. Training therefore begins with the published layer, keeps moving averages of its
 * statistics, moves over to these averages and continues with them frozen. The finished model contains them as
 * constants.
 */
import type { Tensor, Value } from "../../graph/graph.ts";
import { add, div, mul, sqrt, square, sub } from "../../graph/operators/elementwise.ts";
import { reshape } from "../../graph/operators/movement.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import { nextOf } from "../../run/runtime.ts";
import type { Parameters } from "./parameters.ts";
import type { Norm } from "./running-norm.ts";

/**
 * Which values share a mean and a deviation. "layer": all pixels and channels of an image, with 1e-3 added to the
 * deviation, one scale and one shift (COMI). "instance": the pixels of each channel, with 1e-5 added to the variance
 * (Ulyanov et al. 2016; CycleGAN).
 */
export type WholeImageNorm = "layer" | "instance";

/** Weight of a new batch in the moving averages. */
const momentum = 0.1;

const epsilons: Record<WholeImageNorm, { variance: number; deviation: number }> = {
  // The term added to the variance keeps the gradient of the square root finite for an image without structure.
  layer: { variance: 1e-10, deviation: 1e-3 },
  instance: { variance: 1e-5, deviation: 0 },
};

const statisticsShape = (kind: WholeImageNorm, c: number): number[] => [1, kind === "layer" ? 1 : c, 1, 1];

function scaled(normal: Value, name: string, kind: WholeImageNorm, parameters: Parameters): Value {
  const [, c] = normal.shape;
  const own = kind === "layer" ? [1] : [c];
  const shape = statisticsShape(kind, c);
  const scale = reshape(parameters(`${name}/scale`, own, 1), shape);
  return add(mul(normal, scale), reshape(parameters(`${name}/shift`, own, 0), shape));
}

/** Mean and deviation of every image of `[n, c, h, w]`, `[n, 1 or c, 1, 1]`. */
function statisticsOf(x: Value, kind: WholeImageNorm): { mean: Value; deviation: Value } {
  const axes = kind === "layer" ? [1, 2, 3] : [2, 3];
  const mean = reduceMean(x, axes, true);
  const variance = reduceMean(square(sub(x, mean)), axes, true);
  const root = sqrt(add(variance, epsilons[kind].variance));
  const { deviation } = epsilons[kind];
  return { mean, deviation: deviation === 0 ? root : add(root, deviation) };
}

/**
 * For training: interpolates between the statistics of each image (`batchWeight` 1) and the moving averages (`batchWeight` 0, at
 * which they are frozen). The averages are state: inputs `<prefix><name>/mean` and `<prefix><name>/deviation`, updated
 * after each run with the statistics of the first use of the layer in the graph.
 *
 * @param batchWeight scalar, 0..1
 * @param prefix of the names of the state
 * @returns the normalisation, and the initial values of the state, which fill as the network asks for layers
 */
export function freezingStatistics(
  kind: WholeImageNorm,
  batchWeight: Value,
  parameters: Parameters,
  prefix = "",
): { norm: Norm; buffers: Record<string, Tensor> } {
  const buffers: Record<string, Tensor> = {};
  const averages = new Map<string, Value>();
  const average = (name: string, own: Value, first: number): Value => {
    const known = averages.get(name);
    if (known) return known;
    const shape = [1, ...own.shape.slice(1)];
    const running = own.graph.input(name, shape);
    const batch = reduceMean(own, [0], true);
    own.graph.output(nextOf(name), add(running, mul(sub(batch, running), mul(batchWeight, momentum))));
    averages.set(name, running);
    buffers[name] = { type: "float32", shape, data: new Float32Array(shape[1]).fill(first) };
    return running;
  };
  const norm: Norm = (x, name) => {
    const { mean, deviation } = statisticsOf(x, kind);
    const between = (buffer: string, own: Value, first: number): Value => {
      const running = average(`${prefix}${name}/${buffer}`, own, first);
      return add(running, mul(sub(own, running), batchWeight));
    };
    const normal = div(sub(x, between("mean", mean, 0)), between("deviation", deviation, 1));
    return scaled(normal, name, kind, parameters);
  };
  return { norm, buffers };
}

/** Normalises by the moving averages as constants, for validation and for the finished model. */
export const frozenStatistics =
  (kind: WholeImageNorm, parameters: Parameters, buffers: Parameters = parameters): Norm =>
  (x, name) => {
    const shape = statisticsShape(kind, x.shape[1]);
    const mean = buffers(`${name}/mean`, shape, 0);
    const normal = div(sub(x, mean), buffers(`${name}/deviation`, shape, 1));
    return scaled(normal, name, kind, parameters);
  };
