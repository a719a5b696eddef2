/** Single-shot autofocus: the network, what its numbers mean, its labels, training, and images of any size. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runThrough } from "../src/array/breathe.ts";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { Graph } from "../src/graph/graph.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { defocusMap } from "../src/models/apply/autofocus-apply.ts";
import { combine, type DefocusEstimate, estimateOf } from "../src/models/apply/defocus-estimate.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { modelFor } from "../src/models/model-info.ts";
import {
  autofocusCell,
  autofocusNetwork,
  autofocusPresets,
  autofocusStride,
} from "../src/models/networks/autofocus.ts";
import { trainableParameters } from "../src/models/networks/parameters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { resolveConfig } from "../src/train/config.ts";
import { focusAt, focusSource } from "../src/train/data/focus-labels.ts";
import { defocusLoss } from "../src/train/methods/defocus-likelihood.ts";
import { trainModel } from "../src/train/train.ts";
import { evaluateGraph } from "./helpers/evaluate-graph.ts";
import { memoryStore } from "./helpers/tiny.ts";
import { tinyAutofocusModel } from "./helpers/tiny-autofocus-model.ts";
import { readerOf, testPlane, tinyModel } from "./helpers/tiny-model.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const config = (own: object = {}) =>
  resolveConfig({ method: "autofocus", patch_size: 64, batch_size: 4, num_steps: 4, steps_per_epoch: 2, ...own });

/**
 * Points of light in focus in plane `focus`, whose blur widens alike to both sides; if `told`, they have dark rings above focus, so that
 * one image tells the direction.
 */
function stackOf(seed: number, { focus = 4, told = true, size = 128 } = {}): Stack {
  const random = new Random(seed);
  const data = Float32Array.from({ length: size * size }, () =>
    random.uniform() > 0.99 ? random.between(2e4, 6e4) : 0,
  );
  const sharp = { data, height: size, width: size };
  const depth = 9;
  const stack = new Float32Array(depth * size * size);
  for (let z = 0; z < depth; z++) {
    const width = 0.8 + 0.5 * Math.abs(z - focus);
    const blurred = gaussianFilter(sharp, width).data;
    const ring = told && z > focus ? gaussianFilter(sharp, 2 * width).data : undefined;
    const seen = blurred.map((value, i) => 3000 + value - (ring ? 2.5 * ring[i] : 0) + 3 * random.normal());
    stack.set(seen.map(Math.round), z * size * size);
  }
  return { data: stack, depth, height: size, width: size, zStep: 0.5, pixelSize: { y: 0.3, x: 0.3 }, dtype: "uint16" };
}

