import { forEachIndex, sizeOf, stridesOf } from "../../array/shape.ts";
import type { ResizeAttributes } from "../attributes.ts";
import { invalid, type OperatorTable, tensor } from "../operator.ts";
import { mul } from "../operators/elementwise.ts";
import { matMul } from "../operators/matmul.ts";
import { reshape } from "../operators/movement.ts";
import { averagePool } from "../operators/pooling.ts";
import type { GraphBuilder, Value } from "../value.ts";

const resizedShape = (shape: readonly number[], scales: readonly number[]): number[] =>
  shape.map((extent, i) => extent * scales[i]);

/** Linear interpolation along one axis as a matrix `[extent * scale, extent]`, row-major: at most two weights a row. */
function interpolationMatrix(extent: number, scale: number): Float64Array {
  const matrix = new Float64Array(extent * scale * extent);
  for (let i = 0; i < extent * scale; i++) {
    const at = Math.min(Math.max((i + 0.5) / scale - 0.5, 0), extent - 1);
    const low = Math.min(Math.floor(at), extent - 1);
    const high = Math.min(low + 1, extent - 1);
    matrix[i * extent + low] += 1 - (at - low);
    matrix[i * extent + high] += at - low;
  }
  return matrix;
}

/** Adjoint of linear upsampling along `axis`: a product with the transposed interpolation matrix. */
function linearAdjoint(graph: GraphBuilder, dy: Value, axis: number, scale: number): Value {
  const extent = dy.shape[axis] / scale;
  const matrix = interpolationMatrix(extent, scale);
  const transposed = new Float32Array(matrix.length);
  for (let i = 0; i < extent * scale; i++) {
    for (let j = 0; j < extent; j++) transposed[j * extent * scale + i] = matrix[i * extent + j];
  }
  const rows = sizeOf(dy.shape.slice(0, axis));
  const columns = sizeOf(dy.shape.slice(axis + 1));
  const shaped = reshape(dy, [rows, extent * scale, columns]);
  const product = matMul(graph.constant(transposed, [extent, extent * scale]), shaped);
  return reshape(
    product,
    dy.shape.map((n, i) => (i === axis ? extent : n)),
  );
}

export const resizing: Pick<OperatorTable, "Resize"> = {
  Resize: {
    infer([x], { scales }) {
      const fits = scales.length === x.shape.length && scales.every((s) => Number.isInteger(s) && s >= 1);
      if (!fits || scales[0] !== 1 || scales[1] !== 1) invalid("Resize", `scales [${scales}] for shape [${x.shape}]`);
      return { type: "float32", shape: resizedShape(x.shape, scales) };
    },
    gradient({ inputs: [x], attributes: { mode, scales }, dy, needed }) {
      if (!needed[0]) return [undefined];
      if (mode === "nearest") return [mul(averagePool(dy, scales.slice(2)), sizeOf(scales))];
      let dx = dy;
      for (let axis = 2; axis < scales.length; axis++) {
        if (scales[axis] > 1) dx = linearAdjoint(x.graph, dx, axis, scales[axis]);
      }
      return [dx];
    },
    evaluate([x], { mode, scales }: ResizeAttributes) {
      let current = tensor(Float32Array.from(x.data), x.shape);
      for (let axis = 2; axis < scales.length; axis++) {
        const extent = current.shape[axis];
        const shape = current.shape.map((n, i) => (i === axis ? n * scales[axis] : n));
        const matrix = interpolationMatrix(extent, scales[axis]);
        const strides = stridesOf(current.shape);
        const source = current.data;
        const out = new Float32Array(sizeOf(shape));
        forEachIndex(shape, (index, flat) => {
          const base = index.reduce((sum, n, i) => sum + (i === axis ? 0 : n * strides[i]), 0);
          const row = index[axis];
          if (mode === "nearest") {
            out[flat] = source[base + Math.floor(row / scales[axis]) * strides[axis]];
            return;
          }
          let sum = 0;
          for (let j = 0; j < extent; j++) sum += matrix[row * extent + j] * source[base + j * strides[axis]];
          out[flat] = sum;
        });
        current = tensor(out, shape);
      }
      return current;
    },
  },
};
