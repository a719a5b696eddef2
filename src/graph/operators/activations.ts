import type { Value } from "../value.ts";
import { abs, add, exp, log, neg } from "./elementwise.ts";

export const relu = (x: Value): Value => x.graph.add("Relu", [x], {});
/** x where positive, else alpha x. */
export const leakyRelu = (x: Value, alpha: number): Value => x.graph.add("LeakyRelu", [x], { alpha });
export const sigmoid = (x: Value): Value => x.graph.add("Sigmoid", [x], {});
export const tanh = (x: Value): Value => x.graph.add("Tanh", [x], {});
/** x max(0, min(1, x / 6 + 1 / 2)) (Howard 2019). */
export const hardSwish = (x: Value): Value => x.graph.add("HardSwish", [x], {});

/**
 * log(1 + exp(x)), without overflow, of operators that have gradients: ONNX's own Softplus is not among the table's.
 */
export const softplus = (x: Value): Value => add(relu(x), log(add(exp(neg(abs(x))), 1)));
