import type { Value } from "../value.ts";
import { add, div, mul, sqrt, square, sub } from "./elementwise.ts";
import { reshape } from "./movement.ts";
import { reduceMean } from "./reduction.ts";

/** Every image and channel of `[n, c, ...]` to mean 0 and deviation 1, then scaled and shifted per channel. */
export const instanceNorm = (x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value =>
  x.graph.add("InstanceNormalization", [x, scale, bias], { epsilon });

/** Batch normalisation with given statistics (inference): (x - mean) / sqrt(variance + epsilon) * scale + bias. */
export const batchNorm = (x: Value, scale: Value, bias: Value, mean: Value, variance: Value, epsilon = 1e-5): Value =>
  x.graph.add("BatchNormalization", [x, scale, bias, mean, variance], { epsilon });

/**
 * Batch normalisation with the statistics of this batch (training), and those statistics (biased variance, `[c]`) for
 * the running averages that inference uses.
 */
export function batchNormTraining(
  x: Value,
  scale: Value,
  bias: Value,
  epsilon = 1e-5,
): { y: Value; mean: Value; variance: Value } {
  const axes = acrossBatch(x);
  const mean = reduceMean(x, axes, true);
  const centred = sub(x, mean);
  const variance = reduceMean(square(centred), axes, true);
  const normal = div(centred, sqrt(add(variance, epsilon)));
  const channels = [x.shape[1]];
  return {
    y: add(mul(normal, perChannel(scale, x)), perChannel(bias, x)),
    mean: reshape(mean, channels),
    variance: reshape(variance, channels),
  };
}

/** `[c]` as `[1, c, 1, ...]`. */
export const perChannel = (value: Value, x: Value): Value =>
  reshape(
    value,
    x.shape.map((extent, i) => (i === 1 ? extent : 1)),
  );
export const acrossBatch = (x: Value): number[] => x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
