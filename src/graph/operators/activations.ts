import { clamp } from "../../array/clamp.ts";
import type { Value } from "../graph.ts";
import type { OperatorTable } from "../operator.ts";
import { abs, add, exp, greater, indicator, log, mul, neg, sub, unaryOperator, where } from "./elementwise.ts";

export const relu = (x: Value): Value => x.graph.add("Relu", [x], {});
/** x where positive, else alpha x. */
export const leakyRelu = (x: Value, alpha: number): Value => x.graph.add("LeakyRelu", [x], { alpha });
export const sigmoid = (x: Value): Value => x.graph.add("Sigmoid", [x], {});
export const tanh = (x: Value): Value => x.graph.add("Tanh", [x], {});
/** max(0, min(1, alpha x + beta)); MobileNetV3 uses alpha 1/6, beta 0.5. */
export const hardSigmoid = (x: Value, alpha = 1 / 6, beta = 0.5): Value =>
  x.graph.add("HardSigmoid", [x], { alpha, beta });
/** x hardSigmoid(x) with alpha 1/6, beta 0.5 (Howard 2019). */
export const hardSwish = (x: Value): Value => x.graph.add("HardSwish", [x], {});

/**
 * log(1 + exp(x)), without overflow, of operators that have gradients: ONNX's own Softplus is not among the table's.
 */
export const softplus = (x: Value): Value => add(relu(x), log(add(exp(neg(abs(x))), 1)));

/** 1 where the linear part of a hard sigmoid with these numbers is active. */
const insideRamp = (x: Value, alpha: number, beta: number): Value =>
  mul(indicator(greater(x, -beta / alpha)), indicator(greater((1 - beta) / alpha, x)));

type Activation = "Relu" | "LeakyRelu" | "Sigmoid" | "Tanh" | "HardSigmoid" | "HardSwish";

export const activations: Pick<OperatorTable, Activation> = {
  // The output tells as well as the input where ReLU was active, and the input need not be kept.
  Relu: unaryOperator(
    (x) => Math.max(0, x),
    (_x, y, dy) => mul(indicator(greater(y, 0)), dy),
  ),
  LeakyRelu: unaryOperator(
    (x, { alpha }) => (x >= 0 ? x : alpha * x),
    (x, _y, dy, { alpha }) => where(greater(x, 0), dy, mul(dy, alpha)),
  ),
  Sigmoid: unaryOperator(
    (x) => 1 / (1 + Math.exp(-x)),
    (_x, y, dy) => mul(dy, mul(y, sub(1, y))),
  ),
  Tanh: unaryOperator(Math.tanh, (_x, y, dy) => mul(dy, sub(1, mul(y, y)))),
  HardSigmoid: unaryOperator(
    (x, { alpha, beta }) => clamp(alpha * x + beta, 0, 1),
    (x, _y, dy, { alpha, beta }) => mul(mul(dy, alpha), insideRamp(x, alpha, beta)),
  ),
  // y = x (x/6 + 1/2) on the ramp, x from 3 on: dy/dx = x/3 + 1/2, or 1
  HardSwish: unaryOperator(
    (x) => x * clamp(x / 6 + 0.5, 0, 1),
    (x, _y, dy) => {
      const ramp = mul(insideRamp(x, 1 / 6, 0.5), add(mul(x, 1 / 3), 0.5));
      return mul(dy, add(ramp, sub(1, indicator(greater(3, x)))));
    },
  ),
};
