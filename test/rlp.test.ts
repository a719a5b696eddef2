import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { Graph } from "../src/graph/graph.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { psnr } from "../src/metrics/metrics.ts";
import type { ReadRegion } from "../src/models/apply/mirrored-region.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { refocusRecursively } from "../src/models/apply/refocus-recursively.ts";
import { type Model, modelInfo } from "../src/models/model-info.ts";
import { deepZPresets } from "../src/models/networks/deep-z.ts";
import { trainableParameters } from "../src/models/networks/parameters.ts";
import { type RlpInfo, rlpStep } from "../src/models/networks/rlp.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime, Tensors } from "../src/run/runtime.ts";
import { resolveConfig } from "../src/train/config.ts";
import { sequenceDrawer } from "../src/train/data/adjacent-planes.ts";
import { indexSource } from "../src/train/data/draw-batch.ts";
import { exportRlp, rlpConfig } from "../src/train/methods/rlp.ts";
import { trainModel } from "../src/train/train.ts";
import { blurredStack, memoryStore, randomWeights, tinyArchitecture } from "./helpers/tiny.ts";
import { readerOf, testPlane } from "./helpers/tiny-model.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const architecture = { ...deepZPresets.small, ...tinyArchitecture };
const tiny = (own: Record<string, unknown> = {}) =>
  rlpConfig.parse({ architecture: tinyArchitecture, patch_size: 16, batch_size: 4, distance_range: [-3, 4], ...own });

function model(own: Partial<RlpInfo> = {}, weights?: Tensors): Model<RlpInfo> {
  const graph = new Graph();
  const { parameters, specs } = trainableParameters(graph);
  const [planes, direction] = [graph.input("planes", [1, 2, 16, 16]), graph.input("direction", [1, 1, 16, 16])];
  rlpStep(planes, direction, architecture, parameters, "portable");
  const info: RlpInfo = {
    parfocal_model: 1,
    parfocal_version: "0.0.0",
    created: "2020-01-01T00:00:00.000Z",
    experiment_name: "tiny",
    task: "refocus",
    method: "rlp",
    preset: "small",
    architecture,
    input_offsets: [0, 1],
    distance_range: [-4, 4],
    pixel_size: 0.3,
    z_step: 1,
    optics: {},
    norm_pmin: 1,
    norm_pmax: 99.9,
    trained_on: [],
    steps: 0,
    seed: 0,
    validation: {},
    ...own,
  };
  return { info, onnx: exportRlp(architecture, weights ?? randomWeights(specs, 3)), path: "tiny" };
}

const size = { width: 70, height: 54 };
const normalisation = { low: 0, high: 1000 };
async function travel(
  it: Model<RlpInfo>,
  distances: number[],
  own: { tileSize?: number; surface?: ReadRegion; pixelSize?: { y: number; x: number } } = {},
): Promise<Float32Array[]> {
  const planes = [1, 2].map((seed) => testPlane(size.width, size.height, seed).read);
  const out: Float32Array[] = [];
  const { tileSize, ...rest } = own;
  await refocusRecursively(
    it,
    runtime,
    { ...size, planes, normalisation, ...rest },
    { distances, tileSize },
    async (i, rows) => {
      out[i] = rows.slice();
    },
  );
  return out;
}
const largest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

