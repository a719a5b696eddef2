import type { Value } from "../value.ts";
import { transpose } from "./movement.ts";

/** Matrix product over the last two axes: `[..., m, k] x [..., k, n]`; the leading axes broadcast. */
export const matMul = (a: Value, b: Value): Value => a.graph.add("MatMul", [a, b], {});

/** Swaps the last two axes. */
export function transposeLast(x: Value): Value {
  const rank = x.shape.length;
  return transpose(x, [...x.shape.slice(2).map((_, i) => i), rank - 1, rank - 2]);
}
