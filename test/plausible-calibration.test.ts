/** Calibration that no microscope has: refused from a user, left out of a file, and never given to the optics. */
import { describe, expect, test } from "vitest";
import { memorySource } from "../src/array/bytes.ts";
import { overrideCalibration } from "../src/image/calibration.ts";
import { encodeImage } from "../src/image/encode-image.ts";
import type { CalibrationQuantity, Image, ImageInfo } from "../src/image/image.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { implausibility, leaveOutImplausible, requirePlausible } from "../src/image/plausible-calibration.ts";
import { calibrationWarnings } from "../src/metrics/calibration-warnings.ts";
import { calibrationDoubts } from "../src/optics/psf/calibration-doubts.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";
import { psfStack } from "../src/optics/psf/psf-stack.ts";
import { resolveRecipe } from "../src/simulate/resolve-recipe.ts";
import { textsOf } from "./helpers/texts.ts";

type Case = [CalibrationQuantity, number, RegExp];

describe("what no microscope has is refused, with what was likely meant", () => {
  test.each<Case>([
    ["wavelength", 515, /515 um is not a wavelength of light microscopy .*; did you mean 0\.515 \(515 nm\)\?/],
    ["wavelength", 5.15e-7, /did you mean 0\.515 \(5\.15e-7 m\)\?/],
    ["wavelength", 300, /did you mean 0\.3 \(300 nm\)\?/],
    ["pixel_size", 325, /did you mean 0\.325 \(325 nm\)\?/],
    ["pixel_size", 0.000325, /did you mean 0\.325 \(0\.000325 mm\)\?/],
    ["pixel_size", 25400 / 96, /264\.583 um .* 96 dots per inch/],
    ["pixel_size", 25400 / 1200, /1200 dots per inch/],
    ["pixel_size", 1e5, /100000 um is not a pixel size of a microscope \(0\.001 to 50 um\)$/],
    ["z_step", 25400, /25400 um is not a distance between planes/],
    ["z_step", 300, /did you mean 0\.3 \(300 nm\)\?/],
    ["na", 14, /did you mean 1\.4\?/],
    ["na", 75, /did you mean 0\.75\?/],
    ["na", 1.8, /not a numerical aperture/],
    ["refractive_index", 1515, /did you mean 1\.515\?/],
    ["refractive_index", 133, /did you mean 1\.33\?/],
    ["refractive_index", 0.9, /not a refractive index/],
  ])("%s %f", (quantity, value, expected) => {
    expect(implausibility(quantity, value)).toMatch(expected);
    expect(() => requirePlausible(quantity, value)).toThrow(expect.objectContaining({ code: "usage" }));
    expect(() => requirePlausible(quantity, value)).toThrow(new RegExp(`ive \`${quantity} <your `));
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("%f is no length", (value) => {
    expect(() => requirePlausible("pixel_size", value)).toThrow(/must be above 0/);
  });

  test.each<[CalibrationQuantity, number[]]>([
    ["pixel_size", [0.001, 0.0325, 0.325, 1.12, 6.5, 10, 10.58, 40]],
    ["z_step", [0.02, 0.5, 10, 50]],
    ["wavelength", [0.193, 0.2, 0.4, 0.515, 1.7, 10.6]],
    ["na", [0.01, 0.1, 0.95, 1.49, 1.7]],
    ["refractive_index", [1, 1.0003, 1.333, 1.8, 2.4, 3.5, 4]],
  ])("%s of real microscopes passes", (quantity, values) => {
    for (const value of values) expect(implausibility(quantity, value)).toBeUndefined();
  });

  test("z steps of macro objectives pass beside their pixels, and nanometres do not", () => {
    expect(implausibility("z_step", 250, { pixelSize: 10 })).toBeUndefined();
    expect(implausibility("z_step", 250, { pixelSize: 0.1 })).toMatch(/did you mean 0\.25/);
  });
});

describe("every way in", () => {
  const info: ImageInfo = { axes: "ZYX", shape: [5, 8, 8], dtype: "uint16", pixelSize: { y: 0.3, x: 0.3 } };
  const recipe = { name: "r", specimen: { kind: "beads" } };
  test.each<[string, () => unknown]>([
    ["the calibration of the user", () => overrideCalibration(info, { zStep: 500 })],
    ["an NA of the user", () => overrideCalibration(info, { na: 14 })],
    ["a computed PSF", () => psfModelOf({ wavelength: 515 })],
    ["the medium of a specimen", () => psfModelOf({ psf: "vectorial", sample_index: 13 })],
    ["the pixels of a PSF", () => psfModelOf({}).psf({ pixelSize: 325 })],
    ["the planes of a PSF", () => psfStack(psfModelOf({}), { pixelSize: 0.3, zStep: 500, planes: 3 })],
    ["a recipe", () => resolveRecipe({ ...recipe, pixel_size: 325 })],
    [
      "the optics of a recipe's image",
      () => resolveRecipe({ ...recipe, images: { a: { mode: "confocal", excitation_wavelength: 488 } } }),
    ],
  ])("%s is checked", (_, run) => {
    expect(run).toThrow(expect.objectContaining({ code: "usage" }));
    expect(run).toThrow(/did you mean (0\.5|1\.4|0\.515|1\.3|0\.325|0\.488)\b/);
  });
});

describe("a file that says what cannot be", () => {
  const image: Image = {
    axes: "ZYX",
    shape: [2, 4, 4],
    dtype: "uint8",
    data: new Uint8Array(32),
    pixelSize: { y: 325, x: 325 },
    zStep: 0.5,
    optics: { na: 1.4, wavelength: 520, refractiveIndex: 1 },
    emissionWavelengths: [520],
  };

  test("loses it with a warning that names the option, and keeps the rest", async () => {
    const file = await openImageSource(memorySource("x.ome.tif", encodeImage("x.ome.tif", image)));
    expect(file.pixelSize).toBeUndefined();
    expect(file.zStep).toBe(0.5);
    expect(file.optics).toEqual({ na: 1.4 });
    expect(file.emissionWavelengths).toBeUndefined();
    expect(file.implausible?.map(({ quantity, value }) => [quantity, value])).toEqual([
      ["pixel_size", 325],
      ["refractive_index", 1],
      ["wavelength", 520],
    ]);
    const warnings = calibrationWarnings(file);
    expect(warnings[0].text).toMatch(
      /^Pixel size of the file is not used: 325 um .* did you mean 0\.325.* Give `pixel_size </,
    );
    expect(textsOf(warnings).filter((one) => /pixel size/i.test(one))).toHaveLength(1);
    // What the user gives takes its place, and nothing is left to complain of.
    const known = overrideCalibration(file, { pixelSize: 0.325, wavelength: 0.52, refractiveIndex: 1.515 });
    expect(known.implausible).toBeUndefined();
    expect(textsOf(calibrationWarnings(known)).join()).not.toMatch(/left out/);
    expect((await known.readPlane({ z: 1 })).length).toBe(16);
  });

  test("is left alone where all is well", () => {
    const good: ImageInfo = { axes: "YX", shape: [4, 4], dtype: "uint8", pixelSize: { y: 0.3, x: 0.3 } };
    expect(leaveOutImplausible(good)).toBe(good);
    const { emissionWavelengths } = leaveOutImplausible({ ...good, emissionWavelengths: [0.5, 600] });
    expect(emissionWavelengths).toEqual([0.5, undefined]);
  });
});

describe("what is possible and hardly meant", () => {
  const optics = { na: 1.4, wavelength: 0.52, refractiveIndex: 1.515 };
  const doubtsOf = (pixel: number, zStep: number) =>
    calibrationDoubts({ pixelSize: { y: pixel, x: pixel }, zStep, optics }).join();

  test("is warned of: the camera's own pixel, and planes far apart", () => {
    expect(doubtsOf(6.5, 0.3)).toMatch(/70 times the Nyquist limit.*not divided by the magnification/);
    expect(doubtsOf(0.1, 25)).toMatch(/62 times the depth of field of 0\.402 um/);
    expect(doubtsOf(0.1, 0.3)).toBe("");
    // Coarser than Nyquist, as many are.
    expect(doubtsOf(0.3, 2)).toBe("");
    expect(calibrationDoubts({ pixelSize: { y: 6.5, x: 6.5 } })).toEqual([]);
  });
});
