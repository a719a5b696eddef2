import { sizeOf } from "../../array/shape.ts";
import { invalid, type OperatorTable, tensor } from "../operator.ts";
import { add, div, mul, sqrt, square, sub } from "../operators/elementwise.ts";
import { acrossBatch, perChannel } from "../operators/normalisation.ts";
import { reduceMean, reduceSum } from "../operators/reduction.ts";
import type { Value } from "../value.ts";

const acrossSpace = (x: Value): number[] => x.shape.flatMap((_, i) => (i < 2 ? [] : [i]));

export const normalisation: Pick<OperatorTable, "InstanceNormalization" | "BatchNormalization"> = {
  InstanceNormalization: {
    infer([x, scale, bias]) {
      checkPerChannel("InstanceNormalization", x, [scale, bias]);
      return { type: "float32", shape: x.shape };
    },
    // With h = (x - mean) / s: dx = scale / s (dy - mean(dy) - h mean(dy h)), means over space
    gradient({ inputs: [x, scale], attributes: { epsilon }, dy, needed }) {
      const space = acrossSpace(x);
      const centred = sub(x, reduceMean(x, space, true));
      const deviation = sqrt(add(reduceMean(square(centred), space, true), epsilon));
      const normal = div(centred, deviation);
      const inner = (): Value =>
        sub(sub(dy, reduceMean(dy, space, true)), mul(normal, reduceMean(mul(dy, normal), space, true)));
      return [
        needed[0] ? mul(div(perChannel(scale, x), deviation), inner()) : undefined,
        needed[1] ? reduceSum(mul(dy, normal), acrossBatch(x)) : undefined,
        needed[2] ? reduceSum(dy, acrossBatch(x)) : undefined,
      ];
    },
    evaluate([x, scale, bias], { epsilon }) {
      const [n, c, ...spatial] = x.shape;
      const size = sizeOf(spatial);
      const out = new Float32Array(x.data.length);
      for (let i = 0; i < n * c; i++) {
        const part = x.data.subarray(i * size, (i + 1) * size);
        let mean = 0;
        for (const v of part) mean += v / size;
        let variance = 0;
        for (const v of part) variance += (v - mean) ** 2 / size;
        const factor = scale.data[i % c] / Math.sqrt(variance + epsilon);
        for (let j = 0; j < size; j++) out[i * size + j] = (part[j] - mean) * factor + bias.data[i % c];
      }
      return tensor(out, x.shape);
    },
  },
  BatchNormalization: {
    infer([x, ...statistics]) {
      checkPerChannel("BatchNormalization", x, statistics);
      return { type: "float32", shape: x.shape };
    },
    // The statistics are given, so that no gradient flows to them.
    gradient({ inputs: [x, scale, , mean, variance], attributes: { epsilon }, dy, needed }) {
      const deviation = sqrt(add(variance, epsilon));
      const normal = (): Value => div(sub(x, perChannel(mean, x)), perChannel(deviation, x));
      return [
        needed[0] ? mul(dy, perChannel(div(scale, deviation), x)) : undefined,
        needed[1] ? reduceSum(mul(dy, normal()), acrossBatch(x)) : undefined,
        needed[2] ? reduceSum(dy, acrossBatch(x)) : undefined,
        undefined,
        undefined,
      ];
    },
    evaluate([x, scale, bias, mean, variance], { epsilon }) {
      const c = x.shape[1];
      const size = sizeOf(x.shape.slice(2));
      const out = new Float32Array(x.data.length);
      for (let i = 0; i < out.length; i++) {
        const k = Math.floor(i / size) % c;
        const factor = scale.data[k] / Math.sqrt(variance.data[k] + epsilon);
        out[i] = (x.data[i] - mean.data[k]) * factor + bias.data[k];
      }
      return tensor(out, x.shape);
    },
  },
};

function checkPerChannel(op: string, x: Value, values: readonly Value[]): void {
  for (const { shape } of values) {
    if (shape.length !== 1 || shape[0] !== x.shape[1]) invalid(op, `[${shape}] for the channels of [${x.shape}]`);
  }
}