describe("travelling from two planes", () => {
  const recorded = [1, 2].map((seed) => testPlane(size.width, size.height, seed).data);

  it("gives the recorded planes back as they are, and others beyond them", async () => {
    const [back, first, second, next] = await travel(model(), [-1, 0, 1, 2]);
    expect(largest(first, recorded[0])).toBeLessThan(1e-2);
    expect(largest(second, recorded[1])).toBeLessThan(1e-2);
    expect(largest(next, recorded[1])).toBeGreaterThan(30);
    expect(largest(back, recorded[0])).toBeGreaterThan(30);
  });

  it("steps on from its own output: two steps are one step twice, with the planes in the order of travel", async () => {
    const it = model();
    const [far, near, start] = await travel(it, [-2, -1, 0]);
    const [width, height] = [64, 48];
    // The same on a plane that needs no border: what a step makes of (-1, 0) is -2.
    const session = await runtime.open({ graphs: { step: readOnnx(it.onnx, { batch: 1, y: height, x: width }) } });
    const data = new Float32Array(3 * width * height).fill(-1, 2 * width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        data[y * width + x] = near[y * size.width + x] / 1000;
        data[(height + y) * width + x] = start[y * size.width + x] / 1000;
      }
    }
    const { refocused } = await session.run("step", { image: { type: "float32", shape: [1, 3, height, width], data } });
    await session.close();
    const middle = (plane: ArrayLike<number>, stride: number): number[] =>
      Array.from({ length: 16 }, (_, i) => plane[(20 + i) * stride + 24 + i]);
    const [ours, theirs] = [middle(far, size.width), middle(refocused.data, width).map((v) => v * 1000)];
    expect(ours.map((value, i) => Math.abs(value - theirs[i])).filter((off) => off > 0.05)).toEqual([]);
  });

  it("knows the way: upwards from a pair is not downwards from the same pair turned round", async () => {
    const planes = [1, 2].map((seed) => testPlane(size.width, size.height, seed).read);
    const ends: Float32Array[] = [];
    for (const [pair, distance] of [
      [planes, 2],
      [[planes[1], planes[0]], -1],
    ] as const) {
      const input = { ...size, planes: pair, normalisation };
      await refocusRecursively(model(), runtime, input, { distances: [distance] }, async (_, rows) => {
        ends.push(rows.slice());
      });
    }
    expect(largest(ends[0], ends[1])).toBeGreaterThan(1);
  });

  it("joins tiles without a seam over several steps", async () => {
    const [whole] = await travel(model(), [4]);
    const [tiled] = await travel(model(), [4], { tileSize: 24 });
    expect(largest(whole, tiled)).toBeLessThan(1e-2);
  });

  it("brings other pixels to its own once, and back", async () => {
    const [first, , next] = await travel(model(), [0, 1, 2], { pixelSize: { y: 0.36, x: 0.36 } });
    expect(next.every(Number.isFinite)).toBe(true);
    expect(first).toHaveLength(size.width * size.height);
    // The waves survive the resampling; the noise of single pixels less so.
    const mean = first.reduce((sum, v, i) => sum + Math.abs(v - recorded[0][i]), 0) / first.length;
    expect(mean).toBeLessThan(40);
  });

  it("refuses distances between its steps and distance maps", async () => {
    await expect(travel(model(), [1, 2.5])).rejects.toThrow(/steps of 1 um, and 2.5 um .* Use 2 or 3/);
    const surface: ReadRegion = async ({ width, height }) => new Float32Array(width * height);
    await expect(travel(model(), [2], { surface })).rejects.toThrow(/cannot follow a distance map/);
  });
});

/** Planes that are their own number, so that a batch tells where it comes from. */
function numbered(depth: number): Stack {
  const data = Float32Array.from({ length: depth * 400 }, (_, i) => Math.floor(i / 400));
  return { data, depth, height: 20, width: 20, zStep: 0.5, pixelSize: { y: 0.3, x: 0.3 }, dtype: "float32" };
}

