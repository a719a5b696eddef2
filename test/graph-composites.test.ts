import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { type ConvOptions, conv, convTranspose } from "../src/graph/operators/convolution.ts";
import { add, greater, indicator, mul, type Operand, square } from "../src/graph/operators/elementwise.ts";
import { slice } from "../src/graph/operators/movement.ts";
import { batchNorm, batchNormTraining } from "../src/graph/operators/normalisation.ts";
import { reduceMean } from "../src/graph/operators/reduction.ts";
import { upsampleNearest } from "../src/graph/operators/resizing.ts";
import { convTransposed2, convUpsampled } from "../src/graph/operators/upsampled-convolution.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import type { Tensors } from "../src/run/runtime.ts";
import { type Build, gradientError, gradientNodes } from "./finite-differences.ts";
import { drawTensor } from "./graph-cases.ts";

const tolerance = 3e-4;

function draw(seed: number, shapes: Record<string, readonly number[]>): Tensors {
  const random = new Random(seed);
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, drawTensor(random, { shape })]));
}

/** The result of a function of values for tensors, and its gradient as {@link Build}. */
function evaluate(f: (...values: Value[]) => Value, tensors: Tensors): Tensor {
  const graph = new Graph();
  graph.output("y", f(...Object.entries(tensors).map(([name, { shape }]) => graph.input(name, shape))));
  return evaluateGraph(graph, tensors).y;
}
const building =
  (f: (...values: Value[]) => Value, tensors: Tensors): Build =>
  (graph) => {
    const wanted = Object.entries(tensors).map(([name, { shape }]) => graph.input(name, shape));
    return { y: f(...wanted), wanted };
  };

function largestDifference(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return Array.from(a.data).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b.data[i])), 0);
}
const dot = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return Array.from(a.data).reduce((sum, value, i) => sum + value * b.data[i], 0);
};

describe("convTranspose", () => {
  const forms: [
    string,
    { x: number[]; w: number[] } & Required<Pick<ConvOptions, "strides" | "dilations" | "group">> & { pads: number[] },
  ][] = [
    [
      "stride 2",
      { x: [2, 3, 8, 6], w: [4, 3, 3, 3], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 },
    ],
    ["uneven", { x: [1, 2, 9, 7], w: [2, 2, 4, 2], strides: [3, 2], pads: [2, 0, 1, 1], dilations: [1, 2], group: 1 }],
    ["groups", { x: [1, 4, 7, 7], w: [6, 2, 3, 3], strides: [2, 1], pads: [0, 1, 0, 1], dilations: [1, 2], group: 2 }],
    [
      "wide pads",
      { x: [1, 1, 4, 3], w: [2, 1, 1, 2], strides: [2, 3], pads: [2, 3, 1, 2], dilations: [1, 1], group: 1 },
    ],
    [
      "3-D",
      {
        x: [1, 2, 4, 5, 6],
        w: [3, 2, 2, 3, 3],
        strides: [2, 2, 1],
        pads: [0, 1, 1, 0, 1, 1],
        dilations: [1, 1, 1],
        group: 1,
      },
    ],
  ];

  it.each(forms)("is the adjoint of the convolution: <conv x, y> = <x, convTranspose y>: %s", (_, form) => {
    const { x, w, ...options } = form;
    const forward = draw(1, { x, w });
    const convolved = evaluate((a, b) => conv(a, b, options), forward);
    const backward = { dy: draw(2, { dy: convolved.shape }).dy, w: forward.w };
    const rank = x.length - 2;
    const outputPads = x.slice(2).map((extent, i) => {
      const covered = (convolved.shape[i + 2] - 1) * options.strides[i] + (w[i + 2] - 1) * options.dilations[i] + 1;
      return extent + options.pads[i] + options.pads[rank + i] - covered;
    });
    const transposed = evaluate((a, b) => convTranspose(a, b, { ...options, outputPads }), backward);
    expect(dot(convolved, backward.dy)).toBeCloseTo(dot(forward.x, transposed), 3);
    expect(
      gradientError(
        building((a, b) => convTranspose(a, b, { ...options, outputPads }), backward),
        backward,
      ),
    ).toBeLessThan(tolerance);
  });

  it("adds the bias", () => {
    const tensors = draw(3, { x: [1, 2, 3, 3], w: [2, 3, 2, 2] });
    const bias = draw(4, { b: [3] });
    const options = { strides: [2, 2], pads: [0, 0, 0, 0] };
    const plain = evaluate((x, w) => convTranspose(x, w, options), tensors);
    const shifted = evaluate((x, w, b) => convTranspose(x, w, { ...options, bias: b }), { ...tensors, ...bias });
    expect(plain.shape).toEqual([1, 3, 6, 6]);
    const expected = plain.data.map((value, i) => value + bias.b.data[Math.floor(i / 36)]);
    expect(largestDifference({ ...plain, data: expected }, shifted)).toBeLessThan(1e-5);
  });
});

