/** Pairs of images to learn from: what is refused, what is registered, what is drawn, how networks are judged on them. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { runThrough } from "../src/array/breathe.ts";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { translate } from "../src/array/resample.ts";
import { Graph } from "../src/graph/graph.ts";
import { mul } from "../src/graph/operators/elementwise.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import type { NamedStack } from "../src/image/named-stack.ts";
import { measurePairShift, registerTarget } from "../src/metrics/unregistered.ts";
import { openReferenceRuntime } from "../src/run/reference.ts";
import { commonConfig } from "../src/train/common-config.ts";
import { pairedBatches, unpairedBatches } from "../src/train/data/paired-batches.ts";
import { pairedSources } from "../src/train/data/paired-data.ts";
import { pairedValidator } from "../src/train/methods/paired-validator.ts";
import { haveRealData, nucleus } from "./helpers/real-data.ts";
import { textsOf } from "./helpers/texts.ts";

const schema = z.strictObject(commonConfig({ experiment_name: "pairs" }));
const config = (own: z.input<typeof schema> = {}) => schema.parse({ patch_size: 16, batch_size: 4, ...own });

const calibration = { zStep: 1, pixelSize: { y: 0.3, x: 0.3 }, dtype: "float32" as const };

/** Planes of points of their own; the input shows the planes above and below as background, the target does not. */
function hazyPair(depth: number, height: number, width: number, seed: number): { stack: Stack; target: Stack } {
  const random = new Random(seed);
  const size = height * width;
  const planes = Array.from({ length: depth }, () => {
    const data = Float32Array.from({ length: size }, () => (random.uniform() > 0.985 ? 3000 : 0));
    return gaussianFilter({ data, height, width }, 1.2);
  });
  const backgrounds = planes.map((plane) => gaussianFilter(plane, 6).data);
  const stack = new Float32Array(depth * size);
  const target = new Float32Array(depth * size);
  planes.forEach((plane, z) => {
    for (let i = 0; i < size; i++) {
      const background = (backgrounds[z - 1]?.[i] ?? 0) + (backgrounds[z + 1]?.[i] ?? 0);
      stack[z * size + i] = 100 + plane.data[i] + 2 * background + 3 * random.normal();
      target[z * size + i] = 20 + 0.5 * plane.data[i] + random.normal();
    }
  });
  const about = { depth, height, width, ...calibration };
  return { stack: { data: stack, ...about }, target: { data: target, ...about } };
}

const named = (pair: { stack: Stack; target?: Stack }): NamedStack => ({ name: "pair.tif", ...pair });

/** The target moved sideways, and `dz` planes up. */
function moved(target: Stack, dy: number, dx: number, dz = 0): Stack {
  const data = new Float32Array(target.data.length);
  const size = target.height * target.width;
  for (let plane = 0; plane < target.depth; plane++) {
    const from = Math.min(target.depth - 1, Math.max(0, plane - dz));
    data.set(translate(planeOf(target, from), { dy, dx }).data, plane * size);
  }
  return { ...target, data };
}

const pair = hazyPair(9, 64, 96, 1);

describe("pairs that cannot teach", () => {
  const cases: [string, NamedStack, RegExp][] = [
    [
      "no target",
      { name: "pair.tif", stack: pair.stack },
      /pair\.tif: it has no target; give a target for every stack with `target`/,
    ],
    [
      "another size",
      named({ ...pair, target: hazyPair(9, 64, 80, 1).target }),
      /pair\.tif has 9 planes of 64 x 96 pixels and its target 9 planes of 64 x 80 pixels/,
    ],
    [
      "a constant target",
      named({ ...pair, target: { ...pair.target, data: new Float32Array(pair.target.data.length).fill(7) } }),
      /the target of pair\.tif: every pixel is 7/,
    ],
    [
      "NaN",
      named({ ...pair, target: { ...pair.target, data: pair.target.data.map((v, i) => (i === 20000 ? NaN : v)) } }),
      /the target of pair\.tif: plane 3, pixel x \d+, y \d+ is NaN/,
    ],
    [
      "a target that lies apart",
      named({ ...pair, target: moved(pair.target, 0, 4) }),
      /the target is shifted by (3\.9|4\.0|4\.1) pixels in x and -?0\.\d in y from the input.*`register`/,
    ],
    [
      "a target of other planes",
      named({ ...pair, target: moved(pair.target, 0, 0, 2) }),
      /the target is shifted by (1\.9|2\.0|2\.1) planes in z/,
    ],
  ];
  for (const [what, sample, message] of cases) {
    it(`are refused: ${what}`, () => {
      expect(() => runThrough(pairedSources({ samples: [sample] }, config()))).toThrow(message);
    });
  }

  it("are refused: no pixel size, or fewer planes than the network sees", () => {
    const { pixelSize: _, ...uncalibrated } = pair.stack;
    expect(() => runThrough(pairedSources({ samples: [named({ ...pair, stack: uncalibrated })] }, config()))).toThrow(
      /`pixel_size <your pixel size>`/,
    );
    expect(() => runThrough(pairedSources({ samples: [named(pair)] }, config(), { planes: 11 }))).toThrow(
      /9 planes; the network needs 11/,
    );
  });

  it("come with a warning where they have nothing in common, and without where they have", () => {
    const warningsOf = (target: Stack) =>
      runThrough(pairedSources({ samples: [named({ ...pair, target })] }, config())).warnings;
    expect(warningsOf(pair.target)).toEqual([]);
    expect(textsOf(warningsOf(hazyPair(9, 64, 96, 77).target)).join()).toMatch(
      /pair\.tif: input and target have hardly anything in common.*cycle-gan/,
    );
  });

  it("may lie apart where nothing is paired", () => {
    const sample = named({ ...pair, target: moved(pair.target, 0, 4) });
    expect(runThrough(pairedSources({ samples: [sample] }, config(), { registered: false })).validation).toHaveLength(
      1,
    );
  });
});

