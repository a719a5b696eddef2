import { broadcastShapes, broadcastStrides, forEachIndex, sizeOf } from "../../array/shape.ts";
import { invalid, type OperatorTable, tensor } from "../operator.ts";
import { matMul, transposeLast } from "../operators/matmul.ts";
import { sumTo } from "./sum-to.ts";

export const matmul: Pick<OperatorTable, "MatMul"> = {
  MatMul: {
    infer([a, b]) {
      const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
      if (a.shape.length < 2 || b.shape.length < 2 || !batch || a.shape.at(-1) !== b.shape.at(-2)) {
        return invalid("MatMul", `shapes [${a.shape}] and [${b.shape}] do not fit`);
      }
      return { type: "float32", shape: [...batch, a.shape.at(-2) as number, b.shape.at(-1) as number] };
    },
    // d(AB) = dA B + A dB  =>  dL/dA = dL/dY B', dL/dB = A' dL/dY
    gradient: ({ inputs: [a, b], dy, needed }) => [
      needed[0] ? sumTo(matMul(dy, transposeLast(b)), a.shape) : undefined,
      needed[1] ? sumTo(matMul(transposeLast(a), dy), b.shape) : undefined,
    ],
    evaluate([a, b]) {
      const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) as number[];
      const [m, k] = a.shape.slice(-2);
      const n = b.shape.at(-1) as number;
      const [sa, sb] = [broadcastStrides(a.shape.slice(0, -2), batch), broadcastStrides(b.shape.slice(0, -2), batch)];
      const out = new Float32Array(sizeOf(batch) * m * n);
      forEachIndex(batch, (index, flat) => {
        const at = index.reduce((sum, i, axis) => sum + i * sa[axis], 0) * m * k;
        const bt = index.reduce((sum, i, axis) => sum + i * sb[axis], 0) * k * n;
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let l = 0; l < k; l++) sum += a.data[at + i * k + l] * b.data[bt + l * n + j];
            out[(flat * m + i) * n + j] = sum;
          }
        }
      });
      return tensor(out, [...batch, m, n]);
    },
  },
};
