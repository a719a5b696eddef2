import { forEachIndex, sizeOf, stridesOf } from "../../array/shape.ts";
import type { ReduceAttributes } from "../attributes.ts";
import { invalid, type Operator, type OperatorTable, tensor } from "../operator.ts";
import { add, div, greater, indicator, mul, sub } from "../operators/elementwise.ts";
import { expand, reshape } from "../operators/movement.ts";
import { reduceSum } from "../operators/reduction.ts";
import type { Value } from "../value.ts";

const keptShape = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((extent, i) => (axes.includes(i) ? 1 : extent));

function reduceOperator(
  op: string,
  start: number,
  fold: (sum: number, x: number) => number,
  finish: (sum: number, count: number) => number,
  /** dL/dx from x, the reduced output with kept axes, and dL/dy with kept axes. */
  gradient: (x: Value, y: Value, dy: Value, axes: readonly number[], count: number) => Value,
): Operator<ReduceAttributes> {
  const outShape = (shape: readonly number[], { axes, keepdims }: ReduceAttributes): number[] =>
    keepdims ? keptShape(shape, axes) : shape.filter((_, i) => !axes.includes(i));
  return {
    infer([x], attributes) {
      const { axes } = attributes;
      if (axes.length === 0 && x.shape.length > 0) invalid(op, "no axes");
      if (axes.some((axis, i) => axis < 0 || axis >= x.shape.length || axes.indexOf(axis) !== i))
        invalid(op, `axes [${axes}] of [${x.shape}]`);
      return { type: "float32", shape: outShape(x.shape, attributes) };
    },
    gradient({ inputs: [x], output, attributes: { axes }, dy, needed }) {
      if (!needed[0]) return [undefined];
      const kept = keptShape(x.shape, axes);
      const count = sizeOf(x.shape) / sizeOf(kept);
      return [gradient(x, reshape(output, kept), reshape(dy, kept), axes, count)];
    },
    evaluate([x], attributes) {
      const kept = keptShape(x.shape, attributes.axes);
      const strides = stridesOf(kept).map((stride, i) => (attributes.axes.includes(i) ? 0 : stride));
      const sums = new Float64Array(sizeOf(kept)).fill(start);
      forEachIndex(x.shape, (index, flat) => {
        const at = index.reduce((sum, n, i) => sum + n * strides[i], 0);
        sums[at] = fold(sums[at], x.data[flat]);
      });
      const count = x.data.length / sums.length;
      return tensor(
        Float32Array.from(sums, (sum) => finish(sum, count)),
        outShape(x.shape, attributes),
      );
    },
  };
}

const plus = (a: number, b: number): number => a + b;

export const reduction: Pick<OperatorTable, "ReduceSum" | "ReduceMean" | "ReduceMax"> = {
  ReduceSum: reduceOperator(
    "ReduceSum",
    0,
    plus,
    (sum) => sum,
    (x, _y, dy) => expand(dy, x.shape),
  ),
  ReduceMean: reduceOperator(
    "ReduceMean",
    0,
    plus,
    (sum, count) => sum / count,
    (x, _y, dy, _axes, count) => expand(div(dy, count), x.shape),
  ),
  // Ties share the gradient equally.
  ReduceMax: reduceOperator(
    "ReduceMax",
    Number.NEGATIVE_INFINITY,
    Math.max,
    (max) => max,
    (x, y, dy, axes) => {
      const isMax = sub(1, add(indicator(greater(y, x)), indicator(greater(x, y))));
      return mul(div(isMax, reduceSum(isMax, axes, true)), dy);
    },
  ),
};
