import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { ParfocalError } from "../src/errors.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { decodeModel } from "../src/graph/onnx/messages.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import {
  type DeepZArchitecture,
  deepZAlignment,
  deepZDiscriminator,
  deepZPresets,
} from "../src/models/networks/deep-z.ts";
import { type DeepZNetwork, deepZRefocus } from "../src/models/networks/deep-z-refocus.ts";
import {
  constantParameters,
  initialWeights,
  type ParameterSpec,
  trainableParameters,
} from "../src/models/networks/parameters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime, Tensors } from "../src/run/runtime.ts";
import { exportDeepZ, predictionGraph } from "../src/train/methods/deep-z-steps.ts";
import { python } from "./helpers/python.ts";
import { randomWeights, tinyArchitecture } from "./helpers/tiny.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const onnxChecker = python("onnx");

/** What a network asks for; nothing of the weights' size is allocated. */
function specsOf(
  build: (x: Value, parameters: ReturnType<typeof trainableParameters>["parameters"]) => Value,
  shape: readonly number[],
): Map<string, ParameterSpec> {
  const graph = new Graph();
  const { parameters, specs } = trainableParameters(graph);
  build(graph.input("image", shape), parameters);
  return specs;
}

/** Planes 2 um apart. */
const networkOf = (architecture: DeepZArchitecture, planes = 1): DeepZNetwork => ({
  architecture,
  offsets: [0, 2, 4].slice(0, planes),
  range: [-4, 4],
});
const generatorSpecs = (architecture: DeepZArchitecture, planes = 1): Map<string, ParameterSpec> => {
  const size = deepZAlignment(architecture) * 2;
  const network = networkOf(architecture, planes);
  return specsOf(
    (x, parameters) => deepZRefocus(x, network, { parameters, fixed: parameters, form: "portable" }),
    [1, planes + 1, size, size],
  );
};
const count = (specs: ReadonlyMap<string, ParameterSpec>): number =>
  [...specs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);

const image = (shape: readonly number[], seed = 4): Tensor => {
  const random = new Random(seed);
  return { type: "float32", shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.between(-0.2, 1)) };
};

async function run(graph: Graph, inputs: Tensors, state?: Tensors): Promise<Tensor> {
  const session = await runtime.open({ graphs: { it: graph }, ...(state ? { state } : {}) });
  try {
    const [output] = Object.values(await session.run("it", inputs));
    return output;
  } finally {
    await session.close();
  }
}

const largestDifference = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) largest = Math.max(largest, Math.abs(a.data[i] - b.data[i]));
  return largest;
};
const spread = ({ data }: Tensor): number => {
  let [low, high] = [Infinity, -Infinity];
  for (const v of data) [low, high] = [Math.min(low, v), Math.max(high, v)];
  return high - low;
};

describe("the size of the generator", () => {
  it("published: the 77,802,908 parameters of the authors' graph", () => {
    expect(count(generatorSpecs(deepZPresets.published))).toBe(77_802_908);
  });
  it("small: about half a million", () => {
    const parameters = count(generatorSpecs(deepZPresets.small));
    expect(parameters).toBeGreaterThan(0.5e6);
    expect(parameters).toBeLessThan(0.6e6);
  });
  it("every further input plane costs the filters of one channel of the first convolution", () => {
    const { small } = deepZPresets;
    const alone = { ...small, recorded_base: undefined };
    expect(count(generatorSpecs(alone, 2)) - count(generatorSpecs(alone, 1))).toBe(9 * small.down[0][0]);
  });
});