describe("convolutions that double the image", () => {
  const inputs = draw(5, { x: [2, 3, 4, 5], w: [2, 3, 3, 3], b: [2] });
  const fast = (x: Value, w: Value, b: Value): Value => convUpsampled(x, w, b);
  const plain = (x: Value, w: Value, b: Value): Value => conv(upsampleNearest(x, [2, 2]), w, { bias: b });

  it("convUpsampled equals nearest upsampling and a convolution, in results and in gradients", () => {
    expect(largestDifference(evaluate(fast, inputs), evaluate(plain, inputs))).toBeLessThan(1e-5);
    const cotangent = draw(6, { c: [2, 2, 8, 10] }).c;
    const ours = gradientNodes(building(fast, inputs), { ...inputs, cotangent });
    const theirs = gradientNodes(building(plain, inputs), { ...inputs, cotangent });
    for (const name of ["x", "w", "b"]) expect(largestDifference(ours[name], theirs[name])).toBeLessThan(1e-4);
    expect(gradientError(building(fast, inputs), inputs)).toBeLessThan(tolerance);
  });

  it("convTransposed2 equals convTranspose of a stride-2 convolution padded at the far end", () => {
    const tensors = draw(7, { x: [2, 3, 4, 3], w: [3, 2, 3, 3], b: [2] });
    const options = { strides: [2, 2], pads: [0, 0, 1, 1], outputPads: [0, 0] };
    const quick = (x: Value, w: Value, b: Value): Value => convTransposed2(x, w, b);
    const slow = (x: Value, w: Value, b: Value): Value => convTranspose(x, w, { ...options, bias: b });
    const result = evaluate(quick, tensors);
    expect(result.shape).toEqual([2, 2, 8, 6]);
    expect(largestDifference(result, evaluate(slow, tensors))).toBeLessThan(1e-5);
    expect(gradientError(building(quick, tensors), tensors)).toBeLessThan(tolerance);
  });
});

describe("batchNormTraining", () => {
  const inputs = draw(8, { x: [3, 2, 3, 4], scale: [2], bias: [2] });

  it("normalises with the statistics that it returns", () => {
    const graph = new Graph();
    const [x, scale, bias] = Object.entries(inputs).map(([name, { shape }]) => graph.input(name, shape));
    const { y, mean, variance } = batchNormTraining(x, scale, bias, 1e-3);
    graph.output("y", y);
    graph.output("expected", batchNorm(x, scale, bias, mean, variance, 1e-3));
    graph.output("mean", mean);
    graph.output("variance", variance);
    const results = evaluateGraph(graph, inputs);
    expect(largestDifference(results.y, results.expected)).toBeLessThan(1e-5);
    const channel = Array.from(inputs.x.data).filter((_, i) => Math.floor(i / 12) % 2 === 1);
    const average = channel.reduce((sum, v) => sum + v) / channel.length;
    expect(results.mean.data[1]).toBeCloseTo(average, 5);
    expect(results.variance.data[1]).toBeCloseTo(
      channel.reduce((sum, v) => sum + (v - average) ** 2, 0) / channel.length,
      5,
    );
  });

  it("passes gradients through its statistics", () => {
    // The sum of normalised values is constant, so that a linear loss would hide what flows through mean and variance.
    const f = (x: Value, scale: Value, bias: Value): Value => square(batchNormTraining(x, scale, bias, 0.01).y);
    // dL/dx is a small rest of large terms, and the noise of float32 is measured against it.
    expect(gradientError(building(f, inputs), inputs, 2 ** -8)).toBeLessThan(2e-3);
  });
});

describe("dropout as a product with a mask", () => {
  it("passes values and gradients where the mask is 1, scaled to keep the mean", () => {
    const keep = 0.5;
    const dropout = (x: Value, uniform: Operand): Value => mul(mul(x, indicator(greater(keep, uniform))), 1 / keep);
    const inputs = { x: draw(9, { x: [4, 25] }).x };
    const random = new Random(10);
    const uniform = Float32Array.from({ length: 100 }, () => random.uniform());
    const f = (x: Value): Value => dropout(x, x.graph.constant(uniform, [4, 25], "uniform"));
    const result = evaluate(f, inputs);
    result.data.forEach((y, i) => {
      expect(Math.abs(y - (uniform[i] < keep ? 2 * inputs.x.data[i] : 0))).toBe(0);
    });
    expect(gradientError(building(f, inputs), inputs)).toBeLessThan(tolerance);
  });
});

describe("slices backwards", () => {
  it.each([
    [6, -1, -3, [6, 3, 0]],
    [6, 0, -3, [6, 3]],
    [7, 1, -2, [7, 5, 3]],
    [5, 2, -1, [5, 4, 3]],
    [7, -1, -1, [7, 6, 5, 4, 3, 2, 1, 0]],
    [5, -1, -9, [5]],
  ])("%i:%i:%i", (start, end, step, expected) => {
    const inputs = draw(12, { x: [8, 2] });
    const f = (x: Value): Value => slice(x, [{ axis: 0, start, end, step }]);
    const rows = expected.flatMap((row) => [inputs.x.data[2 * row], inputs.x.data[2 * row + 1]]);
    expect([...evaluate(f, inputs).data]).toEqual(rows);
    expect(gradientError(building(f, inputs), inputs)).toBeLessThan(tolerance);
  });
});

describe("residual blocks", () => {
  it("hold end to end", () => {
    const inputs = draw(11, { x: [1, 2, 5, 5], w: [2, 2, 3, 3] });
    const f = (x: Value, w: Value): Value => reduceMean(square(add(conv(x, w), x)), [2, 3]);
    expect(gradientError(building(f, inputs), inputs)).toBeLessThan(tolerance);
  });
});
