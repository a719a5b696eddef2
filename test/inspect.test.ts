/** Inspecting and comparing images: exposure, alignment, calibration, and what is said about them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { translate } from "../src/array/resample.ts";
import { overrideCalibration } from "../src/image/calibration.ts";
import type { ImageInfo, Stack } from "../src/image/image.ts";
import type { ImageFile } from "../src/image/image-file.ts";
import { createExposureMeter, exposureWarnings } from "../src/metrics/exposure.ts";
import { inspectImage } from "../src/metrics/inspect.ts";
import { tiltedSurface } from "../src/models/apply/surface.ts";
import { compareStacks } from "../src/study/compare-stacks.ts";
import { textsOf } from "./helpers/texts.ts";

/** An image in memory as an open file; `planes` in the order z slow, channel fast. */
function fileOf(info: ImageInfo, planes: readonly Float32Array[], channels = 1): ImageFile {
  return {
    ...info,
    path: "memory",
    readPlane: async ({ z = 0, channel = 0 }) => Float32Array.from(planes[z * channels + channel]),
    close: async () => undefined,
  };
}

/** Smooth random texture with the contrast of a stained tissue, counts 500 to 3000 or so. */
function texture(seed: number, height: number, width: number) {
  const random = new Random(seed);
  const data = Float32Array.from({ length: height * width }, () => random.normal());
  const grid = gaussianFilter({ data, height, width }, 1.5);
  return { ...grid, data: grid.data.map((value) => Math.round(1500 + 4000 * value)) };
}

const calibrated = { dtype: "uint16", pixelSize: { y: 0.3, x: 0.3 }, zStep: 0.5 } as const;

describe("exposure", () => {
  test("however the pixels come, shares and ends are those of the whole", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1 }), { minLength: 1 }), (pieces) => {
        const meter = createExposureMeter();
        for (const piece of pieces) meter.add(Float32Array.from(piece));
        const all = pieces.flat();
        const share = (value: number) => all.filter((one) => one === value).length / all.length;
        const [min, max] = [Math.min(...all), Math.max(...all)];
        expect(meter.result()).toEqual({
          pixels: all.length,
          min,
          max,
          atMin: share(min),
          atMax: share(max),
          notFinite: 0,
        });
      }),
    );
  });

  test("NaN and infinity are counted, and are no brightness", () => {
    const meter = createExposureMeter();
    meter.add(Float32Array.of(1, Number.NaN, 3, Number.POSITIVE_INFINITY));
    expect(meter.result()).toMatchObject({ min: 1, max: 3, notFinite: 0.5 });
  });

  const one = { pixels: 1e6, min: 100, max: 4095, atMin: 1e-6, atMax: 1e-6, notFinite: 0 };
  test.each([
    ["well exposed", one, "uint16", []],
    ["at the full scale of 12 bits", { ...one, atMax: 2e-4 }, "uint16", [/saturated\. 0\.020 %.*4095/]],
    ["as often at no full scale", { ...one, max: 4000, atMax: 2e-4 }, "uint16", []],
    ["often at no full scale", { ...one, max: 4000, atMax: 2e-3 }, "uint16", [/saturated/]],
    ["float at 4095", { ...one, atMax: 2e-4 }, "float32", []],
    ["zeros", { ...one, min: 0, atMin: 0.5 }, "uint16", [/clipped\. 50 %/]],
    ["two pixels of a small image", { ...one, pixels: 400, atMin: 0.005, atMax: 0.005 }, "uint16", []],
    ["a mask", { ...one, min: 0, max: 1, atMin: 0.5, atMax: 0.5 }, "uint8", []],
    ["constant", { ...one, min: 7, max: 7, atMin: 1, atMax: 1 }, "uint16", [/every pixel has the value 7/]],
  ] as const)("%s", (_, exposure, dtype, expected) => {
    const warnings = exposureWarnings(exposure, dtype, "Pixels");
    expect(warnings).toHaveLength(expected.length);
    for (const [i, sentence] of expected.entries()) expect(warnings[i].text).toMatch(sentence);
  });
});