describe("the generator", () => {
  for (const upsampling of ["nearest", "transposed"] as const) {
    const architecture: DeepZArchitecture = {
      ...deepZPresets.small,
      down: [
        [4, 4],
        [6, 8],
        [12, 16],
      ],
      up: [8, 4],
      upsampling,
    };
    it(`gives the same numbers in the form for training and the portable one (${upsampling})`, async () => {
      const weights = randomWeights(generatorSpecs(architecture), 1);
      const shape = [2, 2, 24, 16];
      const outputs = await Promise.all(
        (["training", "portable"] as const).map((form) => {
          const graph = new Graph();
          const x = graph.input("image", shape);
          const parameters = constantParameters(graph, weights);
          graph.output("y", deepZRefocus(x, networkOf(architecture), { parameters, fixed: parameters, form }));
          return run(graph, { image: image(shape) });
        }),
      );
      expect(spread(outputs[0])).toBeGreaterThan(0.5);
      expect(largestDifference(outputs[0], outputs[1])).toBeLessThan(1e-5 * spread(outputs[0]));
    });
  }

  it("untrained gives the mean of its planes by their distances, and a network without a base something else", async () => {
    const architecture = { ...deepZPresets.small, ...tinyArchitecture };
    const weights = initialWeights(generatorSpecs(architecture, 2), new Random(1));
    const x = image([1, 3, 8, 8]);
    const y = await run(predictionGraph(8, 8, networkOf(architecture, 2)), { image: x }, weights);
    // The planes lie at 0 and 2 um: the weights are 1 / d^2.
    const [first, second, distance] = [0, 1, 2].map((k) => x.data.subarray(64 * k, 64 * k + 64));
    const wanted = Array.from(first, (value, i) => {
      const um = 10 * Number(distance[i]);
      // As near as a tenth of the gate's width, which is a seventh of the gap, counts as the place of a plane.
      const away = (from: number): number => Math.abs(um - from) - 2 / 70;
      const [a, b] = [1 / away(0) ** 2, 1 / away(2) ** 2];
      return (a * Number(value) + b * Number(second[i])) / (a + b);
    });
    for (const [i, value] of wanted.entries()) expect(y.data[i]).toBeCloseTo(value, 4);
    const plain = { ...architecture, residual: false, recorded_base: undefined };
    const other = initialWeights(generatorSpecs(plain, 2), new Random(1));
    expect(
      largestDifference(await run(predictionGraph(8, 8, networkOf(plain, 2)), { image: x }, other), y),
    ).toBeGreaterThan(0.01);
  });

  it("answers to the distance of every pixel", async () => {
    const architecture = { ...deepZPresets.small, ...tinyArchitecture };
    const weights = randomWeights(generatorSpecs(architecture), 2);
    const graph = predictionGraph(32, 32, networkOf(architecture));
    const x = image([1, 2, 32, 32]);
    const changed = { ...x, data: x.data.slice() };
    changed.data[32 * 32] += 1;
    const [a, b] = [await run(graph, { image: x }, weights), await run(graph, { image: changed }, weights)];
    expect(Math.abs(a.data[0] - b.data[0])).toBeGreaterThan(1e-4);
    expect(a.data[32 * 32 - 1]).toBe(b.data[32 * 32 - 1]);
  });
});

