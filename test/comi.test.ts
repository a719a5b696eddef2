/** COMI's networks: sizes, statistics that settle, tiles without seams, distances of features. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { writeOnnx } from "../src/graph/onnx/write.ts";
import { conv } from "../src/graph/operators/convolution.ts";
import { applyTiles } from "../src/models/apply/apply-tiles.ts";
import { receptiveRadius } from "../src/models/apply/receptive-field.ts";
import {
  type ComiArchitecture,
  comiAlignment,
  comiGenerator,
  comiPresets,
  cycleGanPresets,
} from "../src/models/networks/comi.ts";
import { comiDiscriminator, cycleGanDiscriminator } from "../src/models/networks/comi-discriminator.ts";
import { freezingStatistics, frozenStatistics } from "../src/models/networks/frozen-norm.ts";
import { initialWeights, trainableParameters } from "../src/models/networks/parameters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import { nextOf, type Runtime, type Tensors } from "../src/run/runtime.ts";
import { exportCycle } from "../src/train/methods/cycle-model.ts";
import { charbonnierLoss } from "../src/train/methods/cycle-terms.ts";
import { networkDistance, slopeDistance, structureDistance } from "../src/train/methods/feature-distance.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const tensor = (shape: readonly number[], data: Float32Array): Tensor => ({ type: "float32", shape, data });
const scalar = (value: number): Tensor => tensor([], Float32Array.of(value));
const noise = (shape: readonly number[], seed: number): Tensor => {
  const random = new Random(seed);
  return tensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => random.uniform()),
  );
};

/** What a network asks for, by name; nothing is allocated. */
function specsOf(build: (graph: Graph, parameters: ReturnType<typeof trainableParameters>["parameters"]) => void) {
  const graph = new Graph();
  const { parameters, specs } = trainableParameters(graph);
  build(graph, parameters);
  return specs;
}
const generatorSpecs = (architecture: ComiArchitecture) =>
  specsOf((graph, parameters) => {
    const norm = frozenStatistics("layer", parameters);
    comiGenerator(graph.input("image", [1, 1, 16, 16]), architecture, parameters, norm, "portable");
  });
const millions = (specs: ReadonlyMap<string, { shape: readonly number[] }>): number =>
  [...specs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0) / 1e6;

/** Every tensor random, deviations positive. */
function randomTensors(architecture: ComiArchitecture, seed: number): Tensors {
  const kind = architecture.normalisation === "none" ? "layer" : architecture.normalisation;
  const specs = specsOf((graph, parameters) => {
    const image = graph.input("image", [1, 1, 16, 16]);
    comiGenerator(image, architecture, parameters, frozenStatistics(kind, parameters), "portable");
  });
  const random = new Random(seed);
  const entries = [...specs].map(([name, { shape }]) => {
    const positive = name.endsWith("/deviation") || name.endsWith("/scale");
    const spread = shape.length === 4 && !positive ? 1 / Math.sqrt(sizeOf(shape.slice(1))) : 0.1;
    const data = Float32Array.from({ length: sizeOf(shape) }, () =>
      positive ? random.between(0.5, 1.5) : spread * random.normal(),
    );
    return [name, tensor(shape, data)] as const;
  });
  return Object.fromEntries(entries);
}

