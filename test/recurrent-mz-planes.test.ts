/** Recurrent-MZ's data and application: sets of planes that are drawn, planes that a user gives, tiles. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runThrough } from "../src/array/breathe.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { placedPlanes, placedPlanesWarnings } from "../src/models/apply/placed-planes.ts";
import { type RefocusPlanesInput, refocusPlanes } from "../src/models/apply/refocus-planes.ts";
import { loadModel, saveModel } from "../src/models/model-folder.node.ts";
import { modelFor } from "../src/models/model-info.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { refocusFile } from "../src/tasks/refocus-file.ts";
import { drawPlaneSet, planeSetDrawer, validationSets } from "../src/train/data/plane-sets.ts";
import { refocusSources } from "../src/train/data/refocus-sources.ts";
import { checkRecurrentMzConfig, recurrentMzConfig } from "../src/train/methods/recurrent-mz-config.ts";
import { textsOf } from "./helpers/texts.ts";
import { blurredStack } from "./helpers/tiny.ts";
import { testPlane } from "./helpers/tiny-model.ts";
import { tinyMz, tinyMzModel } from "./helpers/tiny-mz.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const configOf = (own: Record<string, unknown> = {}) =>
  recurrentMzConfig.parse({ patch_size: 16, batch_size: 4, ...own });
const stack = blurredStack(12, 40, 48, 1);

/** What is drawn from, as a training opens it. */
async function sourceOf(config: ReturnType<typeof configOf>, own = {}) {
  const sample = { name: "stack", stack, ...own };
  const { at, validation } = runThrough(refocusSources({ samples: [sample] }, { ...config, input_offsets: [0] }));
  return { choose: await at(1), validation };
}

describe("sets of planes to learn from", () => {
  it("hold 1 to max_planes planes of the stack, each once, within their range, in any order, and never the target", async () => {
    const config = configOf({ min_planes: 1, max_planes: 4, plane_range: [-3, 2], distance_range: [-4, 4] });
    const { choose } = await sourceOf(config);
    const [counts, distances, orders] = [new Set<number>(), new Set<number>(), new Set<string>()];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
        const random = new Random(seed);
        const { planes, target } = drawPlaneSet(choose(random), config, random);
        expect(new Set(planes).size).toBe(planes.length);
        expect(Math.min(...planes, target)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...planes, target)).toBeLessThan(stack.depth);
        for (const z of planes) {
          expect(z - planes[0]).toBeGreaterThanOrEqual(-3);
          expect(z - planes[0]).toBeLessThanOrEqual(2);
        }
        expect(planes.slice(1)).not.toContain(target);
        counts.add(planes.length);
        distances.add(target - planes[0]);
        if (planes.length === 3) orders.add(planes.map((z) => [...planes].sort((a, b) => a - b).indexOf(z)).join(""));
      }),
      { numRuns: 600, seed: 7 },
    );
    expect([...counts].sort()).toEqual([1, 2, 3, 4]);
    expect([...distances].sort((a, b) => a - b)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4]);
    expect(orders.size).toBe(6);
  });

  it("become batches: each plane beside its own distance to the target, absent ones marked, the same view of all", async () => {
    const config = configOf({ min_planes: 1, max_planes: 3, augment: false, content_sampling: 0 });
    const { choose } = await sourceOf(config);
    const draw = planeSetDrawer(config, 10);
    const { image, present, target } = draw(choose, new Random(5));
    expect([image.shape, present.shape, target.shape]).toEqual([
      [4, 6, 16, 16],
      [4, 3, 1, 1],
      [4, 1, 16, 16],
    ]);
    expect(draw(choose, new Random(5))).toEqual({ image, present, target });
    const { source } = choose(new Random(1));
    /** Which plane of the source a patch was cut from: only one has it. */
    const planeOf = (patch: ArrayLike<number>): number => {
      const size = source.height * source.width;
      for (let at = 0; at < source.data.length; at++) {
        if (source.data[at] !== patch[0]) continue;
        const same = (k: number): boolean =>
          source.data[at + Math.floor(k / 16) * source.width + (k % 16)] === patch[k];
        if (Array.from({ length: 256 }, (_, k) => k).every(same)) return Math.floor(at / size);
      }
      return -1;
    };
    let absent = 0;
    for (let i = 0; i < 4; i++) {
      const to = planeOf(target.data.subarray(i * 256, (i + 1) * 256));
      const planes: number[] = [];
      for (let k = 0; k < 3; k++) {
        const at = (i * 6 + 2 * k) * 256;
        const z = planeOf(image.data.subarray(at, at + 256));
        expect(z).toBeGreaterThanOrEqual(0);
        const away = new Set(image.data.subarray(at + 256, at + 512));
        expect([...away]).toEqual([Math.fround((to - z) / 10)]);
        planes.push(z);
        if (present.data[i * 3 + k] === 0) {
          absent++;
          // The first one again.
          expect(z).toBe(planes[0]);
        }
      }
      expect(present.data[i * 3]).toBe(1);
    }
    expect(absent).toBeGreaterThan(0);
  });

  it("take the target from another kind of image where there is one", async () => {
    const config = configOf({ augment: false });
    const bright = { ...stack, data: stack.data.map((value) => 5e4 - value) };
    const { choose } = await sourceOf(config, { target: bright });
    const { target } = planeSetDrawer(config, 10)(choose, new Random(2));
    // Most of it is background, which is bright there: 0.8 on average, 0.2 in the image itself.
    const values = Float32Array.from(target.data);
    expect(values.reduce((a, b) => a + b) / values.length).toBeGreaterThan(0.6);
  });

  it("validate the fewest, two and the most planes, at the ends of the range and half way, the same every time", async () => {
    const config = configOf({ min_planes: 1, max_planes: 4, distance_range: [-4, 4] });
    const { validation } = await sourceOf(config);
    const sets = validationSets(validation, config, 2);
    expect(sets).toEqual(validationSets(validation, config, 2));
    expect(new Set(sets.map(({ planes, distance }) => `${planes.length} ${distance}`)).size).toBe(12);
    for (const { planes, target, distance } of sets) {
      expect(target - planes[0]).toBe(distance);
      expect(planes).not.toContain(target);
      // In turn above and below, a quarter of the range of 8 um apart.
      for (const z of planes.slice(1)) expect(Math.abs(z - planes[0]) % 2).toBe(0);
    }
  });
});

