import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { ParfocalError } from "../src/errors.ts";
import { Graph, type Value } from "../src/graph/graph.ts";
import { conv } from "../src/graph/operators/convolution.ts";
import { add } from "../src/graph/operators/elementwise.ts";
import { concat } from "../src/graph/operators/movement.ts";
import { instanceNorm } from "../src/graph/operators/normalisation.ts";
import { averagePool, maxPool } from "../src/graph/operators/pooling.ts";
import { reduceMean } from "../src/graph/operators/reduction.ts";
import { upsampleLinear, upsampleNearest } from "../src/graph/operators/resizing.ts";
import { convTransposed2 } from "../src/graph/operators/upsampled-convolution.ts";
import { receptiveRadius } from "../src/models/apply/receptive-field.ts";
import { deepZGenerator, deepZPresets } from "../src/models/networks/deep-z.ts";
import { constantParameters, trainableParameters } from "../src/models/networks/parameters.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import { randomWeights, tinyArchitecture } from "./helpers/tiny.ts";

const random = new Random(5);
/** Positive weights: nothing cancels, so that whatever is seen shows. */
function weights(x: Value, shape: number[]): Value {
  return x.graph.constant(
    Float32Array.from({ length: sizeOf(shape) }, () => random.between(0.1, 1)),
    shape,
  );
}
const layer = (x: Value, k: number, options = {}): Value => conv(x, weights(x, [1, 1, k, k]), options);

type Network = (x: Value) => Value;

/**
 * The truth: one pixel of the input after the other is changed, and the largest distance at which the output changes is taken;
 * an output pixel i of a network that changes the size stands at input pixel i * scale.
 */
function seenRadius(network: Network, size: number, axis: 0 | 1): number {
  const graph = new Graph();
  const shape = axis === 0 ? [1, 1, size, 8] : [1, 1, 8, size];
  graph.output("y", network(graph.input("x", shape)));
  const length = 8 * size;
  const noise = new Random(9);
  const plain = Float32Array.from({ length }, () => noise.uniform());
  const run = (data: Float32Array) => evaluateGraph(graph, { x: { type: "float32", shape, data } }).y;
  const before = run(plain);
  const [h, w] = before.shape.slice(2);
  const outExtent = axis === 0 ? h : w;
  let radius = 0;
  // Away from the borders, every phase of the pooling windows.
  for (let at = Math.floor(size / 2) - 8; at < Math.floor(size / 2) + 8; at++) {
    const data = plain.slice();
    // A whole line: where it lies across does not matter. It must beat every neighbour in a maximum, and lose to them.
    for (const value of [100, -100]) {
      for (let i = 0; i < 8; i++) data[axis === 0 ? at * 8 + i : i * size + at] = value;
      const after = run(data);
      after.data.forEach((v, k) => {
        if (Math.abs((v as number) - (before.data[k] as number)) < 1e-6) return;
        const position = axis === 0 ? Math.floor(k / w) : k % w;
        radius = Math.max(radius, Math.abs((position * size) / outExtent - at));
      });
    }
  }
  return radius;
}

function computedRadius(network: Network, axis: 0 | 1): number {
  const graph = new Graph();
  graph.output("y", network(graph.input("x", [1, 1, 32, 32])));
  return receptiveRadius(graph, axis);
}

const transposed: Network = (x) => convTransposed2(x, weights(x, [1, 1, 3, 3]), weights(x, [1]));

const exact: Record<string, Network> = {
  "a 3x3 convolution": (x) => layer(x, 3),
  "three convolutions": (x) => layer(layer(layer(x, 3), 5), 3),
  "a dilated convolution": (x) => layer(x, 3, { dilations: [3, 3], pads: [3, 3, 3, 3] }),
  "a flat kernel": (x) => conv(x, weights(x, [1, 1, 1, 7])),
  "a strided convolution": (x) => layer(x, 3, { strides: [2, 2], pads: [1, 1, 1, 1] }),
  "a convolution of strided ones": (x) =>
    layer(layer(layer(x, 3, { strides: [2, 2], pads: [1, 1, 1, 1] }), 3, { strides: [2, 2], pads: [1, 1, 1, 1] }), 3),
  "a pool": (x) => averagePool(x, [4, 4]),
  "convolutions around a pool": (x) => layer(averagePool(layer(x, 3), [2, 2]), 3),
  "nearest upsampling": (x) => upsampleNearest(averagePool(x, [2, 2]), [2, 2]),
};
/** Where the bound may be wider than what is seen, since not every phase sees as far; by at most so many pixels. */
const bounded: Record<string, [Network, number]> = {
  "convolutions around a maximum, upsampled": [
    (x) => layer(upsampleNearest(layer(maxPool(layer(x, 3), [2, 2]), 3), [2, 2]), 3),
    1,
  ],
  "two levels with a skip": [
    (x) => {
      const down = layer(x, 3);
      const deep = layer(maxPool(layer(maxPool(down, [2, 2]), 3), [2, 2]), 3);
      return layer(add(upsampleNearest(deep, [4, 4]), down), 3);
    },
    3,
  ],
  "a transposed convolution of a pooled image": [(x) => transposed(averagePool(layer(x, 3), [2, 2])), 2],
  "linear upsampling": [(x) => upsampleLinear(averagePool(x, [2, 2]), [2, 2]), 2],
};

describe("the receptive radius", () => {
  for (const axis of [0, 1] as const) {
    for (const [name, network] of Object.entries(exact)) {
      it(`of ${name}, axis ${axis}, is how far an output pixel looks`, () => {
        expect(computedRadius(network, axis)).toBe(seenRadius(network, 48, axis));
      });
    }
    for (const [name, [network, slack]] of Object.entries(bounded)) {
      it(`of ${name}, axis ${axis}, is never less than what is seen, and little more`, () => {
        const [computed, seen] = [computedRadius(network, axis), seenRadius(network, 64, axis)];
        expect(computed).toBeGreaterThanOrEqual(seen);
        expect(computed).toBeLessThanOrEqual(seen + slack);
      });
    }
  }

  for (const upsampling of ["nearest", "transposed"] as const) {
    it(`of a whole generator (${upsampling}) is never less than what is seen, and little more`, () => {
      const architecture = { ...deepZPresets.small, ...tinyArchitecture, upsampling };
      const asked = new Graph();
      const { parameters, specs } = trainableParameters(asked);
      deepZGenerator(asked.input("x", [1, 2, 16, 16]), architecture, parameters, "portable");
      // Positive weights keep every ReLU open.
      const positive = randomWeights(specs, 3);
      for (const { data } of Object.values(positive)) data.set(data.map(Math.abs));
      const network: Network = (x) =>
        deepZGenerator(concat([x, x], 1), architecture, constantParameters(x.graph, positive), "portable");
      const [computed, seen] = [computedRadius(network, 1), seenRadius(network, 64, 1)];
      expect(computed).toBeGreaterThanOrEqual(seen);
      expect(computed).toBeLessThanOrEqual(seen + 2);
    });
  }

  it("is not claimed for what mixes pixels over the whole image", () => {
    const ones = (x: Value): Value => x.graph.constant(Float32Array.of(1), [1]);
    const global: Network[] = [
      (x) => instanceNorm(x, ones(x), ones(x)),
      (x) => add(x, reduceMean(x, [2, 3], true)),
      (x) => concat([x, x], 3),
    ];
    for (const network of global) {
      expect(() => computedRadius(network, 1)).toThrow(ParfocalError);
    }
    // Over channels it is no matter.
    expect(computedRadius((x) => reduceMean(concat([layer(x, 3), x], 1), [1], true), 1)).toBe(1);
  });
});