describe("the generator", () => {
  it("has 11.4 M parameters as published, and at most 2 M in the small preset", () => {
    expect(millions(generatorSpecs(comiPresets.published))).toBeCloseTo(11.4, 1);
    expect(millions(generatorSpecs(cycleGanPresets.published))).toBeCloseTo(11.4, 1);
    expect(millions(generatorSpecs(comiPresets.small))).toBeLessThan(2);
  });

  it("leaves the image as it is before it is trained, where the input is added", () => {
    for (const architecture of [comiPresets.small, { ...comiPresets.published, width: 4, blocks: 2 }]) {
      const graph = new Graph();
      const image = graph.input("image", [1, 1, 16, 16]);
      const { parameters, specs } = trainableParameters(graph);
      const { norm, buffers } = freezingStatistics("layer", graph.scalar(1), parameters);
      graph.output("y", comiGenerator(image, architecture, parameters, norm, "training"));
      const given = noise([1, 1, 16, 16], 1);
      const { y } = evaluateGraph(graph, { ...initialWeights(specs, new Random(0)), ...buffers, image: given });
      y.data.forEach((value, i) => {
        expect(Math.abs(value - given.data[i])).toBeLessThan(1e-6);
      });
    }
  });

  it.each(["layer", "instance", "none"] as const)(
    "gives the same in tiles as in one piece, with normalisation %s",
    { timeout: 30000 },
    async (normalisation) => {
      const architecture: ComiArchitecture = { width: 3, blocks: 2, normalisation, residual: true, range: [-1, 1] };
      const onnx = exportCycle(architecture, randomTensors(architecture, 3));
      const [height, width] = [90, 131];
      const field = noise([height, width], 4).data as Float32Array;
      const apply = async (tileSize: number): Promise<Float32Array> => {
        const out = new Float32Array(height * width);
        await applyTiles(
          runtime,
          {
            graphAt: (y, x) => readOnnx(onnx, { batch: 1, y, x }),
            alignment: comiAlignment,
            modelPixelSize: 1,
            width,
            height,
            passes: 1,
            prepare: (_, at) =>
              at(async (region) => {
                const cut = new Float32Array(region.width * region.height);
                for (let r = 0; r < region.height; r++) {
                  const from = (region.y + r) * width + region.x;
                  cut.set(field.subarray(from, from + region.width), r * region.width);
                }
                return cut;
              }),
            async run(session, data, _, seen) {
              const shape = [1, 1, seen.height, seen.width];
              const { output } = await session.run("network", { image: tensor(shape, data) });
              return [output.data as Float32Array];
            },
          },
          { tileSize },
          async (_pass, _plane, y0, rows) => out.set(rows, y0 * width),
        );
        return out;
      };
      const [tiled, whole] = [await apply(40), await apply(512)];
      expect(Math.max(...tiled.map((value, i) => Math.abs(value - field[i])))).toBeGreaterThan(0.05);
      expect(Math.max(...tiled.map((value, i) => Math.abs(value - whole[i])))).toBeLessThan(1e-5);
    },
  );

  it("looks no farther than its receptive field", () => {
    const architecture: ComiArchitecture = { ...comiPresets.small, width: 2, blocks: 1 };
    const onnx = exportCycle(architecture, randomTensors(architecture, 3));
    // 7x7, two strided 3x3, two 3x3 at a quarter of the size, two after upsampling, 7x7.
    const least = 3 + 1 + 2 + 2 * 4 + 2 + 1 + 3;
    const radius = receptiveRadius(readOnnx(onnx, { batch: 1, y: 16, x: 16 }));
    expect(radius).toBeGreaterThanOrEqual(least);
    expect(radius).toBeLessThanOrEqual(least + 6);
  });
});

describe("the discriminators", () => {
  it("give one score for every 16 or 8 pixels, COMI's published one with 1024 hidden numbers", () => {
    const scores = (build: typeof comiDiscriminator): Value => {
      const graph = new Graph();
      return build(graph.input("picture", [2, 1, 64, 96]), 4, trainableParameters(graph).parameters);
    };
    expect(scores(comiDiscriminator).shape).toEqual([2, 1, 4, 6]);
    expect(scores(cycleGanDiscriminator).shape).toEqual([2, 1, 8, 12]);
    const specs = specsOf((graph, parameters) => {
      comiDiscriminator(graph.input("picture", [1, 1, 64, 64]), 64, parameters);
    });
    expect(specs.get("dense1/weights")?.shape).toEqual([1024, 1, 1, 1]);
    expect(specs.get("conv5/weights")?.shape).toEqual([512, 256, 4, 4]);
  });
});

describe("statistics that settle", () => {
  const shape = [2, 3, 4, 4];
  function layer(kind: "layer" | "instance") {
    const graph = new Graph();
    const { parameters, specs } = trainableParameters(graph);
    const { norm, buffers } = freezingStatistics(kind, graph.input("live", []), parameters, "there/");
    graph.output("y", norm(graph.input("x", shape), "n"));
    // A second use of the layer sees something else, which leaves no trace in the averages.
    graph.output("other", norm(graph.input("x2", shape), "n"));
    return { graph, start: { ...initialWeights(specs, new Random(0)), ...buffers } };
  }

  it.each(["layer", "instance"] as const)("go from those of each image to fixed numbers: %s", (kind) => {
    const { graph, start } = layer(kind);
    const [x, x2] = [noise(shape, 1), noise(shape, 2)];
    x.data.forEach((value, i) => {
      x.data[i] = 3 * value + 5;
    });
    let state: Tensors = start;
    const run = (live: number): Tensors => {
      const found = evaluateGraph(graph, { ...state, x, x2, live: scalar(live) });
      state = { ...state };
      for (const name of Object.keys(start)) {
        if (found[nextOf(name)]) state[name] = found[nextOf(name)];
      }
      return found;
    };
    // Live: every image (or channel) has mean 0 and deviation 1.
    const per = kind === "layer" ? 48 : 16;
    const { y } = run(1);
    for (let i = 0; i < y.data.length; i += per) {
      const part = Array.from(y.data.slice(i, i + per));
      expect(part.reduce((a, b) => a + b, 0) / per).toBeCloseTo(0, 4);
      expect(Math.sqrt(part.reduce((a, b) => a + b * b, 0) / per)).toBeCloseTo(1, 2);
    }
    for (let i = 0; i < 80; i++) run(1);
    expect(state["there/n/mean"].data[0]).toBeGreaterThan(6);
    // Fixed: the averages stay, and x becomes the same line everywhere.
    const before = state;
    const settled = run(0).y;
    expect(state["there/n/mean"].data).toEqual(before["there/n/mean"].data);
    const fixed = new Graph();
    const { parameters } = trainableParameters(fixed);
    fixed.output("y", frozenStatistics(kind, parameters)(fixed.input("x", shape), "n"));
    const bare = Object.entries(state).map(([name, value]) => [name.replace("there/", ""), value]);
    const alone = evaluateGraph(fixed, { ...Object.fromEntries(bare), x }).y;
    alone.data.forEach((value, i) => {
      expect(Math.abs(value - settled.data[i])).toBeLessThan(1e-5);
    });
  });

  it("have finite slopes for an image without structure", () => {
    const graph = new Graph();
    const { parameters, specs } = trainableParameters(graph);
    const x = graph.input("x", shape);
    const { norm, buffers } = freezingStatistics("layer", graph.scalar(1), parameters);
    const loss = structureDistance(
      conv(norm(x, "n"), graph.constant(new Float32Array(3).fill(1), [1, 3, 1, 1])),
      graph.constant(new Float32Array(32), [2, 1, 4, 4]),
    );
    graph.output("slope", gradients(loss, [x])[0]);
    const flat = tensor(shape, new Float32Array(sizeOf(shape)).fill(0.3));
    const { slope } = evaluateGraph(graph, { ...initialWeights(specs, new Random(0)), ...buffers, x: flat });
    expect(slope.data.every(Number.isFinite)).toBe(true);
  });
});

