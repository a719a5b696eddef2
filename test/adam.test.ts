import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { tanh } from "../src/graph/operators/activations.ts";
import { abs, add, sub } from "../src/graph/operators/elementwise.ts";
import { matMul } from "../src/graph/operators/matmul.ts";
import { reduceMean } from "../src/graph/operators/reduction.ts";
import { openReferenceRuntime } from "../src/run/reference.ts";
import { adamScalars, adamUpdate, initialMoments, learningRateAt } from "../src/train/adam.ts";

interface Golden {
  x: number[];
  target: number[];
  start: { a: number[]; b: number[] };
  rates: number[];
  steps: { loss: number; a: number[]; b: number[] }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("fixtures/train/adam.json", import.meta.url), "utf8"));
const tensor = (shape: number[], data: number[]): Tensor => ({ type: "float32", shape, data: Float32Array.from(data) });
const scalar = (value: number): Tensor => tensor([], [value]);

describe("Adam in the graph", () => {
  it("goes where PyTorch's goes, through ten steps of changing rates", async () => {
    const graph = new Graph();
    const [x, target] = [graph.input("x", [5, 3]), graph.input("target", [5, 4])];
    const [a, b] = [graph.input("a", [3, 4]), graph.input("b", [4])];
    const scalars = { rate: graph.input("rate", []), correction: graph.input("correction", []) };
    const loss = reduceMean(abs(sub(tanh(add(matMul(x, a), b)), target)));
    graph.output("loss", loss);
    adamUpdate(
      graph,
      new Map([
        ["a", a],
        ["b", b],
      ]),
      gradients(loss, [a, b]),
      scalars,
    );

    const weights = { a: tensor([3, 4], golden.start.a), b: tensor([4], golden.start.b) };
    const state = { ...weights, ...initialMoments(weights) };
    const session = await openReferenceRuntime().open({ graphs: { step: graph }, state });
    expect(golden.steps.length).toBe(10);
    for (const [i, expected] of golden.steps.entries()) {
      const { rate, correction } = adamScalars(golden.rates[i], i + 1);
      const outputs = await session.run("step", {
        x: tensor([5, 3], golden.x),
        target: tensor([5, 4], golden.target),
        rate: scalar(rate),
        correction: scalar(correction),
      });
      expect(outputs.loss.data[0]).toBeCloseTo(expected.loss, 5);
      const now = await session.readState();
      for (const name of ["a", "b"] as const) {
        expected[name].forEach((value, k) => {
          expect(Math.abs(now[name].data[k] - value), `step ${i + 1}, ${name}[${k}]`).toBeLessThan(2e-6);
        });
      }
    }
  });
});

describe("the learning rate", () => {
  it("rises in a line, then falls as half a cosine to a hundredth", () => {
    const rate = (t: number): number => learningRateAt(t, 2, 10, 110);
    expect(Array.from({ length: 10 }, (_, i) => rate(i + 1))).toEqual([0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2]);
    expect(rate(60)).toBeCloseTo(2 * (0.01 + 0.99 / 2), 12);
    expect(rate(35)).toBeCloseTo(2 * (0.01 + 0.99 * 0.5 * (1 + Math.SQRT1_2)), 12);
    expect(rate(110)).toBeCloseTo(0.02, 12);
    for (let t = 11; t < 110; t++) expect(rate(t + 1)).toBeLessThan(rate(t));
  });
  it("needs no warm-up, and stays at its end", () => {
    expect(learningRateAt(1, 1, 0, 100)).toBeGreaterThan(0.999);
    expect(learningRateAt(200, 1, 0, 100)).toBeCloseTo(0.01, 12);
    expect(learningRateAt(5, 1, 5, 5)).toBe(1);
  });
});