describe("inspect", () => {
  const size = 128;
  const info: ImageInfo = { ...calibrated, axes: "ZYX", shape: [9, size, size] };
  /** Sharpest at plane 4. */
  const blurred = (shift: (z: number) => number) =>
    Array.from({ length: 9 }, (_, z) => {
      const moved = translate(texture(1, size, size), { dy: 0, dx: shift(z) });
      // Without noise of their own, planes as far above focus as below would be the same recording.
      const random = new Random(100 + z);
      return gaussianFilter(moved, 0.4 * Math.abs(z - 4)).data.map((value) => value + 5 * random.normal());
    });

  test.each<[string, (z: number) => Float32Array, RegExp]>([
    [
      "is constant",
      () => new Float32Array(size * size).fill(500),
      /All pixels of the stack have the same value, so it has no focus/,
    ],
    ["flickers", (z) => new Float32Array(size * size).fill(500 + 10 * z), /so no focus can be found/],
    [
      "is noise",
      (z) => {
        const random = new Random(z);
        return Float32Array.from({ length: size * size }, () => random.poisson(500));
      },
      /The planes contain only noise, so no focus can be found/,
    ],
  ])("a stack that %s has no focus", async (_, plane, sentence) => {
    const { focus, warnings } = await inspectImage(
      fileOf(
        info,
        Array.from({ length: 9 }, (_, z) => plane(z)),
      ),
    );
    expect(focus?.curve).toHaveLength(9);
    expect(focus?.best).toBeUndefined();
    expect(textsOf(warnings).join("\n")).toMatch(sentence);
  });

  test("a stack that stands still has a focus, and nothing to complain of", async () => {
    const { focus, alignment, warnings } = await inspectImage(
      fileOf(
        info,
        blurred(() => 0),
      ),
    );
    expect(focus?.best).toMatchObject({ plane: 4, atEnd: false });
    expect(focus?.best?.position).toBeCloseTo(4, 1);
    expect(alignment?.drift?.range).toBeLessThan(0.5);
    expect(textsOf(warnings)).toEqual([]);
  });

  test("one that drifts is told so, with how far", async () => {
    const { alignment, warnings } = await inspectImage(
      fileOf(
        info,
        blurred((z) => 0.75 * z),
      ),
    );
    expect(alignment?.drift?.range).toBeCloseTo(6, 0);
    expect(textsOf(warnings)).toEqual([expect.stringMatching(/drift sideways by [56]\.\d pixels/)]);
  });

  test("channels that do not lie on each other are told so, with the shift", async () => {
    const fixed = texture(2, size, size);
    const moved = translate(fixed, { dy: -2, dx: 5 });
    const two = { ...calibrated, axes: "CYX", shape: [2, size, size] };
    const { alignment, warnings } = await inspectImage(fileOf(two, [fixed.data, moved.data], 2));
    expect(alignment?.channelShifts[0].dx).toBeCloseTo(5, 0);
    expect(alignment?.channelShifts[0].dy).toBeCloseTo(-2, 0);
    expect(textsOf(warnings)).toEqual([
      expect.stringMatching(/Channel 1 is unregistered: it is shifted by \+[45]\.\d pixels in x and -[12]\.\d in y/),
    ]);
  });

  test("a sharpest plane at the end is no focus yet", async () => {
    const { warnings } = await inspectImage(fileOf({ ...info, shape: [5, size, size] }, blurred(() => 0).slice(4)));
    expect(textsOf(warnings)).toEqual([expect.stringMatching(/first of 5, so the focus may lie outside/)]);
  });

  test("what is not calibrated, or cannot be right, is told", async () => {
    const plane = [texture(3, 16, 16).data];
    const of = async (more: Partial<ImageInfo>) =>
      textsOf(
        (await inspectImage(fileOf({ axes: "YX", shape: [16, 16], dtype: "uint16", ...more }, plane))).warnings,
      ).join("\n");
    expect(await of({})).toMatch(/no pixel size\. Give `pixel_size <your pixel size>`/);
    expect(await of({ pixelSize: { y: 0.2, x: 0.3 } })).toMatch(/not square/);
    const optics = { na: 0.8, wavelength: 0.5 };
    expect(await of({ pixelSize: { y: 0.3, x: 0.3 }, optics })).toMatch(/larger than lambda \/ \(4 NA\) = 0\.156 um/);
    expect(await of({ pixelSize: { y: 0.15, x: 0.15 }, optics })).toBe("");
  });

  test("stops when asked", async () => {
    const control = new AbortController();
    const running = inspectImage(
      fileOf(
        info,
        blurred(() => 0),
      ),
      {
        signal: control.signal,
        onProgress: ({ done }) => done === 2 && control.abort(),
      },
    );
    await expect(running).rejects.toMatchObject({ code: "interrupted" });
  });
});

