import { broadcastShapes, broadcastStrides, forEachIndex, sizeOf } from "../../array/shape.ts";
import type { None } from "../attributes.ts";
import { invalid, type Operator, type OperatorTable, tensor } from "../operator.ts";
import { div, greater, mul, neg, sign, where } from "../operators/elementwise.ts";
import type { ElementType, Tensor, Value } from "../value.ts";
import { sumTo } from "./sum-to.ts";
import { unaryOperator } from "./unary-operator.ts";

type Two = (a: number, b: number) => number;

function binaryOperator(
  op: string,
  compute: Two,
  gradient: (a: Value, b: Value, dy: Value, needed: readonly boolean[]) => [Value | undefined, Value | undefined],
  type: ElementType = "float32",
): Operator<None> {
  return {
    infer([a, b]) {
      const shape = broadcastShapes(a.shape, b.shape);
      if (!shape) return invalid(op, `shapes [${a.shape}] and [${b.shape}] do not broadcast`);
      return { type, shape };
    },
    gradient({ inputs: [a, b], dy, needed }) {
      const [da, db] = gradient(a, b, dy, needed);
      return [da && sumTo(da, a.shape), db && sumTo(db, b.shape)];
    },
    evaluate([a, b]) {
      const shape = broadcastShapes(a.shape, b.shape) as number[];
      const [sa, sb] = [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
      const out = type === "bool" ? new Uint8Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
      forEachIndex(shape, (index, flat) => {
        let [ia, ib] = [0, 0];
        for (let i = 0; i < shape.length; i++) {
          ia += index[i] * sa[i];
          ib += index[i] * sb[i];
        }
        out[flat] = compute(a.data[ia], b.data[ib]);
      });
      return { type, shape, data: out };
    },
  };
}

type Elementwise = "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Neg" | "Abs" | "Sign" | "Sqrt" | "Exp" | "Log";

export const elementwise: Pick<OperatorTable, Elementwise | "Greater" | "Where" | "Cast"> = {
  Add: binaryOperator(
    "Add",
    (a, b) => a + b,
    (_a, _b, dy, needed) => [needed[0] ? dy : undefined, needed[1] ? dy : undefined],
  ),
  Sub: binaryOperator(
    "Sub",
    (a, b) => a - b,
    (_a, _b, dy, needed) => [needed[0] ? dy : undefined, needed[1] ? neg(dy) : undefined],
  ),
  Mul: binaryOperator(
    "Mul",
    (a, b) => a * b,
    (a, b, dy, needed) => [needed[0] ? mul(dy, b) : undefined, needed[1] ? mul(dy, a) : undefined],
  ),
  // d(a/b) = da/b - a/b^2 db
  Div: binaryOperator(
    "Div",
    (a, b) => a / b,
    (a, b, dy, needed) => [needed[0] ? div(dy, b) : undefined, needed[1] ? neg(div(mul(dy, a), mul(b, b))) : undefined],
  ),
  // On ties the whole gradient goes to b for Max and to a for Min: one of the valid subgradients, never both or none.
  Max: binaryOperator("Max", Math.max, (a, b, dy, needed) => chosen(greater(a, b), dy, needed)),
  Min: binaryOperator("Min", Math.min, (a, b, dy, needed) => {
    const [db, da] = chosen(greater(a, b), dy, [needed[1], needed[0]]);
    return [da, db];
  }),
  Neg: unaryOperator(
    (x) => -x,
    (_x, _y, dy) => neg(dy),
  ),
  Abs: unaryOperator(Math.abs, (x, _y, dy) => mul(dy, sign(x))),
  Sign: unaryOperator(Math.sign, () => undefined),
  // d sqrt(x) = dx / (2 sqrt(x))
  Sqrt: unaryOperator(Math.sqrt, (_x, y, dy) => div(dy, mul(y, 2))),
  Exp: unaryOperator(Math.exp, (_x, y, dy) => mul(dy, y)),
  Log: unaryOperator(Math.log, (x, _y, dy) => div(dy, x)),
  Greater: binaryOperator(
    "Greater",
    (a, b) => (a > b ? 1 : 0),
    () => [undefined, undefined],
    "bool",
  ),
  Where: {
    infer([condition, a, b]) {
      const shape = broadcastShapes(condition.shape, a.shape, b.shape);
      if (!shape) {
        return invalid("Where", `shapes [${condition.shape}], [${a.shape}] and [${b.shape}] do not broadcast`);
      }
      return { type: "float32", shape };
    },
    gradient({ inputs: [condition, a, b], dy, needed }) {
      const da = needed[1] ? sumTo(where(condition, dy, 0), a.shape) : undefined;
      const db = needed[2] ? sumTo(where(condition, 0, dy), b.shape) : undefined;
      return [undefined, da, db];
    },
    evaluate(inputs) {
      const shape = broadcastShapes(...inputs.map((input) => input.shape)) as number[];
      const strides = inputs.map((input) => broadcastStrides(input.shape, shape));
      const out = new Float32Array(sizeOf(shape));
      forEachIndex(shape, (index, flat) => {
        const at = strides.map((own) => own.reduce((sum, stride, i) => sum + stride * index[i], 0));
        out[flat] = inputs[0].data[at[0]] ? inputs[1].data[at[1]] : inputs[2].data[at[2]];
      });
      return tensor(out, shape);
    },
  },
  Cast: {
    infer: ([x], { to }) => ({ type: to, shape: x.shape }),
    gradient: ({ inputs: [x], dy, attributes: { to } }) => [x.type === "float32" && to === "float32" ? dy : undefined],
    evaluate([x], { to }): Tensor {
      if (to === "float32") return tensor(Float32Array.from(x.data), x.shape);
      return { type: "bool", shape: x.shape, data: Uint8Array.from(x.data, (v) => (v !== 0 ? 1 : 0)) };
    },
  },
};

function chosen(first: Value, dy: Value, needed: readonly boolean[]): [Value | undefined, Value | undefined] {
  return [needed[0] ? where(first, dy, 0) : undefined, needed[1] ? where(first, 0, dy) : undefined];
}
