/** Recurrent-MZ: sizes, absent planes, order, what an untrained network does, the finished file, the discriminator. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { decodeModel } from "../src/graph/onnx/messages.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { recurrentMzGraph } from "../src/models/apply/refocus-planes.ts";
import { constantParameters, trainableParameters } from "../src/models/networks/parameters.ts";
import {
  type RecurrentMzArchitecture,
  recurrentMzNetwork,
  recurrentMzPresets,
} from "../src/models/networks/recurrent-mz.ts";
import { recurrentMzDiscriminator } from "../src/models/networks/recurrent-mz-discriminator.ts";
import { fixedStatistics } from "../src/models/networks/running-norm.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime, Tensors } from "../src/run/runtime.ts";
import { exportRecurrentMz } from "../src/train/methods/recurrent-mz-steps.ts";
import { largestDifference } from "./helpers/numbers.ts";
import { python } from "./helpers/python.ts";
import { randomWeights } from "./helpers/tiny.ts";
import { mzSpecs, mzWeights, tinyMz, tinyMzModel } from "./helpers/tiny-mz.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const onnxChecker = python("onnx");

async function run(graph: Graph, inputs: Tensors): Promise<Float32Array> {
  const session = await runtime.open({ graphs: { it: graph } });
  try {
    return Object.values(await session.run("it", inputs))[0].data as Float32Array;
  } finally {
    await session.close();
  }
}

/** Planes at distances from the target, in units of the distance channel. */
function planesAt(distances: readonly number[], height = 16, width = 16, seed = 4): Tensor {
  const size = height * width;
  const data = new Float32Array(2 * distances.length * size);
  for (const [i, distance] of distances.entries()) {
    // A plane is the same wherever it stands in the order.
    const random = new Random(seed + Math.round(1000 * distance));
    for (let k = 0; k < size; k++) data[2 * i * size + k] = random.between(-0.1, 1);
    data.fill(distance, (2 * i + 1) * size, (2 * i + 2) * size);
  }
  return { type: "float32", shape: [1, 2 * distances.length, height, width], data };
}
const mask = (values: readonly number[]): Tensor => ({
  type: "float32",
  shape: [1, values.length, 1, 1],
  data: Float32Array.from(values),
});

describe("the size of the network", () => {
  const count = (architecture: RecurrentMzArchitecture): number =>
    [...mzSpecs(architecture, 2)]
      .filter(([name]) => !/\/(mean|variance)$/.test(name))
      .reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);

  it("small: about a million parameters, far below two", () => {
    expect(count(recurrentMzPresets.small)).toBeGreaterThan(0.8e6);
    expect(count(recurrentMzPresets.small)).toBeLessThan(1.2e6);
  });
  it("published: five levels of 16 to 256 channels, two GRUs of 3x3 at each, 512 in the middle, batch normalisation", () => {
    const specs = mzSpecs(recurrentMzPresets.published, 2);
    const widths = (pattern: RegExp) => [...specs].filter(([name]) => pattern.test(name)).map(([, { shape }]) => shape);
    expect(widths(/^down\d\/conv2\/weights$/).map(([out]) => out)).toEqual([16, 32, 64, 128, 256]);
    const candidates = widths(/^gru\d\/layer\d\/candidate\/weights$/);
    const states = [16, 32, 64, 128, 256, 512];
    expect(candidates).toEqual(states.flatMap((c) => [1, 2].map(() => [c, c, 3, 3])));
    expect(widths(/^gru\d\/out\/weights$/)).toEqual(states.map((c) => [c, c, 1, 1]));
    expect(widths(/^down0\/conv1\/scale$/)).toEqual([[16]]);
    expect(specs.get("down0/conv1/weights")?.shape).toEqual([16, 2, 3, 3]);
    // Two thirds of all lie in the two GRUs of the middle, with 54 weights for each pair of channels.
    const inMiddle = [...specs]
      .filter(([name]) => name.startsWith("gru5/layer"))
      .reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
    expect(inMiddle).toBe(2 * (54 * 512 ** 2 + 3 * 512));
    expect(count(recurrentMzPresets.published) / inMiddle).toBeCloseTo(1.65, 1);
  });
});

