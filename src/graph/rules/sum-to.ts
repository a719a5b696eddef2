import { sameShape } from "../../array/shape.ts";
import { reshape } from "../operators/movement.ts";
import { reduceSum } from "../operators/reduction.ts";
import type { Value } from "../value.ts";

/** Sums a gradient of the broadcast shape back to the shape of the operand that was broadcast. */
export function sumTo(gradient: Value, shape: readonly number[]): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((extent, i) =>
    i < extra || (shape[i - extra] === 1 && extent !== 1) ? [i] : [],
  );
  return reshape(axes.length > 0 ? reduceSum(gradient, axes, true) : gradient, shape);
}
