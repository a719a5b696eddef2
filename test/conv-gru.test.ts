/** The convolutional GRU: what its equations say, and images that are passed over. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { convGru } from "../src/models/networks/conv-gru.ts";
import { constantParameters } from "../src/models/networks/parameters.ts";
import { evaluateGraph } from "../src/run/reference.ts";

const [n, c, hidden, size] = [2, 3, 2, 5];

const noise = (shape: readonly number[], random: Random): Tensor => ({
  type: "float32",
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, () => random.between(-1, 1)),
});
const weightsFrom = (random: Random) => ({
  "gru/input/weights": noise([3 * hidden, c, 3, 3], random),
  "gru/input/bias": noise([3 * hidden], random),
  "gru/gates/weights": noise([2 * hidden, hidden, 3, 3], random),
  "gru/candidate/weights": noise([hidden, hidden, 3, 3], random),
});

/** The state after each of a sequence; `present` per image and batch entry. */
function states(weights: ReturnType<typeof weightsFrom>, sequence: readonly Tensor[], present?: readonly number[][]) {
  const graph = new Graph();
  const values = sequence.map(({ shape }, i) => graph.input(`x${i}`, shape));
  const there = present?.map((_, i) => graph.input(`w${i}`, [n, 1, 1, 1]));
  const parameters = constantParameters(graph, weights);
  for (const [i, state] of convGru(values, hidden, there, "gru", parameters).entries()) graph.output(`h${i}`, state);
  const inputs = Object.fromEntries(sequence.map((tensor, i) => [`x${i}`, tensor]));
  for (const [i, row] of (present ?? []).entries()) {
    inputs[`w${i}`] = { type: "float32", shape: [n, 1, 1, 1], data: Float32Array.from(row) };
  }
  const found = evaluateGraph(graph, inputs);
  return sequence.map((_, i) => found[`h${i}`].data as Float32Array);
}

/** Output channel k at one pixel of a "same" 3x3 convolution, straight from its definition. */
function tap(
  x: (channel: number, y: number, x: number) => number,
  w: Tensor,
  k: number,
  y: number,
  column: number,
): number {
  let sum = 0;
  for (let channel = 0; channel < w.shape[1]; channel++) {
    for (let i = 0; i < 9; i++) {
      const [a, b] = [y + Math.floor(i / 3) - 1, column + (i % 3) - 1];
      if (a < 0 || b < 0 || a >= size || b >= size) continue;
      sum += w.data[(k * w.shape[1] + channel) * 9 + i] * x(channel, a, b);
    }
  }
  return sum;
}

describe("the convolutional GRU", () => {
  it("is h + z (c - h) with the gates of the paper, number by number", () => {
    const random = new Random(1);
    const weights = weightsFrom(random);
    const sequence = Array.from({ length: 3 }, () => noise([n, c, size, size], random));
    const found = states(weights, sequence);
    const logistic = (v: number): number => 1 / (1 + Math.exp(-v));
    const at = (k: number, y: number, x: number): number => (k * size + y) * size + x;
    for (let entry = 0; entry < n; entry++) {
      let h = new Float64Array(hidden * size * size);
      for (const [i, { data }] of sequence.entries()) {
        const before = h;
        const ofInput = (k: number, y: number, x: number): number =>
          tap((q, a, b) => data[entry * c * size * size + at(q, a, b)], weights["gru/input/weights"], k, y, x) +
          weights["gru/input/bias"].data[k];
        const gate = (k: number, y: number, x: number): number =>
          logistic(ofInput(k, y, x) + tap((q, a, b) => before[at(q, a, b)], weights["gru/gates/weights"], k, y, x));
        const kept = new Float64Array(h.length);
        const next = new Float64Array(h.length);
        const each = (visit: (k: number, y: number, x: number) => void): void => {
          for (let j = 0; j < h.length; j++) visit(Math.floor(j / size / size), Math.floor(j / size) % size, j % size);
        };
        each((k, y, x) => {
          kept[at(k, y, x)] = gate(hidden + k, y, x) * before[at(k, y, x)];
        });
        each((k, y, x) => {
          const recalled = tap((q, a, b) => kept[at(q, a, b)], weights["gru/candidate/weights"], k, y, x);
          const candidate = Math.tanh(ofInput(2 * hidden + k, y, x) + recalled);
          const z = gate(k, y, x);
          next[at(k, y, x)] = (1 - z) * before[at(k, y, x)] + z * candidate;
        });
        h = next;
        const got = found[i].subarray(entry * h.length, (entry + 1) * h.length);
        expect(Math.max(...h.map((value, j) => Math.abs(value - got[j])))).toBeLessThan(1e-5);
        expect(Math.max(...h)).toBeGreaterThan(0.3);
      }
    }
  });

  it("passes over images that are absent, to the last bit, wherever they stand", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        (seed, mask) => {
          const random = new Random(seed);
          const weights = weightsFrom(random);
          const sequence = mask.map(() => noise([n, c, size, size], random));
          const shown = sequence.filter((_, i) => mask[i]);
          const all = states(
            weights,
            sequence,
            mask.map((there) => [there ? 1 : 0, there ? 1 : 0]),
          );
          const last = all[all.length - 1];
          // -0 and 0 are one state.
          const expected = shown.length > 0 ? states(weights, shown)[shown.length - 1] : new Float32Array(last.length);
          expect(last.every((value, i) => value === expected[i])).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("passes over an image for one batch entry and not for the other", () => {
    const random = new Random(5);
    const weights = weightsFrom(random);
    const sequence = [noise([n, c, size, size], random), noise([n, c, size, size], random)];
    const [, mixed] = states(weights, sequence, [
      [1, 1],
      [0, 1],
    ]);
    const [first, both] = states(weights, sequence);
    const half = mixed.length / 2;
    expect(mixed.subarray(0, half)).toEqual(first.subarray(0, half));
    expect(mixed.subarray(half)).toEqual(both.subarray(half));
    expect(first).not.toEqual(both);
  });
});
