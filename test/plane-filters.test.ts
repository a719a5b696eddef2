import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockEquations } from "../src/array/block-equations.ts";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { deepZPresets } from "../src/models/networks/deep-z.ts";
import { type DeepZNetwork, deepZRefocus } from "../src/models/networks/deep-z-refocus.ts";
import { constantParameters, initialWeights, trainableParameters } from "../src/models/networks/parameters.ts";
import { planeBands } from "../src/models/networks/plane-filters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime, Tensors } from "../src/run/runtime.ts";
import { fitPlaneFilters } from "../src/train/methods/fit-plane-filters.ts";
import { tinyArchitecture } from "./helpers/tiny.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

async function run(graph: Graph, inputs: Tensors): Promise<Float32Array> {
  const session = await runtime.open({ graphs: { g: graph }, state: {} });
  try {
    const [output] = Object.values(await session.run("g", inputs));
    return output.data as Float32Array;
  } finally {
    await session.close();
  }
}

describe("least squares over a chain of blocks", () => {
  it("finds the weights of observations between blocks", () => {
    const random = new Random(5);
    const [blocks, n] = [4, 3];
    const truth = Float64Array.from({ length: blocks * n }, () => random.normal());
    const equations = blockEquations(blocks, n);
    for (let i = 0; i < 400; i++) {
      const block = random.integer(blocks - 1);
      const share = random.uniform();
      const features = Array.from({ length: n }, () => random.normal());
      const value = features.reduce(
        (sum, f, k) => sum + f * ((1 - share) * truth[block * n + k] + share * truth[(block + 1) * n + k]),
        0,
      );
      const all = [...features, value];
      equations.add(
        block,
        share,
        all.flatMap((a) => all.map((b) => a * b)),
      );
    }
    const found = equations.solve(0);
    for (const [i, weight] of truth.entries()) expect(found[i]).toBeCloseTo(weight, 6);
    // A strong ridge draws to 0.
    expect(Math.abs(equations.solve(100)[0])).toBeLessThan(0.1 * Math.abs(truth[0]));
  });
});

describe("the bands of planes", () => {
  it("add up to the plane, and a constant has none but the widest", async () => {
    const random = new Random(2);
    const data = Float32Array.from({ length: 2 * 32 * 32 }, (_, i) => (i < 1024 ? random.uniform() : 0.7));
    const graph = new Graph();
    graph.output("bands", planeBands(graph.input("x", [1, 2, 32, 32]), 2));
    const bands = await run(graph, { x: { type: "float32", shape: [1, 2, 32, 32], data } });
    const size = 1024;
    for (const i of [0, 17, 1023]) {
      const sum = [0, 1, 2, 3, 4].reduce((total, k) => total + bands[k * size + i], 0);
      expect(sum).toBeCloseTo(data[i], 5);
      expect(bands[5 * size + i]).toBeCloseTo(0, 5);
      expect(bands[9 * size + i]).toBeCloseTo(0.7, 5);
    }
  });
});

describe("fitted filters", () => {
  const [p, n] = [48, 4];
  const network: DeepZNetwork = {
    architecture: {
      ...deepZPresets.small,
      ...tinyArchitecture,
      recorded_base: { filter_nodes: 5, local_filters: false },
    },
    offsets: [0, 2],
    range: [-2, 4],
  };

  /** A specimen whose blur widens with the height: the planes at 0 and 2, and the one at `um`. */
  function draw(i: number): { image: Float32Array; target: Float32Array } {
    const random = new Random(100).fork(i);
    const image = new Float32Array(n * 3 * p * p);
    const target = new Float32Array(n * p * p);
    for (let k = 0; k < n; k++) {
      const um = [-2, -1, 1, 3, 4][random.integer(5)];
      const points = Float32Array.from({ length: p * p }, () => (random.uniform() > 0.97 ? 8 * random.uniform() : 0));
      const at = (z: number): Float32Array =>
        gaussianFilter({ data: points, height: p, width: p }, 1.2 + 0.3 * (z + 2)).data;
      image.set(at(0), k * 3 * p * p);
      image.set(at(2), (k * 3 + 1) * p * p);
      image.fill(um / 10, (k * 3 + 2) * p * p, (k + 1) * 3 * p * p);
      target.set(at(um), k * p * p);
    }
    return { image, target };
  }

  async function errorOf(fixed: Tensors): Promise<{ ours: number; base: number }> {
    const graph = new Graph();
    const image = graph.input("image", [n, 3, p, p]);
    const asked = trainableParameters(new Graph());
    const probe = new Graph();
    deepZRefocus(probe.input("image", [n, 3, p, p]), network, {
      parameters: (name, shape, initial) => asked.parameters(name, shape, initial) && probe.input(name, shape),
      fixed: (name, shape) => probe.input(name, shape),
      form: "portable",
    });
    const parameters = constantParameters(graph, initialWeights(asked.specs, new Random(1)));
    graph.output(
      "y",
      deepZRefocus(image, network, { parameters, fixed: constantParameters(graph, fixed), form: "portable" }),
    );
    const batch = draw(1_000_000);
    const shape = [n, 3, p, p];
    const made = await run(graph, { image: { type: "float32", shape, data: batch.image } as Tensor });
    let [ours, base] = [0, 0];
    for (let k = 0; k < n; k++) {
      const um = 10 * batch.image[(k * 3 + 2) * p * p];
      for (let i = 0; i < p * p; i++) {
        // Patches end where a specimen would go on.
        if (Math.min(i % p, p - 1 - (i % p), Math.floor(i / p), p - 1 - Math.floor(i / p)) < 14) continue;
        const wanted = batch.target[k * p * p + i];
        const [first, second] = [batch.image[k * 3 * p * p + i], batch.image[(k * 3 + 1) * p * p + i]];
        const [a, b] = [1 / um ** 2, 1 / (um - 2) ** 2];
        ours += (made[k * p * p + i] - wanted) ** 2;
        base += ((a * first + b * second) / (a + b) - wanted) ** 2;
      }
    }
    return { ours, base };
  }

  it("come far nearer to planes elsewhere than the planes do, also in patches that they were not fitted on", async () => {
    const choices = await fitPlaneFilters(network, { batches: 200, n, p }, draw, runtime);
    const { ours, base } = await errorOf(choices[0]);
    expect(base).toBeGreaterThan(0.5);
    expect(ours).toBeLessThan(0.25 * base);
    // The last choice does nothing.
    const nothing = await errorOf(choices[choices.length - 1]);
    expect(nothing.ours / nothing.base).toBeCloseTo(1, 2);
  });
});