describe("distances of features", () => {
  const size = 32;
  const shape = [1, 1, size, size];
  const sharp = gaussianFilter({ data: noise([size, size], 5).data as Float32Array, height: size, width: size }, 1);
  const distanceOf = (distance: (a: Value, b: Value) => Value, a: Float32Array, b: Float32Array): number => {
    const graph = new Graph();
    graph.output("d", distance(graph.input("a", shape), graph.input("b", shape)));
    return evaluateGraph(graph, { a: tensor(shape, a), b: tensor(shape, b) }).d.data[0];
  };

  it("are 0 for equal pictures, and grow with blur", () => {
    const blurred = [0.7, 1.5, 3].map((sigma) => gaussianFilter(sharp, sigma).data);
    const found = [sharp.data, ...blurred].map((picture) => distanceOf(structureDistance, picture, sharp.data));
    expect(Math.abs(found[0])).toBeLessThan(1e-5);
    for (let i = 1; i < found.length; i++) expect(found[i]).toBeGreaterThan(found[i - 1] + 1e-3);
  });

  it("know slopes: a ramp of a hundredth a pixel along x, and no constant", () => {
    const ramp = sharp.data.map((value, i) => value + 0.01 * (i % size) + 3);
    expect(distanceOf(slopeDistance, ramp, sharp.data)).toBeCloseTo(0.01, 5);
  });

  it("square near 0 and absolute far from it, without a kink: charbonnier", () => {
    const apart = (by: number): number =>
      distanceOf(
        charbonnierLoss,
        sharp.data.map((value) => value + by),
        sharp.data,
      );
    expect(apart(0.01) / (0.01 ** 2 / 0.2)).toBeCloseTo(1, 1);
    expect(apart(5)).toBeCloseTo(4.9, 2);
  });

  /** A "feature network" of known numbers: `channels` in, two features of stride 2 out. */
  function network(channels: number): Uint8Array {
    const graph = new Graph();
    const weights = noise([2, channels, 3, 3], 7);
    const image = graph.input("image", [1, channels, 8, 8]);
    const constant = graph.constant(weights.data as Float32Array, weights.shape);
    graph.output("features", conv(image, constant, { strides: [2, 2], pads: [1, 1, 1, 1] }));
    const open = { 0: "batch", 2: "y", 3: "x" };
    return writeOnnx(graph, { variable: { image: open, features: open } });
  }

  it("may be those of any ONNX network: the mean squared difference of what it makes", () => {
    const other = gaussianFilter(sharp, 1).data;
    for (const channels of [1, 3]) {
      const onnx = network(channels);
      const features = (picture: Float32Array): Tensor => {
        const image = tensor(
          [1, channels, size, size],
          Float32Array.from({ length: channels * size * size }, (_, i) => picture[i % (size * size)]),
        );
        return evaluateGraph(readOnnx(onnx, { batch: 1, y: size, x: size }), { image }).features;
      };
      const [a, b] = [features(other), features(sharp.data)];
      const expected = Array.from(a.data).reduce((sum, value, i) => sum + (value - b.data[i]) ** 2, 0) / a.data.length;
      expect(expected).toBeGreaterThan(1e-4);
      const found = distanceOf(networkDistance(onnx, shape), other, sharp.data);
      expect(Math.abs(found / expected - 1)).toBeLessThan(1e-4);
    }
  });

  it("refuse a network that does not take the patches", () => {
    expect(() => networkDistance(network(2), shape)).toThrow(/does not fit the patches.*\[1,2,32,32\]/);
  });
});