describe("calibration of the user", () => {
  const file: ImageInfo = {
    ...calibrated,
    axes: "CYX",
    shape: [2, 4, 4],
    optics: { na: 0.8, refractiveIndex: 1 },
    emissionWavelengths: [0.45, undefined],
  };

  test("replaces what is given, and only that", () => {
    expect(overrideCalibration(file, {})).toEqual(file);
    expect(overrideCalibration(file, { pixelSize: 0.1, wavelength: 0.6 })).toEqual({
      ...file,
      pixelSize: { y: 0.1, x: 0.1 },
      optics: { na: 0.8, refractiveIndex: 1, wavelength: 0.6 },
      emissionWavelengths: [0.6, 0.6],
    });
    expect(overrideCalibration(file, { zStep: 2 }).zStep).toBe(2);
  });

  test.each([{ zStep: 0 }, { pixelSize: -1 }, { na: Number.NaN }, { na: 1.2 }, { refractiveIndex: 0.7 }])(
    "%o is refused",
    (given) => {
      expect(() => overrideCalibration(file, given)).toThrow(expect.objectContaining({ code: "usage" }));
    },
  );
});

describe("compare stacks", () => {
  const stackOf = (...planes: Float32Array[]): Stack => ({
    data: Float32Array.from(planes.flatMap((plane) => Array.from(plane))),
    depth: planes.length,
    height: 32,
    width: 32,
    dtype: "uint16",
  });
  const [a, b, c] = [1, 2, 3].map((seed) => texture(seed, 32, 32).data);

  test("an input of one plane stands beside every plane", async () => {
    const { planes, input } = await compareStacks({ output: stackOf(a, b), truth: stackOf(a, b), input: stackOf(a) });
    expect(planes.map((one) => one.output.nrmse)).toEqual([0, 0]);
    expect(planes[0].input?.nrmse).toBe(0);
    expect(planes[1].input?.nrmse).toBeGreaterThan(0.1);
    expect(input?.nrmse).toBeCloseTo((planes[1].input?.nrmse ?? 0) / 2, 12);
  });

  test("planes that equal the truth stay out of the mean PSNR, and are counted and named", async () => {
    const output = stackOf(a, c, b);
    const found = await compareStacks({ output, truth: stackOf(a, b, b), input: stackOf(a) });
    expect(found.planes.map((one) => one.output.psnr)).toEqual([
      Infinity,
      expect.closeTo(found.output.psnr, 9),
      Infinity,
    ]);
    expect(found.output.psnr).toBeLessThan(20);
    expect(found.perfectPlanes).toEqual({ output: [0, 2], input: [0] });
    expect(textsOf(found.warnings)).toEqual([
      "2 of 3 planes of the output equal the ground truth exactly (0, 2); they are left out of the mean PSNR.",
      "1 of 3 planes of the input equals the ground truth exactly (0); it is left out of the mean PSNR.",
    ]);
    // Other scores have a value for perfect planes, and keep them.
    expect(found.output.ssim).toBeCloseTo((2 + found.planes[1].output.ssim) / 3, 12);
    const perfect = await compareStacks({ output: stackOf(a, b), truth: stackOf(a, b) });
    expect(perfect.output.psnr).toBe(Infinity);
    expect(textsOf(perfect.warnings)).toEqual([
      "The output equals the ground truth exactly, so its PSNR is infinite (null in JSON).",
    ]);
  });

  test("a blank plane has no correlation, and does not hide that of the others", async () => {
    const blank = new Float32Array(32 * 32).fill(7);
    const { output, planes } = await compareStacks({ output: stackOf(blank, b), truth: stackOf(a, c) });
    expect(planes[0].output.pearson).toBeNaN();
    expect(output.pearson).toBe(planes[1].output.pearson);
  });

  test("an output in other counts is told so", async () => {
    const scaled = stackOf(a.map((value) => value / 65535));
    expect(textsOf((await compareStacks({ output: scaled, truth: stackOf(a) })).warnings).join()).toMatch(
      /same unit.*pearson/,
    );
    expect((await compareStacks({ output: stackOf(b), truth: stackOf(a) })).warnings).toEqual([]);
  });

  test("stacks that do not belong together are refused", async () => {
    const refused = expect.objectContaining({ code: "image.unfit" });
    await expect(compareStacks({ output: stackOf(a, b), truth: stackOf(a, b, c) })).rejects.toEqual(refused);
    await expect(
      compareStacks({ output: stackOf(a, b, c), truth: stackOf(a, b, c), input: stackOf(a, b) }),
    ).rejects.toEqual(refused);
  });
});

test("a tilted surface is 0 in the middle, straight, and the same whatever part is read", async () => {
  const size = { width: 11, height: 7 };
  const read = tiltedSurface({ x: 2, y: -3 }, size);
  const whole = await read({ x: 0, y: 0, ...size });
  expect([whole[0], whole[10], whole[3 * 11 + 5], whole[76]]).toEqual([0.5, 2.5, 0, -0.5]);
  const part = await read({ x: 4, y: 2, width: 3, height: 2 });
  expect(Array.from(part)).toEqual([26, 27, 28, 37, 38, 39].map((i) => whole[i]));
});
