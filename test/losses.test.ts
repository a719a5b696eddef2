import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Value } from "../src/graph/graph.ts";
import { msSsim, msSsimScales } from "../src/metrics/ms-ssim.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import { leastSquaresLoss, maeLoss, msSsimLoss } from "../src/train/losses.ts";

type Loss = (output: Value, target: Value) => Value;

/** The loss and its gradient to the output. */
function evaluate(loss: Loss, output: Float32Array, target: Float32Array, shape: number[]) {
  const graph = new Graph();
  const [a, b] = [graph.input("output", shape), graph.input("target", shape)];
  const value = loss(a, b);
  graph.output("loss", value);
  graph.output("gradient", gradients(value, [a])[0]);
  const tensors = evaluateGraph(graph, {
    output: { type: "float32", shape, data: output },
    target: { type: "float32", shape, data: target },
  });
  return { loss: tensors.loss.data[0], gradient: tensors.gradient.data as Float32Array };
}

const side = 48;
const texture = (seed: number, size = side): Float32Array => {
  const random = new Random(seed);
  const data = Float32Array.from({ length: size * size }, () => random.uniform());
  return gaussianFilter({ data, height: size, width: size }, 1).data;
};
const worse = (picture: Float32Array, amount: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return picture.map((v) => v + amount * random.normal());
};

describe("the mean absolute error", () => {
  it("is just that, and pulls every pixel by its sign", () => {
    const { loss, gradient } = evaluate(
      maeLoss,
      Float32Array.of(1, 5, -2, 3),
      Float32Array.of(2, 2, -2, 0),
      [1, 1, 2, 2],
    );
    expect(loss).toBeCloseTo(7 / 4, 6);
    expect(Array.from(gradient)).toEqual([-0.25, 0.25, 0, 0.25]);
  });
});

describe("the least-squares loss", () => {
  it("is the mean squared distance from what was wanted", () => {
    const towards = (wanted: 0 | 1) =>
      evaluate((a) => leastSquaresLoss(a, wanted), Float32Array.of(0.2, 0.9), new Float32Array(2), [2, 1]);
    expect(towards(1).loss).toBeCloseTo((0.64 + 0.01) / 2, 6);
    expect(towards(0).loss).toBeCloseTo((0.04 + 0.81) / 2, 6);
    expect(towards(1).gradient[0]).toBeCloseTo(-0.8, 6);
  });
});

describe("the MS-SSIM loss", () => {
  it("is 1 - MS-SSIM as it is judged, at one, two and three scales", () => {
    for (const [size, scales] of [
      [16, 1],
      [32, 2],
      [48, 3],
    ]) {
      expect(msSsimScales(size, size)).toBe(scales);
      const truth = texture(1, size);
      for (const amount of [0.01, 0.1]) {
        const output = worse(truth, amount, 2);
        const picture = (data: Float32Array) => ({ data, height: size, width: size });
        const judged = msSsim(picture(output), picture(truth), 1);
        expect(judged).toBeLessThan(0.999);
        const { loss } = evaluate(msSsimLoss, output, truth, [1, 1, size, size]);
        expect(Math.abs(loss - (1 - judged))).toBeLessThan(2e-5);
      }
    }
  });

  it("is the mean over a batch, each picture by itself", () => {
    const [one, two] = [texture(1), texture(2)];
    const [a, b] = [worse(one, 0.05, 3), worse(two, 0.3, 4)];
    const alone = [
      evaluate(msSsimLoss, a, one, [1, 1, side, side]).loss,
      evaluate(msSsimLoss, b, two, [1, 1, side, side]).loss,
    ];
    const both = evaluate(msSsimLoss, Float32Array.of(...a, ...b), Float32Array.of(...one, ...two), [
      2,
      1,
      side,
      side,
    ]).loss;
    expect(both).toBeCloseTo((alone[0] + alone[1]) / 2, 5);
  });

  it("is 0 with nothing to mend for equal pictures, and its gradient leads downhill otherwise", () => {
    const truth = texture(5);
    const equal = evaluate(msSsimLoss, truth, truth, [1, 1, side, side]);
    expect(Math.abs(equal.loss)).toBeLessThan(1e-5);
    const output = worse(truth, 0.1, 6);
    const before = evaluate(msSsimLoss, output, truth, [1, 1, side, side]);
    const norm = before.gradient.reduce((s, g) => s + g * g, 0);
    expect(norm).toBeGreaterThan(0);
    // A small step against the gradient lowers the loss by about step |g|^2.
    const step = 0.02 * (before.loss / norm);
    const after = evaluate(
      msSsimLoss,
      output.map((v, i) => v - step * before.gradient[i]),
      truth,
      [1, 1, side, side],
    );
    expect((before.loss - after.loss) / (step * norm)).toBeCloseTo(1, 1);
  });

  it("has finite gradients for patches without structure, alike, apart, bright or opposed", () => {
    const flat = (value: number): Float32Array => new Float32Array(side * side).fill(value);
    const noise = texture(7);
    const opposite = noise.map((v) => 1 - v);
    const pairs: [Float32Array, Float32Array][] = [
      [flat(0), flat(0)],
      [flat(0.5), flat(0.5)],
      [flat(0), flat(1)],
      [flat(30), flat(30)],
      [flat(-0.5), noise],
      [noise, flat(0.3)],
      [opposite, noise],
    ];
    for (const [output, target] of pairs) {
      for (const loss of [msSsimLoss, maeLoss]) {
        const { loss: value, gradient } = evaluate(loss, output, target, [1, 1, side, side]);
        expect(Number.isFinite(value)).toBe(true);
        expect(gradient.every(Number.isFinite)).toBe(true);
      }
    }
  });
});