describe.each(["small", "published"] as const)("the network (%s)", (preset) => {
  const architecture = tinyMz[preset];
  const weights = mzWeights(architecture);
  const file = exportRecurrentMz(3, architecture, weights);
  const graphOf = (planes: number, height = 16, width = 16) =>
    recurrentMzGraph(planes, height, width, architecture, weights);
  const fromFile = (image: Tensor, present: readonly number[]) =>
    run(readOnnx(file, { batch: 1, y: image.shape[2], x: image.shape[3] }), { image, present: mask(present) });

  it("gives the same numbers in the form for training and the portable one", async () => {
    const image = planesAt([0.3, -0.1]);
    const outputs = await Promise.all(
      (["training", "portable"] as const).map((form) => {
        const graph = new Graph();
        const parameters = constantParameters(graph, weights);
        const build = { parameters, norm: fixedStatistics(parameters), form };
        graph.output("y", recurrentMzNetwork({ image: graph.input("image", image.shape) }, architecture, build));
        return run(graph, { image });
      }),
    );
    expect(Math.max(...outputs[0]) - Math.min(...outputs[0])).toBeGreaterThan(0.5);
    expect(largestDifference(outputs[0], outputs[1])).toBeLessThan(1e-5);
  });

  it("passes over absent planes: a file for three planes does with one, two or three what a network for as many does", async () => {
    const all = [0.3, -0.15, 0.05];
    for (const present of [
      [1, 0, 0],
      [0, 1, 0],
      [1, 1, 0],
      [1, 0, 1],
      [0, 1, 1],
      [1, 1, 1],
    ]) {
      const there = all.filter((_, i) => present[i] === 1);
      const expected = await run(graphOf(there.length), { image: planesAt(there) });
      const found = await fromFile(planesAt(all), present);
      expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.1);
      expect(largestDifference(found, expected), `${present}`).toBeLessThan(2e-6);
    }
  });

  it("does not see what an absent plane holds", async () => {
    const [a, b] = [planesAt([0.3, -0.15, 0.05]), planesAt([0.3, -0.15, -0.4])];
    expect(largestDifference(await fromFile(a, [1, 1, 0]), await fromFile(b, [1, 1, 0]))).toBe(0);
    expect(largestDifference(await fromFile(a, [1, 1, 1]), await fromFile(b, [1, 1, 1]))).toBeGreaterThan(0.01);
  });

  it("answers to the distance of each plane at each pixel", async () => {
    const image = planesAt([0.3, -0.1]);
    const graph = graphOf(2);
    const plain = await run(graph, { image });
    for (const plane of [0, 1]) {
      const moved = { ...image, data: image.data.slice() };
      moved.data[(2 * plane + 1) * 256] += 0.05;
      expect(largestDifference(await run(graph, { image: moved }), plain), `plane ${plane}`).toBeGreaterThan(1e-4);
    }
  });

  it("takes any extents that are multiples of 4, several images at a time", async () => {
    const [one, two] = [planesAt([0.3, -0.1, 0.2], 12, 20, 1), planesAt([0.3, -0.1, 0.2], 12, 20, 9)];
    const both: Tensor = { ...one, shape: [2, 6, 12, 20], data: Float32Array.from([...one.data, ...two.data]) };
    const present: Tensor = { type: "float32", shape: [2, 3, 1, 1], data: Float32Array.of(1, 1, 1, 1, 1, 0) };
    const found = await run(readOnnx(file, { batch: 2, y: 12, x: 20 }), { image: both, present });
    const apart = [await fromFile(one, [1, 1, 1]), await fromFile(two, [1, 1, 0])];
    expect(largestDifference(found, Float32Array.from([...apart[0], ...apart[1]]))).toBeLessThan(2e-6);
  });

  it("is refused with weights that do not fit", () => {
    const { "gru0/layer0/gates/weights": _, ...lacking } = weights;
    expect(() => recurrentMzGraph(2, 16, 16, architecture, lacking)).toThrow(/gates\/weights is missing/);
    expect(() => exportRecurrentMz(3, { ...architecture, middle: 10 }, weights)).toThrow(/do not fit/);
  });

  it("is, as a file, of opset 17 and IR 8, for 1 to 3 planes, with batch, y and x open", () => {
    const { irVersion, opsetImport, graph } = decodeModel(file);
    expect([irVersion, opsetImport]).toEqual([8, [{ domain: "", version: 17 }]]);
    const extents = Object.fromEntries(
      [...(graph?.inputs ?? []), ...(graph?.outputs ?? [])].map(({ name, type }) => [
        name,
        type?.tensorType?.shape?.dims.map(({ dimParam, dimValue }) => dimParam || dimValue),
      ]),
    );
    expect(extents).toEqual({
      image: ["batch", 6, "y", "x"],
      present: ["batch", 3, 1, 1],
      refocused: ["batch", 1, "y", "x"],
    });
  });

  it.skipIf(!onnxChecker)("passes onnx.checker with shape inference", () => {
    const folder = mkdtempSync(join(tmpdir(), "parfocal-mz-"));
    try {
      const path = join(folder, "model.onnx");
      writeFileSync(path, file);
      const script =
        "import sys, onnx\nm = onnx.load(sys.argv[1])\nonnx.checker.check_model(m, full_check=True)\n" +
        "onnx.shape_inference.infer_shapes(m, strict_mode=True)\nprint('good')";
      expect(onnxChecker?.(script, [path]).trim()).toBe("good");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("a small network", () => {
  const untrained = tinyMzModel(tinyMz.small, {}, "untrained").onnx;
  const outputOf = (distances: readonly number[], present: readonly number[], onnx = untrained) =>
    run(readOnnx(onnx, { batch: 1, y: 16, x: 16 }), { image: planesAt(distances), present: mask(present) });
  const plane = (distance: number): Float32Array => planesAt([distance]).data.slice(0, 256) as Float32Array;
  const weighted = (distances: readonly number[]): Float32Array => {
    const weights = distances.map((distance) => 1 / distance ** 2);
    const total = weights.reduce((a, b) => a + b, 0);
    const planes = distances.map(plane);
    return planes[0].map((_, i) => planes.reduce((sum, values, k) => sum + (weights[k] / total) * values[i], 0));
  };

  it("untrained gives the mean of its planes by 1 / distance^2, whatever the order, without those that are passed over", async () => {
    const mean = weighted([0.3, -0.1, 0.2]);
    expect(largestDifference(await outputOf([0.3, -0.1, 0.2], [1, 1, 1]), mean)).toBeLessThan(1e-5);
    expect(largestDifference(await outputOf([-0.1, 0.3, 0.2], [1, 1, 1]), mean)).toBeLessThan(1e-5);
    expect(largestDifference(await outputOf([0.3, -0.1, 0.2], [1, 0, 1]), weighted([0.3, 0.2]))).toBeLessThan(1e-5);
    expect(await outputOf([0.3, -0.1, 0.2], [1, 0, 0])).toEqual(plane(0.3));
  });

  it("gives a plane that was given as it is, whatever its weights", async () => {
    const random = tinyMzModel(tinyMz.small, {}, "random").onnx;
    for (const onnx of [untrained, random]) {
      expect(largestDifference(await outputOf([0.3, 0, 0.2], [1, 1, 1], onnx), plane(0))).toBeLessThan(1e-6);
    }
    expect(
      largestDifference(await outputOf([0.3, 0.1, 0.2], [1, 1, 1], random), weighted([0.3, 0.1, 0.2])),
    ).toBeGreaterThan(0.01);
  });
});

describe("the discriminator", () => {
  it("has a layer of 16 channels and five blocks that double them to 512, and two dense layers of 16 and 1", () => {
    const graph = new Graph();
    const { parameters, specs } = trainableParameters(graph);
    recurrentMzDiscriminator(graph.input("image", [1, 1, 64, 64]), 16, parameters);
    const shapes = Object.fromEntries([...specs].map(([name, { shape }]) => [name, shape]));
    expect(
      ["first", "d0/conv2", "d1/conv2", "d2/conv2", "d3/conv2", "d4/conv2"].map((name) => shapes[`${name}/weights`][0]),
    ).toEqual([16, 32, 64, 128, 256, 512]);
    expect([shapes["dense1/weights"], shapes["dense2/weights"]]).toEqual([
      [512, 16],
      [16, 1],
    ]);
  });
  it("gives one score in (0, 1) for each image, and sees the difference between two", async () => {
    const graph = new Graph();
    const own = new Graph();
    const asked = trainableParameters(own);
    recurrentMzDiscriminator(own.input("image", [1, 1, 32, 32]), 2, asked.parameters);
    const parameters = constantParameters(graph, randomWeights(asked.specs, 1));
    graph.output("score", recurrentMzDiscriminator(graph.input("image", [3, 1, 32, 32]), 2, parameters));
    const random = new Random(2);
    const data = Float32Array.from({ length: 3 * 1024 }, () => random.uniform());
    const scores = await run(graph, { image: { type: "float32", shape: [3, 1, 32, 32], data } });
    expect(scores).toHaveLength(3);
    for (const score of scores) expect(score > 0 && score < 1).toBe(true);
    expect(new Set(scores).size).toBe(3);
  });
});
