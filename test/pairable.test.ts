/** Stacks that are compared, or learned from, plane by plane must show the same places. */

import { describe, expect, test } from "vitest";
import { findExposures } from "../src/classical/sectioning/exposure-source.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import type { ImageInfo, Stack } from "../src/image/image.ts";
import type { ImageFile } from "../src/image/image-file.ts";
import { type PairableOptions, type Placed, requirePairable } from "../src/image/pairable.ts";
import { openPlanes } from "../src/image/plane-folder.ts";
import { givenStacks } from "../src/metrics/given-stacks.ts";
import { registerTarget } from "../src/metrics/unregistered.ts";
import { surfaceOf } from "../src/models/apply/surface.ts";
import { compareStacks } from "../src/study/compare-stacks.ts";
import { openStudiedStack } from "../src/study/studied-stack.ts";
import { reconstructFile } from "../src/tasks/reconstruct-file.ts";
import { resolveConfig } from "../src/train/config.ts";
import { createLearner } from "../src/train/model-pixels.ts";
import { blurredStack } from "./helpers/tiny.ts";

const placed = (changes: Partial<Placed> = {}): Placed => ({
  depth: 9,
  height: 64,
  width: 80,
  pixelSize: { y: 0.325, x: 0.325 },
  zStep: 1,
  ...changes,
});
const pixels = (size: number) => ({ y: size, x: size });

describe("stacks whose planes do not belong together by number", () => {
  test.each<[string, Partial<Placed>, RegExp, PairableOptions?]>([
    [
      "half the z step",
      { zStep: 0.5 },
      /^The output has planes 0\.5 um apart and a\.tif 1 um apart: .*take every 2nd plane of the output if both begin at the same height, or give `z_step <your z step>`/,
    ],
    [
      "another z step",
      { zStep: 0.7 },
      /0\.7 um apart and a\.tif 1 um apart: planes with the same index show different heights; give `z_step/,
    ],
    [
      "other pixels",
      { pixelSize: pixels(0.65) },
      /pixels of 0\.65 um and a\.tif of 0\.325 um: .*resample one of them, or give `pixel_size </,
    ],
    ["other pixels along y", { pixelSize: { x: 0.325, y: 0.3 } }, /pixels of 0\.3 um and a\.tif of 0\.325 um/],
    ["other pixels, whichever planes", { pixelSize: pixels(0.65), depth: 1 }, /0\.65 um/, { planes: false }],
    ["another size", { width: 40 }, /9 planes of 64 x 40 pixels and a\.tif 9 planes of 64 x 80 pixels/],
    ["fewer planes", { depth: 1 }, /1 plane of 64 x 80 pixels and a\.tif 9 planes/],
  ])("are refused: %s", (_, changes, sentence, options) => {
    const pair = () => requirePairable(["the output", placed(changes)], ["a.tif", placed()], options);
    expect(pair).toThrow(sentence);
    expect(pair).toThrow(expect.objectContaining({ code: "image.unfit" }));
    // Whichever comes first.
    expect(() => requirePairable(["a.tif", placed()], ["the output", placed(changes)], options)).toThrow(/the output/);
  });

  test.each<[string, Partial<Placed>, PairableOptions?]>([
    ["that are alike", {}],
    ["whose files round", { pixelSize: pixels(0.3251), zStep: 1.01 }],
    ["of which one says nothing", { pixelSize: undefined, zStep: undefined }],
    ["of which one stands beside all", { depth: 1, zStep: 0.5 }, { planes: false }],
  ])("and those pass %s", (_, changes, options) => {
    expect(() => requirePairable(["the output", placed(changes)], ["a.tif", placed()], options)).not.toThrow();
  });
});

const stack = (changes: Partial<Stack> = {}): Stack => ({
  ...blurredStack(9, 64, 64, 1),
  zStep: 1,
  pixelSize: pixels(0.325),
  ...changes,
});
const fileOf = (info: Partial<ImageInfo>, path: string): ImageFile => ({
  axes: "ZYX",
  shape: [9, 64, 64],
  dtype: "uint16",
  ...info,
  path,
  readPlane: async () => new Float32Array(64 * 64),
  close: async () => undefined,
});

