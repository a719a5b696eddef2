import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import type { ConvAttributes, OperatorName } from "../src/graph/attributes.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { hardSwish, relu, tanh } from "../src/graph/operators/activations.ts";
import { conv } from "../src/graph/operators/convolution.ts";
import { abs, add, exp, maximum, minimum, mul, square, sub } from "../src/graph/operators/elementwise.ts";
import { slice } from "../src/graph/operators/movement.ts";
import { maxPool } from "../src/graph/operators/pooling.ts";
import { reduceMax, reduceSum } from "../src/graph/operators/reduction.ts";
import { operators } from "../src/graph/operators.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import { type Build, gradientError, gradientNodes } from "./finite-differences.ts";
import { appendCase, type Case, drawTensor, inputsOfCase, operatorCases } from "./graph-cases.ts";

/** Measured: below 1.1e-4 everywhere (the truncation of 1/x and log), mostly 1e-5. */
const tolerance = 3e-4;

/** Operators whose results change in steps or are no numbers: no gradient flows through them. */
const flat: readonly OperatorName[] = ["Sign", "Greater"];

describe("gradients of operators against central differences", () => {
  for (const op of Object.keys(operators) as OperatorName[]) {
    it(op, () => {
      const cases = operatorCases[op] as readonly Case[];
      expect(cases.length).toBeGreaterThan(0);
      cases.forEach((one, i) => {
        const build: Build = (graph) => {
          const { inputs, y } = appendCase(graph, op, one);
          const wanted = inputs.filter((input, k) => input.type === "float32" && !one.fixed?.includes(k));
          return { y, wanted };
        };
        const { y, wanted } = build(new Graph());
        if (wanted.length === 0) return;
        if (flat.includes(op) || y.type === "bool") {
          expect(() => gradientNodes(soften(build), {}), `case ${i}`).toThrow(/does not depend/);
          return;
        }
        expect(gradientError(build, inputsOfCase(new Random(100 + i), one)), `case ${i}`).toBeLessThan(tolerance);
      });
    });
  }

  /** Makes numbers of a bool result, so that it can stand in a loss. */
  const soften =
    (build: Build): Build =>
    (graph) => {
      const { y, wanted } = build(graph);
      return { y: y.type === "bool" ? graph.add("Cast", [y], { to: "float32" }) : y, wanted };
    };
});

/** A convolution that exists, with everything about it drawn at random. */
function drawConv(random: Random): { x: number[]; w: number[]; attributes: ConvAttributes } {
  const rank = 1 + random.integer(3);
  const each = (draw: () => number): number[] => Array.from({ length: rank }, draw);
  const group = 1 + random.integer(2);
  const [perGroupIn, perGroupOut] = [1 + random.integer(2), 1 + random.integer(2)];
  const kernel = each(() => 1 + random.integer(3));
  const dilations = each(() => 1 + random.integer(2));
  // Pads beyond the reach of the kernel happen as well: windows that see nothing of the input.
  const pads = [...each(() => random.integer(4)), ...each(() => random.integer(4))];
  const extents = kernel.map((k, i) => {
    const smallest = (k - 1) * dilations[i] + 1 - pads[i] - pads[rank + i];
    return Math.max(1, smallest) + random.integer(3);
  });
  return {
    x: [1 + random.integer(2), group * perGroupIn, ...extents],
    w: [group * perGroupOut, perGroupIn, ...kernel],
    attributes: { group, dilations, pads, strides: each(() => 1 + random.integer(3)) },
  };
}

describe("gradients of convolutions with random shapes, strides, pads, dilations and groups", () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))("seed %i", (seed) => {
    const random = new Random(seed);
    const { x, w, attributes } = drawConv(random);
    const build: Build = (graph) => {
      const wanted = [graph.input("x", x), graph.input("w", w)];
      return { y: graph.add("Conv", wanted, attributes), wanted };
    };
    const inputs = { x: drawTensor(random, { shape: x }), w: drawTensor(random, { shape: w }) };
    expect(gradientError(build, inputs), JSON.stringify({ x, w, attributes })).toBeLessThan(tolerance);
  });
});

/** dL/dx for L = sum(c f(x)). */
function slopes(
  f: (x: Value) => Value,
  data: readonly number[],
  shape: readonly number[],
  c: readonly number[],
): number[] {
  const x: Tensor = { type: "float32", shape, data: Float32Array.from(data) };
  const build: Build = (graph) => {
    const value = graph.input("x", shape);
    return { y: f(value), wanted: [value] };
  };
  const { y } = build(new Graph());
  const cotangent: Tensor = { type: "float32", shape: y.shape, data: Float32Array.from(c) };
  return [...gradientNodes(build, { x, cotangent }).x.data];
}