describe("registering a target", () => {
  it("finds no shift where there is none", () => {
    const { dz, dy, dx, correlation } = measurePairShift(pair.stack, pair.target);
    expect(Math.abs(dz)).toBeLessThan(0.1);
    expect(Math.hypot(dy, dx)).toBeLessThan(0.15);
    expect(correlation).toBeGreaterThan(0.8);
  });

  it("moves it back, and cuts both to what they share", () => {
    for (const [dy, dx, dz] of [
      [2.5, -3.25, 2],
      [-1.75, 4, -1],
    ]) {
      const { sample, shift } = registerTarget(named({ ...pair, target: moved(pair.target, dy, dx, dz) }));
      expect(shift?.dy).toBeCloseTo(dy, 0);
      expect(shift?.dx).toBeCloseTo(dx, 0);
      expect(Math.round(shift?.dz ?? 0)).toBe(dz);
      const { stack, target } = sample;
      expect([stack.depth, stack.height, stack.width]).toEqual([9 - Math.abs(dz), 61 + (dy < 0 ? 1 : 0), 92]);
      expect([target?.depth, target?.height, target?.width]).toEqual([stack.depth, stack.height, stack.width]);
      const again = measurePairShift(stack, target as Stack);
      expect(Math.hypot(again.dy, again.dx)).toBeLessThan(0.25);
      expect(Math.abs(again.dz)).toBeLessThan(0.25);
      expect(again.correlation).toBeGreaterThan(0.8);
    }
  });

  it.skipIf(!haveRealData)("brings the widefield and the confocal nucleus together", async () => {
    const [target, stack] = await Promise.all([nucleus(0), nucleus(1)]);
    const calibrated = { ...stack, pixelSize: { y: 0.51188, x: 0.51188 } };
    const sample = { name: "nucleus.tif", stack: calibrated, target };
    expect(() => runThrough(pairedSources({ samples: [sample] }, config()))).toThrow(
      /-(3|4)\.\d pixels in x and .* and 2\.\d planes in z/,
    );
    const { sample: registered, shift } = registerTarget(sample);
    expect(shift?.dx).toBeLessThan(-3.4);
    expect(Math.round(shift?.dz ?? 0)).toBe(2);
    const left = measurePairShift(registered.stack, registered.target as Stack);
    expect(Math.hypot(left.dy, left.dx)).toBeLessThan(0.5);
    expect(Math.abs(left.dz)).toBeLessThan(0.6);
    expect(runThrough(pairedSources({ samples: [registered] }, config())).validation).toHaveLength(1);
  });
});

