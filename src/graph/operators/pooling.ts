import type { Value } from "../value.ts";

/** Largest value of every window of `size` (one number per spatial axis) of `[n, c, ...spatial]`. */
export const maxPool = (x: Value, size: readonly number[]): Value =>
  x.graph.add("MaxPool", [x], { kernel_shape: size });
/** Mean of every window. */
export const averagePool = (x: Value, size: readonly number[]): Value =>
  x.graph.add("AveragePool", [x], { kernel_shape: size });