describe("a configuration", () => {
  it.each([
    [{ max_planes: 2, min_planes: 3 }, "min_planes must not be above max_planes, got 3 and 2"],
    [{ plane_range: [1, 4] }, "plane_range is relative to the first plane and must contain 0, got 1,4"],
    [{ distance_range: [4, -4] }, "distance_range must go from the lower to the higher distance, got 4,-4"],
    [{ patch_size: 20 }, "patch_size must be a multiple of 8 for this architecture, got 20"],
    [{ patch_size: 40, adversarial_weight: 0.3 }, "patch_size must be a multiple of 32 for this architecture, got 40"],
    [{ mae_weight: 0 }, "no loss would compare the output with the target"],
    [
      { architecture: { channels: [8, 16] } },
      "hidden needs one number for each of the 2 levels and one for the bottleneck, got 4",
    ],
  ])("%j is refused", (own, message) => {
    expect(() => checkRecurrentMzConfig(recurrentMzConfig.parse(own))).toThrow(message);
  });
});

describe("the planes that a user gives", () => {
  const { info } = tinyMzModel();
  const image = { axes: "ZYX", shape: [14, 40, 48], dtype: "uint16" as const, zStep: 0.5 };

  it("are taken in their order, at their distances from the first", () => {
    expect(placedPlanes(info, image, [9, 3, 12], "a.tif")).toEqual([
      { plane: 9, z: 0 },
      { plane: 3, z: -3 },
      { plane: 12, z: 1.5 },
    ]);
    expect(placedPlanes(info, { ...image, shape: [3, 40, 48] }, undefined, "a.tif").map(({ z }) => z)).toEqual([
      0, 0.5, 1,
    ]);
    const { zStep: _, ...uncalibrated } = image;
    expect(placedPlanes(info, uncalibrated, [4], "a.tif")).toEqual([{ plane: 4, z: 0 }]);
  });

  it.each([
    [
      undefined,
      image,
      "usage",
      "a.tif has 14 planes and the model was trained with up to 3: choose its planes with `input_planes`",
    ],
    [[3, 14], image, "usage", "a.tif has no plane 14; expected one or more of 0 to 13, each once"],
    [[3, 1.5], image, "usage", "has no plane 1.5"],
    [[3, 5, 3], image, "usage", "was given an input plane twice (3, 5, 3)"],
    [[], image, "usage", "was given no input planes"],
    [
      [3, 5],
      { axes: "ZYX", shape: [14, 40, 48], dtype: "uint16" as const },
      "calibration.missing",
      "Give `z_step <your z step>` (um)",
    ],
  ])("%j: one sentence for what is wrong", (given, of, code, message) => {
    const thrown = (): unknown => {
      try {
        return placedPlanes(info, of, given, "a.tif");
      } catch (error) {
        return error;
      }
    };
    expect(thrown()).toBeInstanceOf(ParfocalError);
    expect(thrown()).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("are warned about where the model did not learn such", () => {
    const warned = (given: number[], own = {}) =>
      textsOf(placedPlanesWarnings({ ...info, ...own }, placedPlanes(info, image, given, "a.tif")));
    expect(warned([3, 5])).toEqual([]);
    expect(warned([3, 5, 6, 7])).toEqual([expect.stringContaining("gets 4 input planes; it was trained with 1 to 3")]);
    expect(warned([3], { plane_counts: [2, 3] })).toEqual([
      expect.stringContaining("gets 1 input plane; it was trained with 2 to 3"),
    ]);
    expect(warned([3, 13, 1])).toEqual([
      expect.stringContaining("Input planes 13 are farther from the first one than in training (-4 to 4 um)"),
    ]);
  });
});

describe("refocusing from planes", () => {
  const normalisation = { low: 200, high: 1000 };
  const [width, height] = [77, 53];
  const positions = [0, 2, -1.5, 3];
  const planes = positions.map((z, i) => ({ z, read: testPlane(width, height, i + 1).read }));
  const made = async (
    input: Partial<RefocusPlanesInput>,
    distances: readonly number[],
    tileSize = 4096,
    model = tinyMzModel(),
  ): Promise<Float32Array[]> => {
    const out = distances.map(() => new Float32Array(width * height).fill(NaN));
    const given = { width, height, normalisation, planes, ...input };
    await refocusPlanes(model, runtime, given, { distances, tileSize }, async (plane, y0, rows) => {
      out[plane].set(rows, y0 * width);
    });
    return out;
  };
  const compare = (a: Float32Array[], b: Float32Array[]) => {
    let [difference, low, high] = [0, Infinity, -Infinity];
    a.forEach((plane, k) => {
      plane.forEach((value, i) => {
        difference = Math.max(difference, Math.abs(value - b[k][i]));
        [low, high] = [Math.min(low, value), Math.max(high, value)];
      });
    });
    return { difference, range: high - low };
  };

  it.each([1, 2, 4])("has no seams: tiles equal the whole, from %i planes", async (count) => {
    for (const architecture of [tinyMz.small, tinyMz.published]) {
      const model = tinyMzModel(architecture);
      const input = { planes: planes.slice(0, count) };
      const whole = await made(input, [1.5, -2], 4096, model);
      const { difference, range } = compare(whole, await made(input, [1.5, -2], 23, model));
      expect(range).toBeGreaterThan(100);
      expect(difference / range).toBeLessThan(1e-5);
    }
  });

  it("of pixels of another size as well, within the interpolation's", async () => {
    const input = { planes: planes.slice(0, 2), pixelSize: { y: 0.42, x: 0.36 } };
    const { difference, range } = compare(await made(input, [1]), await made(input, [1], 29));
    expect(difference / range).toBeLessThan(1e-5);
  });

  it("a small model gives planes that were given back, in counts", async () => {
    const model = tinyMzModel(tinyMz.small, {}, "untrained");
    const found = await made({}, [0, 2, -1.5, 3], 4096, model);
    for (const [k, nearest] of [0, 1, 2, 3].entries()) {
      const { data } = testPlane(width, height, nearest + 1);
      expect(Math.max(...found[k].map((value, i) => Math.abs(value - data[i])))).toBeLessThan(0.01);
    }
  });

  it("adds a distance map to the distances", async () => {
    const flat = await made({}, [1.25]);
    const surface = async (region: { width: number; height: number }) =>
      new Float32Array(region.width * region.height).fill(0.75);
    expect(compare(flat, await made({ surface }, [0.5])).difference).toBeLessThan(0.01);
    expect(compare(flat, await made({}, [0.5])).difference).toBeGreaterThan(1);
  });

  it("refuses no planes and distances that are none", async () => {
    await expect(made({ planes: [] }, [1])).rejects.toMatchObject({ code: "usage" });
    await expect(made({}, [NaN])).rejects.toThrow(/needs one or more distances in um/);
    await expect(made({}, [])).rejects.toMatchObject({ code: "usage" });
  });

  it("makes a volume of a file from planes by their numbers, by a model from its folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "parfocal-mz-"));
    try {
      const [path, output] = [join(folder, "stack.tif"), join(folder, "volume.tif")];
      const { info, onnx } = tinyMzModel(tinyMz.small, {}, "untrained");
      await saveModel(join(folder, "model"), info, onnx);
      await writeImage(path, { ...stack, axes: "ZYX", shape: [12, 40, 48] });
      const model = modelFor(await loadModel(join(folder, "model")), "refocus");
      const file = await openImage(path);
      const options = { planes: [3, 9, 6], distances: [-1, 0, 1, 2, 3, 4, 5] };
      const result = await refocusFile(fileStorage, model, runtime, file, output, options).finally(() => file.close());
      expect(result.planes_um).toEqual(options.distances);
      expect(textsOf(result.warnings).filter((text) => text.includes("Input planes 9"))).toHaveLength(1);
      const volume = await openImage(output);
      const found = await readStack(volume).finally(() => volume.close());
      expect(found).toMatchObject({ depth: 7, height: 40, width: 48, zStep: 1, dtype: "uint16" });
      // Planes 2 to 8 from planes 3, 6 and 9, by 1 / distance^2.
      const size = 40 * 48;
      for (let k = 0; k < 7; k++) {
        const weights = options.planes.map((plane) => 1 / Math.max(1e-6, Math.abs(2 + k - plane)) ** 2);
        const total = weights.reduce((a, b) => a + b, 0);
        const wanted = Array.from({ length: size }, (_, i) =>
          weights.reduce((sum, weight, n) => sum + (weight / total) * stack.data[options.planes[n] * size + i], 0),
        );
        const got = found.data.subarray(k * size, (k + 1) * size);
        expect(Math.max(...wanted.map((value, i) => Math.abs(value - got[i]))), `plane ${k}`).toBeLessThan(2);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