describe("batches", () => {
  const quiet = { augment: false, train_columns: [0, 64] as [number, number] };

  it("show the same place in both kinds of images, normalised, from the training part only", async () => {
    const own = config(quiet);
    const { at } = runThrough(pairedSources({ samples: [named(pair)] }, own));
    const batch = await pairedBatches(at, own)(3);
    expect(batch.image.shape).toEqual([4, 1, 16, 16]);
    // Every patch is found in the training columns of the target, and the input's is at the same place.
    const { source } = (await at(3))(new Random(1));
    expect(source.width).toBe(64);
    for (let i = 0; i < 4; i++) {
      const patch = (name: string) => Array.from(batch[name].data.subarray(i * 256, (i + 1) * 256));
      const place = source.target.findIndex((_, k) =>
        patch("target")
          .slice(0, 16)
          .every((v, j) => source.target[k + j] === v),
      );
      expect(place).toBeGreaterThanOrEqual(0);
      for (let row = 0; row < 16; row++) {
        const start = place + row * source.width;
        expect(patch("target").slice(row * 16, row * 16 + 16)).toEqual(
          Array.from(source.target.subarray(start, start + 16)),
        );
        expect(patch("image").slice(row * 16, row * 16 + 16)).toEqual(
          Array.from(source.data.subarray(start, start + 16)),
        );
      }
    }
  });

  it("are the same for the same step, and others for another", async () => {
    const own = config();
    const { at } = runThrough(pairedSources({ samples: [named(pair)] }, own));
    const draw = pairedBatches(at, own);
    expect(await draw(5)).toEqual(await draw(5));
    expect((await draw(6)).image.data).not.toEqual((await draw(5)).image.data);
  });

  it("turn input and target alike", async () => {
    // The target is twice the input, so that the patches must be, however they are turned.
    const data = pair.stack.data.map((value) => 2 * value);
    const own = config({ patch_size: 24 });
    const { at } = runThrough(pairedSources({ samples: [named({ ...pair, target: { ...pair.target, data } })] }, own));
    const { image, target } = await pairedBatches(at, own)(1);
    for (let i = 0; i < 4; i++) {
      const differences = image.data
        .subarray(i * 576, (i + 1) * 576)
        .map((value, j) => value - target.data[i * 576 + j]);
      // Brightness is shifted in the input only: a constant.
      for (const difference of differences) expect(difference).toBeCloseTo(differences[0], 4);
      expect(Math.abs(differences[0])).toBeLessThan(0.021);
    }
  });

  it("of sub-stacks hold neighbouring planes in order", async () => {
    const own = config(quiet);
    const { at } = runThrough(pairedSources({ samples: [named(pair)] }, own, { planes: 3 }));
    const { image, target } = await pairedBatches(at, own, 3)(2);
    expect(target.shape).toEqual([4, 1, 3, 16, 16]);
    const { source } = (await at(2))(new Random(1));
    const size = source.height * source.width;
    for (let i = 0; i < 4; i++) {
      const first = Array.from(image.data.subarray(i * 768, i * 768 + 16));
      const place = source.data.findIndex((_, k) => first.every((v, j) => source.data[k + j] === v));
      for (let k = 0; k < 3; k++) {
        expect(image.data[i * 768 + k * 256]).toBe(source.data[place + k * size]);
        expect(target.data[i * 768 + k * 256]).toBe(source.target[place + k * size]);
      }
    }
  });

  it("without pairs show other places", async () => {
    const own = config(quiet);
    const { at } = runThrough(pairedSources({ samples: [named(pair)] }, own));
    const draw = unpairedBatches(at, own);
    const { source } = (await at(1))(new Random(1));
    let same = 0;
    for (let step = 1; step <= 4; step++) {
      const { image, target } = await draw(step);
      for (let i = 0; i < 4; i++) {
        const place = source.data.indexOf(image.data[i * 256] as number);
        if (source.target[place] === target.data[i * 256]) same++;
      }
    }
    expect(same).toBe(0);
  });

  it("come from simulated fields as well, which are not checked for shifts", async () => {
    const own = config({ steps_per_field: 1, pool_fields: 1 });
    const fields = {
      name: "fields",
      field: async (index: number) =>
        named({ ...hazyPair(3, 32, 32, 100 + index), target: moved(hazyPair(3, 32, 32, 7).target, 0, 5) }),
    };
    const { at, validation } = runThrough(pairedSources({ samples: [named(pair)], fields }, own));
    expect(validation[0].width).toBe(96);
    const [a, b] = [(await at(1))(new Random(1)), (await at(2))(new Random(1))];
    expect(a.source.width).toBe(32);
    expect(a.source.data).not.toEqual(b.source.data);
  });
});

describe("the validator", () => {
  it("scores what the network makes of held-out planes beside the input, whole and by thirds of the depth", async () => {
    const { validation } = runThrough(pairedSources({ samples: [named(pair)] }, config()));
    const network = (factor: number, planes?: number) => ({
      alignment: 4,
      planes,
      predictionGraph(height: number, width: number) {
        const graph = new Graph();
        const shape = [1, 1, ...(planes === undefined ? [] : [planes]), height, width];
        graph.output("output", mul(graph.input("image", shape), factor));
        return graph;
      },
    });
    const runtime = await openReferenceRuntime();
    const judge = async (factor: number, planes?: number) => {
      const validator = pairedValidator(validation, network(factor, planes), { count: 6 });
      const session = await runtime.open({ graphs: { ...validator.graphs } });
      return validator.run(session).finally(() => session.close());
    };
    const same = await judge(1);
    expect(same.scores.psnr).toBe(same.scores.input_psnr);
    expect(same.groups.map(({ label }) => label)).toEqual(["first planes", "middle planes", "last planes"]);
    // A sub-stack's middle plane is the plane itself.
    expect((await judge(1, 3)).scores).toEqual(same.scores);
    const dark = await judge(0);
    expect(dark.scores.input_psnr).toBe(same.scores.input_psnr);
    const { target, width, height } = validation[0];
    const planes = [0, 2, 3, 5, 6, 8];
    const mean = (z: number) =>
      target.subarray(z * width * height, (z + 1) * width * height).reduce((sum, v) => sum + Math.abs(v), 0) /
      (width * height);
    expect(dark.loss).toBeCloseTo(planes.reduce((sum, z) => sum + mean(z), 0) / 6, 5);
    expect(await same.draw("pairs")).toMatch(/<svg.*>pairs<.*>Input<.*>Output<.*>Ground truth</s);
  });
});
