import type { Value } from "../value.ts";

const everyAxis = (x: Value): number[] => x.shape.map((_, i) => i);

/** Sum over axes (all by default); reduced axes vanish, or stay with extent 1 with `keep`. */
export const reduceSum = (x: Value, axes: readonly number[] = everyAxis(x), keep = false): Value =>
  x.graph.add("ReduceSum", [x], { axes, keepdims: keep });
/** Mean over axes (all by default). */
export const reduceMean = (x: Value, axes: readonly number[] = everyAxis(x), keep = false): Value =>
  x.graph.add("ReduceMean", [x], { axes, keepdims: keep });
/** Maximum over axes (all by default). */
export const reduceMax = (x: Value, axes: readonly number[] = everyAxis(x), keep = false): Value =>
  x.graph.add("ReduceMax", [x], { axes, keepdims: keep });
