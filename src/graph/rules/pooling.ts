import { forEachIndex, sizeOf, stridesOf } from "../../array/shape.ts";
import type { PoolAttributes } from "../attributes.ts";
import { invalid, type Operator, type OperatorTable, tensor } from "../operator.ts";
import { div, greater, indicator, mul, sub } from "../operators/elementwise.ts";
import { pad, slice } from "../operators/movement.ts";
import { averagePool } from "../operators/pooling.ts";
import { upsampleNearest } from "../operators/resizing.ts";
import type { Value } from "../value.ts";

const pooledShape = (shape: readonly number[], size: readonly number[]): number[] =>
  shape.map((extent, i) => (i < 2 ? extent : Math.floor(extent / size[i - 2])));

/** Without what is left over at the far edges: the part of `x` that the windows cover. */
function covered(x: Value, pooled: Value, size: readonly number[]): Value {
  const ranges = size.map((n, i) => ({ axis: i + 2, start: 0, end: pooled.shape[i + 2] * n }));
  return ranges.every(({ axis, end }) => x.shape[axis] === end) ? x : slice(x, ranges);
}

/** Adjoint of {@link covered}: zeros for what was left over. */
function uncovered(part: Value, x: Value): Value {
  const after = x.shape.map((extent, i) => extent - part.shape[i]);
  if (after.every((n) => n === 0)) return part;
  return pad(
    part,
    after.map(() => 0),
    after,
  );
}

function poolOperator(
  op: string,
  start: number,
  fold: (sum: number, x: number) => number,
  finish: (sum: number, count: number) => number,
  gradient: (x: Value, y: Value, dy: Value, size: readonly number[]) => Value,
): Operator<PoolAttributes> {
  return {
    infer([x], { kernel_shape: size }) {
      const shape = pooledShape(x.shape, size);
      if (size.length !== x.shape.length - 2 || shape.some((n) => n < 1)) {
        invalid(op, `window [${size}] on shape [${x.shape}]`);
      }
      return { type: "float32", shape };
    },
    gradient: ({ inputs: [x], output, attributes: { kernel_shape: size }, dy, needed }) => [
      needed[0] ? uncovered(gradient(covered(x, output, size), output, dy, size), x) : undefined,
    ],
    evaluate([x], { kernel_shape: size }) {
      const shape = pooledShape(x.shape, size);
      const strides = stridesOf(shape);
      const sums = new Float64Array(sizeOf(shape)).fill(start);
      forEachIndex(x.shape, (index, flat) => {
        let at = 0;
        for (let i = 0; i < shape.length; i++) {
          const window = i < 2 ? index[i] : Math.floor(index[i] / size[i - 2]);
          if (window >= shape[i]) return;
          at += window * strides[i];
        }
        sums[at] = fold(sums[at], x.data[flat]);
      });
      return tensor(
        Float32Array.from(sums, (sum) => finish(sum, sizeOf(size))),
        shape,
      );
    },
  };
}

export const pooling: Pick<OperatorTable, "MaxPool" | "AveragePool"> = {
  // Where several pixels of a window share the maximum they share its gradient, so that the sum is kept.
  MaxPool: poolOperator(
    "MaxPool",
    Number.NEGATIVE_INFINITY,
    Math.max,
    (max) => max,
    (x, y, dy, size) => {
      const isMax = sub(1, indicator(greater(upsampleNearest(y, size), x)));
      const count = mul(averagePool(isMax, size), sizeOf(size));
      return mul(isMax, upsampleNearest(div(dy, count), size));
    },
  ),
  AveragePool: poolOperator(
    "AveragePool",
    0,
    (sum, x) => sum + x,
    (sum, count) => sum / count,
    (_x, _y, dy, size) => upsampleNearest(mul(dy, 1 / sizeOf(size)), size),
  ),
};