describe("starting weights", () => {
  it("fill +-sqrt(6 / (fan in + fan out)) evenly, biases stand at their number, and seeds decide", () => {
    const specs = new Map<string, ParameterSpec>([
      ["w", { shape: [40, 20, 3, 3], initial: "glorot" }],
      ["b", { shape: [40], initial: 0.1 }],
      ["h", { shape: [40, 20, 3, 3], initial: "he" }],
    ]);
    const { w, b, h } = initialWeights(specs, new Random(3));
    const limit = Math.sqrt(6 / (60 * 9));
    expect(Math.max(...w.data.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(Math.max(...w.data.map(Math.abs))).toBeGreaterThan(0.99 * limit);
    const variance = (data: ArrayLike<number>): number => Array.from(data).reduce((s, v) => s + v * v, 0) / data.length;
    expect(variance(w.data) / (limit ** 2 / 3)).toBeCloseTo(1, 1);
    expect(variance(h.data) / (2 / 180)).toBeCloseTo(1, 1);
    expect(new Set(b.data)).toEqual(new Set([Math.fround(0.1)]));
    expect(initialWeights(specs, new Random(3))).toEqual({ w, b, h });
    expect(initialWeights(specs, new Random(4)).w.data).not.toEqual(w.data);
  });

  it("of one parameter do not depend on the others", () => {
    const w: [string, ParameterSpec] = ["w", { shape: [4, 4], initial: "glorot" }];
    const alone = initialWeights(new Map([w]), new Random(1));
    const more = initialWeights(new Map([w, ["v", { shape: [3], initial: "he" }]]), new Random(1));
    expect(more.w).toEqual(alone.w);
  });
});

describe("the discriminator", () => {
  it("gives one score in (0, 1) for each image, and sees the difference between two", async () => {
    const graph = new Graph();
    const weights = randomWeights(
      specsOf((x, p) => deepZDiscriminator(x, 2, p), [3, 1, 64, 64]),
      1,
    );
    const x = graph.input("image", [3, 1, 64, 64]);
    graph.output("score", deepZDiscriminator(x, 2, constantParameters(graph, weights)));
    const score = await run(graph, { image: image([3, 1, 64, 64]) });
    expect(score.shape).toEqual([3, 1]);
    for (const v of score.data) expect(v > 0 && v < 1).toBe(true);
    expect(new Set(score.data).size).toBe(3);
  });
  it("has the widths of the paper: six blocks that double from 48", () => {
    const specs = specsOf((x, p) => deepZDiscriminator(x, 48, p), [1, 1, 64, 64]);
    const convolutions = [...specs].filter(([name]) => name.startsWith("d") && name.endsWith("conv2/weights"));
    expect(convolutions.map(([, { shape }]) => shape[0])).toEqual([48, 96, 192, 384, 768, 1536]);
  });
});

describe("the exported model", () => {
  const folder = mkdtempSync(join(tmpdir(), "parfocal-export-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const upsampling of ["nearest", "transposed"] as const) {
    const architecture = { ...deepZPresets.small, ...tinyArchitecture, upsampling };
    const weights = randomWeights(generatorSpecs(architecture, 2), 7);
    const onnx = exportDeepZ(networkOf(architecture, 2), weights);

    it(`predicts as the network in training does, at any size (${upsampling})`, async () => {
      for (const [height, width] of [
        [8, 8],
        [20, 36],
      ]) {
        const x = image([1, 3, height, width]);
        const ours = await run(predictionGraph(height, width, networkOf(architecture, 2)), { image: x }, weights);
        const exported = await run(readOnnx(onnx, { batch: 1, y: height, x: width }), { image: x });
        expect(spread(ours)).toBeGreaterThan(0.5);
        expect(largestDifference(exported, ours)).toBeLessThan(1e-5 * spread(ours));
      }
    });

    it(`is of opset 17, IR 8, with batch, y and x open (${upsampling})`, () => {
      const { irVersion, opsetImport, graph } = decodeModel(onnx);
      expect(irVersion).toBe(8);
      expect(opsetImport).toEqual([{ domain: "", version: 17 }]);
      for (const value of [...(graph?.inputs ?? []), ...(graph?.outputs ?? [])]) {
        const dims = value.type?.tensorType?.shape?.dims ?? [];
        expect(dims.map(({ dimParam, dimValue }) => dimParam || dimValue)).toEqual([
          "batch",
          value.name === "image" ? 3 : 1,
          "y",
          "x",
        ]);
      }
    });

    it.skipIf(!onnxChecker)(`passes onnx.checker with shape inference (${upsampling})`, () => {
      const path = join(folder, `${upsampling}.onnx`);
      writeFileSync(path, onnx);
      const script =
        "import sys, onnx\nm = onnx.load(sys.argv[1])\nonnx.checker.check_model(m, full_check=True)\nonnx.shape_inference.infer_shapes(m, strict_mode=True)\n" +
        "print(','.join(d.dim_param or str(d.dim_value) for d in m.graph.input[0].type.tensor_type.shape.dim))";
      expect(onnxChecker?.(script, [path]).trim()).toBe("batch,3,y,x");
    });
  }

  it("refuses weights of another network", () => {
    const architecture = { ...deepZPresets.small, ...tinyArchitecture };
    const weights = randomWeights(generatorSpecs(architecture, 2), 7);
    expect(() => exportDeepZ(networkOf(architecture, 1), weights)).toThrow(ParfocalError);
    const { "last/bias": _, ...lacking } = weights;
    expect(() => exportDeepZ(networkOf(architecture, 2), lacking)).toThrow(/last\/bias is missing/);
  });
});