describe("ties and kinks", () => {
  it("pixels that share the maximum of a window share its gradient", () => {
    const pixels = [1, 3, 3, 2, /**/ 3, 0, 5, 5];
    expect(slopes((x) => maxPool(x, [2, 2]), pixels, [1, 1, 2, 4], [6, 8])).toEqual([0, 3, 0, 0, 3, 0, 4, 4]);
    expect(slopes((x) => maxPool(x, [2]), [0, 0, 0, 0, 9], [1, 1, 5], [6, 8])).toEqual([3, 3, 4, 4, 0]);
  });

  it("elements that share the maximum of a reduction share its gradient", () => {
    expect(slopes((x) => reduceMax(x, [1]), [4, 4, 4, 1, 2, 2], [2, 3], [6, 8])).toEqual([2, 2, 2, 0, 4, 4]);
  });

  it("equal operands of Max and Min pass the gradient on once", () => {
    expect(slopes((x) => maximum(x, 1), [1, 0, 2], [3], [5, 5, 5])).toEqual([0, 0, 5]);
    expect(slopes((x) => minimum(x, 1), [1, 0, 2], [3], [5, 5, 5])).toEqual([5, 5, 0]);
    expect(slopes((x) => maximum(x, x), [1, 0], [2], [5, 7])).toEqual([5, 7]);
    expect(slopes((x) => minimum(x, x), [1, 0], [2], [5, 7])).toEqual([5, 7]);
  });

  it("takes a subgradient at a kink", () => {
    expect(slopes(relu, [0, -1, 1], [3], [2, 2, 2])).toEqual([0, 0, 2]);
    expect(slopes(abs, [0, -1, 1], [3], [2, 2, 2])).toEqual([0, -2, 2]);
    const [low, high] = slopes(hardSwish, [-3, 3], [2], [2, 2]);
    expect(low).toBeGreaterThanOrEqual(-1);
    expect(low).toBeLessThanOrEqual(0);
    expect(high).toBeGreaterThanOrEqual(2);
    expect(high).toBeLessThanOrEqual(3);
  });
});

describe("the reverse pass", () => {
  const number = (value: number): Tensor => ({ type: "float32", shape: [], data: Float32Array.of(value) });

  it("adds what comes back along several ways, to inputs and to values between", () => {
    const graph = new Graph();
    const x = graph.input("x", []);
    const u = square(x);
    const v = add(mul(u, x), mul(u, u)); // x^3 + x^4
    const [du, dx, dv] = gradients(add(v, u), [u, x, v]);
    for (const [name, value] of Object.entries({ du, dx, dv })) graph.output(name, value);
    const results = evaluateGraph(graph, { x: number(3) });
    expect(results.du.data[0]).toBe(3 + 2 * 9 + 1);
    expect(results.dx.data[0]).toBe(3 * 9 + 4 * 27 + 2 * 3);
    expect(results.dv.data[0]).toBe(1);
  });

  it("differentiates gradients again", () => {
    const graph = new Graph();
    const x = graph.input("x", []);
    const [first] = gradients(mul(square(x), x), [x]);
    const [second] = gradients(first, [x]);
    const [third] = gradients(second, [x]);
    graph.output("third", third);
    graph.output("second", second);
    const results = evaluateGraph(graph, { x: number(2) });
    expect(results.second.data[0]).toBe(12);
    expect(results.third.data[0]).toBe(6);
  });

  it("gives the gradient of a loss to itself as 1", () => {
    const graph = new Graph();
    const loss = square(graph.input("x", [1]));
    const [one] = gradients(loss, [loss]);
    graph.output("one", one);
    const x: Tensor = { type: "float32", shape: [1], data: Float32Array.of(7) };
    expect(evaluateGraph(graph, { x }).one).toEqual({ type: "float32", shape: [1], data: Float32Array.of(1) });
  });

  it("adds no nodes for what is not asked for", () => {
    const graph = new Graph();
    const [x, w] = [graph.input("x", [1, 8, 16, 16]), graph.input("w", [4, 8, 3, 3])];
    const loss = reduceSum(conv(x, w));
    const count = graph.nodes.length;
    gradients(loss, [w]);
    const shapes = graph.nodes.slice(count).map(({ output }) => output.shape.join());
    expect(shapes).not.toContain(x.shape.join());
  });

  it("holds through a chain of operators", () => {
    const random = new Random(5);
    const build: Build = (graph) => {
      const [x, w] = [graph.input("x", [1, 2, 6, 6]), graph.input("w", [2, 2, 3, 3])];
      const y = tanh(conv(x, w));
      const cut = slice(y, [{ axis: 3, start: 5, end: -1, step: -2 }]);
      return { y: sub(exp(mul(cut, 0.5)), reduceSum(square(y), [1, 3], true)), wanted: [x, w] };
    };
    const inputs = { x: drawTensor(random, { shape: [1, 2, 6, 6] }), w: drawTensor(random, { shape: [2, 2, 3, 3] }) };
    expect(gradientError(build, inputs)).toBeLessThan(tolerance);
  });

  it("refuses a loss of several elements and values on which the loss does not depend", () => {
    const graph = new Graph();
    const [x, z] = [graph.input("x", [2]), graph.input("z", [2])];
    expect(() => gradients(x, [x])).toThrow(/one element/);
    expect(() => gradients(reduceSum(x), [z])).toThrow(/does not depend on z/);
  });
});