describe("rows of adjacent planes", () => {
  const source = (depth: number) => {
    const { data, height, width } = numbered(depth);
    const common = { name: "numbers", data, depth, height, width, zStep: 0.5, pixelSize: 0.3 };
    return indexSource({ ...common, offsets: [0, 2], distances: [-2, 4] });
  };

  it("run up or down by the step, each row of the stack as likely as another", () => {
    const draw = sequenceDrawer(tiny({ augment: false, batch_size: 16 }), 2);
    const seen = new Map<string, number>();
    for (let t = 0; t < 40; t++) {
      const { planes, direction, target } = draw(() => source(9), new Random(t));
      for (let i = 0; i < 16; i++) {
        const row = [
          planes.data[(2 * i + 1) * 256],
          planes.data[2 * i * 256],
          target.data[2 * i * 256],
          target.data[(2 * i + 1) * 256],
        ];
        const way = direction.data[i * 256];
        expect(row.slice(1).map((z, k) => Number(z) - Number(row[k]))).toEqual([2, 2, 2].map((d) => d * Number(way)));
        seen.set(row.join(), (seen.get(row.join()) ?? 0) + 1);
      }
    }
    // Nine planes hold rows of seven at 0, 1 and 2, upwards and downwards.
    expect([...seen.keys()].sort()).toEqual(["0,2,4,6", "1,3,5,7", "2,4,6,8", "6,4,2,0", "7,5,3,1", "8,6,4,2"]);
    for (const count of seen.values()) expect(count).toBeGreaterThan(60);
  });

  it("need a stack that holds them", () => {
    const draw = sequenceDrawer(tiny(), 4);
    expect(() => draw(() => source(9), new Random(1))).toThrow(
      /9 planes at a z step of 0.5 um, .* 4 steps of 1 um need 11/,
    );
  });
});

describe("training", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "parfocal-rlp-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("learns to go on in both directions, further than it was taught, on a field that it has not seen", async () => {
    const config = resolveConfig({
      ...tiny({ num_steps: 500, steps_per_epoch: 250, learning_rate: 4e-3, batch_size: 8, distance_range: [-2, 3] }),
    });
    const store = memoryStore();
    const samples = [{ name: "points", stack: blurredStack(8, 64, 96, 5) }];
    const { report } = await trainModel(samples, config, { runtime, store });
    expect(report.groups.map(({ label }) => label)).toEqual(["-2.00 um", "-1.00 um", "+2.00 um", "+3.00 um"]);
    for (const { scores } of report.groups) expect(scores.psnr).toBeGreaterThan(scores.input_psnr + 2);
    const { info, onnx } = store.model ?? expect.fail("no model");
    expect(modelInfo.parse(info)).toEqual(info);
    const trained: Model<RlpInfo> = { info: info as RlpInfo, onnx, path: "trained" };

    const unseen = blurredStack(8, 64, 64, 77);
    const out: Float32Array[] = [];
    const plane = (z: number) => planeOf(unseen, z);
    const planes = [3, 4].map((z) => readerOf(plane(z).data, 64, 64));
    const input = { width: 64, height: 64, planes, normalisation: normalisationOf(unseen.data, 1, 99.9, "unseen") };
    await refocusRecursively(trained, runtime, input, { distances: [-2, 2, 4] }, async (i, rows) => {
      out[i] = rows.slice();
    });
    for (const [i, z, nearest] of [
      [0, 1, 3],
      [1, 5, 4],
      [2, 7, 4],
    ]) {
      const truth = plane(z);
      const range = 0.9 * Math.max(...truth.data);
      const output = psnr({ ...truth, data: out[i] }, truth, range);
      // Against the nearest recorded plane, not only the first.
      expect(output).toBeGreaterThan(psnr(plane(nearest), truth, range) + 1.5);
    }
  }, 60_000);

  it("refuses stacks too thin for its rows, and steps that no planes are apart", async () => {
    const config = (own: Record<string, unknown>) => resolveConfig(tiny(own));
    const learn = (own: Record<string, unknown>, depth = 4) =>
      trainModel([{ name: "thin", stack: blurredStack(depth, 64, 64, 1) }], config(own), {
        runtime,
        store: memoryStore(),
      });
    await expect(learn({ unrolled_steps: 4 })).rejects.toThrow(
      /thin: it has 4 planes at a z step of 1 um, but two planes and 4 steps of 1 um need 6/,
    );
    await expect(learn({ step: 0.7, distance_range: [-4, 4] })).rejects.toThrow(/no two planes are 0.7 um/);
    expect(() => config({ step: 3 })).toThrow(/distance_range must contain at least -3 to 6/);
    expect(() => config({ patch_size: 17 })).toThrow(/multiple of 2/);
  });
});
