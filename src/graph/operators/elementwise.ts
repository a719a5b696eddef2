import { broadcastShapes, broadcastStrides, forEachIndex, sameShape, sizeOf } from "../../array/shape.ts";
import type { None } from "../attributes.ts";
import type { ElementType, Tensor, Value } from "../graph.ts";
import { invalid, type Operator, type OperatorTable, tensor } from "../operator.ts";
import { reshape } from "./movement.ts";
import { reduceSum } from "./reduction.ts";

/** A value, or a number that becomes a scalar constant. */
export type Operand = Value | number;

export const add = (a: Operand, b: Operand): Value => binary("Add", a, b);
export const sub = (a: Operand, b: Operand): Value => binary("Sub", a, b);
export const mul = (a: Operand, b: Operand): Value => binary("Mul", a, b);
export const div = (a: Operand, b: Operand): Value => binary("Div", a, b);
export const maximum = (a: Operand, b: Operand): Value => binary("Max", a, b);
export const minimum = (a: Operand, b: Operand): Value => binary("Min", a, b);
/** Bool: a > b. */
export const greater = (a: Operand, b: Operand): Value => binary("Greater", a, b);
export const neg = (x: Value): Value => x.graph.add("Neg", [x], {});
export const abs = (x: Value): Value => x.graph.add("Abs", [x], {});
export const sign = (x: Value): Value => x.graph.add("Sign", [x], {});
export const sqrt = (x: Value): Value => x.graph.add("Sqrt", [x], {});
export const exp = (x: Value): Value => x.graph.add("Exp", [x], {});
export const log = (x: Value): Value => x.graph.add("Log", [x], {});
/** `a` where the condition holds, else `b`; all three broadcast. */
export const where = (condition: Value, a: Operand, b: Operand): Value =>
  condition.graph.add("Where", [condition, lift(condition.graph, a), lift(condition.graph, b)], {});
export const cast = (x: Value, to: ElementType): Value => x.graph.add("Cast", [x], { to });
/** x squared. */
export const square = (x: Value): Value => mul(x, x);

function lift(graph: Value["graph"], operand: Operand): Value {
  return typeof operand === "number" ? graph.scalar(operand) : operand;
}

function binary(op: "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Greater", a: Operand, b: Operand): Value {
  const graph = typeof a !== "number" ? a.graph : typeof b !== "number" ? b.graph : undefined;
  if (!graph) return invalid(op, "needs at least one value");
  return graph.add(op, [lift(graph, a), lift(graph, b)], {});
}

/** Sums a gradient of the broadcast shape back to the shape of the operand that was broadcast. */
export function sumTo(gradient: Value, shape: readonly number[]): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((extent, i) =>
    i < extra || (shape[i - extra] === 1 && extent !== 1) ? [i] : [],
  );
  return reshape(axes.length > 0 ? reduceSum(gradient, axes, true) : gradient, shape);
}

/** 1 where the condition holds, else 0. (Cast(Greater) times a value ran 1.7 times faster than Sign times a value.) */
export const indicator = (condition: Value): Value => cast(condition, "float32");

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

/** An elementwise function of one input; `gradient` gives dL/dx from x, y and dL/dy. */
export function unaryOperator<A>(
  compute: (x: number, attributes: A) => number,
  gradient: (x: Value, y: Value, dy: Value, attributes: A) => Value | undefined,
): Operator<A> {
  return {
    infer: ([x]) => ({ type: "float32", shape: x.shape }),
    gradient: ({ inputs: [x], output, dy, attributes, needed }) => [
      needed[0] ? gradient(x, output, dy, attributes) : undefined,
    ],
    evaluate([x], attributes) {
      const out = new Float32Array(x.data.length);
      for (let i = 0; i < out.length; i++) out[i] = compute(x.data[i], attributes);
      return tensor(out, x.shape);
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
