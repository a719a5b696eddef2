import { clamp } from "../../array/clamp.ts";
import type { OperatorTable } from "../operator.ts";
import { add, greater, indicator, mul, sub, where } from "../operators/elementwise.ts";
import type { Value } from "../value.ts";
import { unaryOperator } from "./unary-operator.ts";

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