describe("the networks", () => {
  test.each([
    ["published", 1e6, 3e6],
    ["small", 3e4, 3e5],
  ] as const)("%s: one cell of 32 pixels, and its size", (preset, least, most) => {
    const architecture = autofocusPresets[preset];
    expect(autofocusStride(architecture)).toBe(autofocusCell);
    const graph = new Graph();
    const { parameters, specs } = trainableParameters(graph);
    const y = autofocusNetwork(graph.input("image", [2, 1, 96, 128]), architecture, parameters);
    expect(y.shape).toEqual([2, 4, 3, 4]);
    const count = [...specs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    expect(count).toBeGreaterThan(least);
    expect(count).toBeLessThan(most);
  });
});

describe("the likelihood", () => {
  const lossOf = async (m: number, t: number, s: number, c: number, d: number, weight = 1): Promise<number> => {
    const graph = new Graph();
    const output = graph.input("output", [1, 4, 1, 1]);
    const loss = defocusLoss(output, graph.input("distance", [1, 1, 1, 1]), graph.input("weight", [1, 1, 1, 1]));
    graph.output("loss", loss);
    return evaluateGraph(runtime, graph, {
      output: [m, t, s, c],
      distance: [d],
      weight: [weight],
    });
  };
  const laplace = (x: number, b: number): number => Math.exp(-Math.abs(x) / b) / (2 * b);

  test("is that of two Laplace distributions, up to log 2", async () => {
    for (const [q, t, s, d] of [
      [1.2, 0.3, -0.5, 0.9],
      [1.2, 0.3, -0.5, -0.9],
      [-2, -1.5, 0.4, 1.7],
      [0.1, 8, -2, -3],
    ]) {
      const m = Math.log(1 + Math.exp(q));
      const pi = 1 / (1 + Math.exp(-t));
      const p = pi * laplace(d - m, Math.exp(s)) + (1 - pi) * laplace(d + m, Math.exp(s));
      const content = Math.log(1 + Math.exp(-2));
      expect(await lossOf(q, t, s, 2, d)).toBeCloseTo(-Math.log(2 * p) + content, 4);
    }
  });

  test("asks for nothing but silence where nothing is known", async () => {
    expect(await lossOf(5, 3, 1, -20, 0, 0)).toBeCloseTo(0, 5);
    expect(await lossOf(5, 3, 1, 2, 0, 0)).toBeCloseTo(Math.log(1 + Math.exp(2)), 5);
  });
});

describe("estimates", () => {
  test("take the likelier sign, and say how likely", () => {
    const q = Math.log(Math.expm1(2));
    const likely = estimateOf([q, Math.log(3), 0, 10], 0.5);
    expect(likely.defocus).toBeCloseTo(1, 9);
    expect(likely.spread).toBe(0.5);
    expect(likely.directionConfidence).toBeCloseTo(0.75, 9);
    expect(estimateOf([q, -Math.log(3), 0, 10], 1).defocus).toBeCloseTo(-2, 9);
  });

  const cell = (defocus: number, directionConfidence = 1, content = 1, spread = 1): DefocusEstimate => ({
    defocus,
    directionConfidence,
    content,
    spread,
  });
  test("of a whole image: the median of cells with content, whatever a few outliers and empty cells say", () => {
    const cells = [cell(1), cell(1.1), cell(0.9), cell(1.05), cell(-40), cell(99, 1, 0.1)];
    expect(combine(cells)?.defocus).toBeCloseTo(1, 5);
    expect(combine([cell(1, 1, 0.2), cell(2, 1, 0)])).toBeUndefined();
  });
  test("keep their size where the direction is unknown", () => {
    const torn = combine([cell(2, 0.5), cell(-2.1, 0.52), cell(1.9, 0.51), cell(-2, 0.5)]);
    expect(Math.abs(torn?.defocus ?? 0)).toBeCloseTo(2, 1);
    expect(torn?.directionConfidence).toBeLessThan(0.55);
  });
});

describe("labels", () => {
  test("are each region's own sharpest plane, to a fraction of a plane", () => {
    const [low, high] = [stackOf(1, { focus: 3 }), stackOf(2, { focus: 6 })];
    // Left half in focus at plane 3, right half at plane 6.
    const data = low.data.map((value, i) => (i % low.width < 64 ? value : high.data[i]));
    const source = runThrough(focusSource({ name: "two heights", stack: { ...low, data } }, config()));
    expect(focusAt(source, 60, 20)).toBeCloseTo(3, 0);
    expect(focusAt(source, 60, 110)).toBeCloseTo(6, 0);
  });

  test("are not drawn to a plane that was lit twice as brightly", () => {
    const stack = stackOf(4, { focus: 5, told: false });
    const size = stack.width * stack.height;
    const data = stack.data.map((value, i) => (Math.floor(i / size) === 2 ? 3000 + 2.5 * (value - 3000) : value));
    const [even, lit] = [stack, { ...stack, data }].map((one) =>
      runThrough(focusSource({ name: "lit", stack: one }, config())),
    );
    for (const at of [20, 60, 110]) {
      expect(focusAt(even, at, at)).toBeCloseTo(5, 0);
      expect(focusAt(lit, at, at)).toBeCloseTo(focusAt(even, at, at) ?? Number.NaN, 1);
    }
  });

  const flat = stackOf(3);
  const { zStep: _, ...stepless } = flat;
  test.each<[string, Stack, string, RegExp]>([
    [
      "two planes",
      { ...flat, data: flat.data.slice(0, 2 * 128 * 128), depth: 2 },
      "image.unfit",
      /both sides of focus/,
    ],
    ["no z step", stepless, "calibration.missing", /`z_step <your z step>`/],
    [
      "a focus outside",
      { ...flat, data: flat.data.slice(5 * 128 * 128), depth: 4 },
      "image.unfit",
      /no region is in focus inside the stack.*both sides/,
    ],
  ])("refuse %s", async (_what, stack, code, message) => {
    const work = trainModel([{ name: "x.tif", stack }], config(), { runtime, store: memoryStore() });
    await expect(work).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("refuse patches that cells do not divide", () => {
    expect(() => config({ patch_size: 80 })).toThrow(/patch_size must be a multiple of 32/);
  });
});

describe("a training", () => {
  const learn = async (told: boolean) => {
    const made = (seed: number) => ({ name: `${seed}`, stack: stackOf(seed, { told, focus: 3 + (seed % 3) }) });
    const fields = { name: "points", field: async (index: number) => made(10 + index) };
    const store = memoryStore();
    const settings = { num_steps: 240, steps_per_epoch: 60, batch_size: 8, steps_per_field: 5, learning_rate: 4e-3 };
    const { report } = await trainModel(
      [made(1), made(2)],
      config({ ...settings, augment_orientation: !told, distance_range: [-3, 3] }),
      { runtime, store, fields },
    );
    return { report, store };
  };

  test("learns distance and sign where one image tells it, and is applied as it was trained", {
    timeout: 120_000,
  }, async () => {
    const { report, store } = await learn(true);
    const { scores } = report;
    expect(scores.mae_um).toBeLessThan(0.5 * scores.input_mae_um);
    expect(scores.sign_right).toBeGreaterThan(0.9);
    const dots = (await report.draw("a title")).match(/<circle/g)?.length;
    expect(dots).toBeGreaterThan(10);
    if (store.model?.info.method !== "autofocus") throw new Error("no model");
    const method = { info: store.model.info, onnx: store.model.onnx, path: "memory" };
    const unseen = stackOf(77, { focus: 4 });
    for (const z of [1, 4, 7]) {
      const { data, width, height } = planeOf(unseen, z);
      const normalisation = normalisationOf(data, 1, 99.9, "plane");
      const input = { width, height, read: readerOf(data, width, height), normalisation, pixelSize: unseen.pixelSize };
      const { whole } = await defocusMap(method, runtime, input);
      expect(Math.abs((whole?.defocus ?? 99) - 0.5 * (z - 4))).toBeLessThan(0.4);
    }
  });

  test("says that it does not know the sign where nothing tells it, and is right about the size", {
    timeout: 120_000,
  }, async () => {
    const { scores } = (await learn(false)).report;
    expect(scores.mae_size_um).toBeLessThan(0.35 * scores.input_mae_um);
    expect(scores.confident_share).toBeLessThan(0.2);
  });
});

describe("images of any size", () => {
  const { data, read } = testPlane(331, 203, 4);
  const normalisation = normalisationOf(data, 1, 99.9, "plane");
  const input = { width: 331, height: 203, read, normalisation, pixelSize: { y: 0.3, x: 0.3 } };

  test("by tiles are as in one piece", async () => {
    const model = tinyAutofocusModel();
    const whole = await defocusMap(model, runtime, input, { tileSize: 1024 });
    const tiled = await defocusMap(model, runtime, input, { tileSize: 96 });
    expect([whole.y.length, whole.x.length]).toEqual([6, 10]);
    for (const [i, row] of whole.cells.entries()) {
      for (const [j, { defocus, content }] of row.entries()) {
        expect(tiled.cells[i][j].defocus).toBeCloseTo(defocus, 4);
        expect(tiled.cells[i][j].content).toBeCloseTo(content, 4);
      }
    }
  });

  test("with other pixels are resampled: cells as large in um", async () => {
    const fine = await defocusMap(tinyAutofocusModel({ pixel_size: 0.6 }), runtime, input);
    expect([fine.y.length, fine.x.length]).toEqual([3, 5]);
    expect(fine.x[0]).toBeCloseTo(31.5, 6);
  });
});

test("a model of another task is refused by name", () => {
  expect(() => modelFor(tinyModel(), "autofocus")).toThrow(
    /its task is refocus \(method deep-z\); apply it with "parfocal refocus"/,
  );
});