describe("every comparison by number", () => {
  const [truth, half, coarse] = [stack(), stack({ zStep: 0.5 }), stack({ pixelSize: pixels(0.65) })];
  const [step, size] = [/0\.5 um apart/, /0\.65 um/];
  const train =
    (model: string, target: Stack, more = {}) =>
    () =>
      createLearner(
        { samples: [{ name: "in.tif", stack: truth, target }] },
        resolveConfig({ method: model, patch_size: 32, batch_size: 1, ...more }),
      );
  const two = { numbers: [0, 1], what: "two exposures" };

  test.each<[string, RegExp, () => unknown]>([
    ["evaluate: the output's planes", step, () => compareStacks({ output: half, truth })],
    ["evaluate: the output's pixels", size, () => compareStacks({ output: coarse, truth })],
    ["evaluate: the input's planes", step, () => compareStacks({ output: truth, truth, input: half })],
    [
      "evaluate: an input of one plane",
      size,
      () =>
        compareStacks({ output: truth, truth, input: { ...coarse, depth: 1, data: coarse.data.slice(0, 64 * 64) } }),
    ],
    ["evaluate: planes of the input, which place it", step, () => givenStacks([half], truth, { inputPlanes: [2] })],
    ["study: the truth", step, () => openStudiedStack("s.tif", truth, { truth: half })],
    ["train: a target's planes", step, train("unet", half)],
    ["train: a target's pixels", size, train("unet", coarse)],
    ["train: a target's pixels, on pixels of the model", size, train("unet", coarse, { model_pixel_size: 0.65 })],
    ["train: pixels of cycle-gan's other kind of image", size, train("cycle-gan", coarse)],
    ["train: a target to be refocused to", step, train("deep-z", half, { distance_range: [-2, 2] })],
    ["--register", step, () => registerTarget({ name: "in.tif", stack: truth, target: half })],
    [
      "section: exposures in files",
      step,
      () => findExposures([fileOf({ zStep: 1 }, "uniform.tif"), fileOf({ zStep: 0.5 }, "speckle.tif")], two),
    ],
    [
      "section: pixels of exposures",
      size,
      () =>
        findExposures(
          [fileOf({ pixelSize: pixels(0.325) }, "a.tif"), fileOf({ pixelSize: pixels(0.65) }, "b.tif")],
          two,
        ),
    ],
    [
      "refocus: a distance map",
      size,
      () =>
        surfaceOf(fileOf({ axes: "YX", shape: [64, 64], pixelSize: pixels(0.65) }, "map.tif"), {
          width: 64,
          height: 64,
          pixelSize: pixels(0.325),
        }),
    ],
    [
      "reconstruct: the empty field",
      size,
      () =>
        reconstructFile(
          fileStorage,
          fileOf(
            { axes: "YX", shape: [64, 64], pixelSize: pixels(0.325), optics: { wavelength: 0.5 } },
            "hologram.tif",
          ),
          "never.tif",
          {
            distance: 5,
            background: fileOf({ axes: "YX", shape: [64, 64], pixelSize: pixels(0.65) }, "empty.tif"),
          },
        ),
    ],
    [
      "a folder of planes",
      size,
      () =>
        openPlanes(
          "planes",
          [0.325, 0.65].map((one, i) => ({
            name: `${i}.tif`,
            open: async () => fileOf({ axes: "YX", shape: [64, 64], pixelSize: pixels(one) }, `${i}.tif`),
          })),
        ),
    ],
  ])("%s", async (_, sentence, run) => {
    const failed = await (async () => run())().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "image.unfit", message: expect.stringMatching(sentence) });
  });

  test("planes that lie anywhere teach a network that learns without pairs", async () => {
    expect((await train("cycle-gan", half)()).steps).toHaveLength(2);
  });

  test("distances from the user say where the planes are", () => {
    expect(
      givenStacks([half], truth, { inputPlanes: [2], distances: Array.from({ length: 9 }, (_, i) => i) }),
    ).toHaveLength(1);
  });
});
