import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { bestPlane, FOCUS_MEASURES, focusCurve, focusOf } from "../src/classical/focus/focus.ts";
import type { Stack } from "../src/image/image.ts";
import { simulateField } from "../src/simulate/simulate-field.ts";
import { haveRealData, mitochondria, nucleus, readStack } from "./helpers/real-data.ts";

const golden = JSON.parse(readFileSync(new URL("fixtures/evaluate/focus.json", import.meta.url), "utf8"));

const { images } = await simulateField("beads", {
  size: 64,
  planes: 13,
  focus_plane: 6,
  beads: 12,
  diameter: [0.5, 2],
  depth_range: [0.3, 0.3],
  seed: 2,
});
const { stack: beads } = images.stack;

/** Noise, blurred by a Gaussian that widens away from plane `focus`. */
function throughFocus(depth: number, focus: number, seed: number): Stack {
  const [height, width] = [48, 40];
  const random = new Random(seed);
  const sharp = {
    data: Float32Array.from({ length: height * width }, () => 100 + 30 * random.normal()),
    height,
    width,
  };
  const data = new Float32Array(depth * height * width);
  for (let z = 0; z < depth; z++)
    data.set(gaussianFilter(sharp, Math.hypot(0.8, 0.5 * (z - focus))).data, z * height * width);
  return { data, depth, height, width, dtype: "float32" };
}

/** Shapes of spectra do not know noise from detail: for these the simulated texture, all noise, is no test. */
const ofContrast = FOCUS_MEASURES.filter((measure) => !["wavelet_ratio", "spectral_slope"].includes(measure));

/** The last one takes the noise out, and has no value in numpy's table. */
const others = FOCUS_MEASURES.filter((measure) => measure !== "band_contrast");

describe("focus measures", () => {
  it("band_contrast grows with the square of a grating, not with brightness or noise", () => {
    const [height, width] = [64, 64];
    const grating = (amplitude: number, brightness: number, noise = 0) => {
      const random = new Random(3);
      const data = Float32Array.from(
        { length: height * width },
        (_, i) => brightness * (100 + amplitude * Math.sin((2 * Math.PI * (i % width)) / 8)) + noise * random.normal(),
      );
      return focusOf({ data, height, width }, "band_contrast");
    };
    expect(grating(2, 1) / grating(1, 1)).toBeCloseTo(4, 3);
    expect(grating(2, 5)).toBeCloseTo(grating(2, 1), 8);
    expect(grating(0, 1, 1)).toBeLessThan(0.02 * grating(2, 1));
    expect(grating(2, 1, 1) / grating(2, 1)).toBeGreaterThan(0.9);
    expect(grating(2, 1, 1) / grating(2, 1)).toBeLessThan(1.1);
  });

  it.each(others)("%s equals numpy's and scipy's", (measure) => {
    let compared = 0;
    for (const plane of golden.planes) {
      if (plane[measure] === undefined) continue;
      const { height, width } = plane;
      const found = focusOf({ data: Float32Array.from(plane.data), height, width }, measure);
      // Those that filter keep float32 planes between their steps.
      const float32 = ["gaussian_gradient", "laplacian_of_gaussian", "wavelet_ratio"].includes(measure);
      expect(Math.abs(found - plane[measure])).toBeLessThan(
        (float32 ? 2e-6 : 1e-9) * Math.max(1, Math.abs(plane[measure])),
      );
      compared++;
    }
    expect(compared).toBeGreaterThan(1);
  });

  it.each(FOCUS_MEASURES)("%s finds the sharpest plane of a simulated stack to a fifth of a plane", (measure) => {
    fc.assert(
      fc.property(fc.double({ min: 3, max: 8, noNaN: true }), fc.nat(), (focus, seed) => {
        const best = bestPlane(focusCurve(throughFocus(12, focus, seed), measure));
        expect(Math.abs(best.position - focus)).toBeLessThan(0.2);
        expect(best.atEnd).toBe(false);
        expect(best.contrast).toBeGreaterThan(1.5);
      }),
      { seed: 4, numRuns: 10 },
    );
  });

  it.each(ofContrast)("%s finds a layer of beads through an objective, noise and all", (measure) => {
    expect(Math.abs(bestPlane(focusCurve(beads, measure)).position - 6.3)).toBeLessThan(0.3);
  });

  it.each(others)("%s is about that of white noise of known variance", (measure) => {
    const random = new Random(8);
    const [height, width, sigma] = [256, 256, 3];
    const data = Float32Array.from({ length: height * width }, () => 1000 + sigma * random.normal());
    // Sums of squared filter weights times the variance; the autocorrelations vanish; a white spectrum is flat, slope 0.
    const gaussian = (s: number) => sigma ** 2 / (4 * Math.PI * s * s);
    const expected: Record<string, number> = {
      tenengrad: 24 * sigma ** 2,
      brenner: 4 * sigma ** 2,
      energy_of_gradient: 4 * sigma ** 2,
      gaussian_gradient: gaussian(1.5) / 1.5 ** 2,
      laplacian_of_gaussian: (2 * gaussian(1.4)) / 1.4 ** 4,
      band_power: sigma ** 2,
      vollath: 0,
      vollath_f5: 0,
      normalized_variance: sigma ** 2 / 1000,
      dct_reduced_ratio: (5 * sigma ** 2) / (64 * 1000 ** 2),
      wavelet_ratio: 3,
      spectral_slope: 1,
    };
    const found = focusOf({ data, height, width }, measure);
    // The Laplacian of four neighbours is a little less than the true one on a Gaussian of 1.4 pixels.
    const tolerance = measure === "laplacian_of_gaussian" ? 0.2 : 0.07;
    expect(Math.abs(found - expected[measure])).toBeLessThan(tolerance * (expected[measure] || sigma ** 2));
  });

  it.each(FOCUS_MEASURES)("%s of a constant plane is 0", (measure) => {
    expect(focusOf({ data: new Float32Array(32 * 32).fill(7), height: 32, width: 32 }, measure)).toBeCloseTo(0, 12);
  });

  it("refuse a plane without an inside", () => {
    expect(() => focusOf({ data: new Float32Array(8), height: 2, width: 4 })).toThrow(/2 x 4.*3 x 3/);
    expect(() => focusOf({ data: new Float32Array(80), height: 8, width: 10 }, "band_power")).toThrow(/16 x 16/);
  });
});

describe("the best plane of a curve", () => {
  it("is the vertex of a parabola, exactly", () => {
    const curve = Array.from({ length: 9 }, (_, z) => 50 - (z - 3.3) ** 2);
    const best = bestPlane(curve);
    expect(best.plane).toBe(3);
    expect(best.position).toBeCloseTo(3.3, 12);
  });

  it("at an end says so, and does not look outside", () => {
    expect(bestPlane([3, 2, 1])).toMatchObject({ plane: 0, position: 0, atEnd: true });
    expect(bestPlane([1, 2, 3])).toMatchObject({ plane: 2, position: 2, atEnd: true });
    expect(bestPlane([5])).toMatchObject({ plane: 0, atEnd: true, contrast: 1 });
    expect(bestPlane([0, 0, 0]).contrast).toBe(1);
  });

  it("refuses no planes and NaN", () => {
    expect(() => bestPlane([])).toThrow(/at least one/);
    expect(() => bestPlane([1, Number.NaN])).toThrow(/finite/);
  });
});

describe.skipIf(!haveRealData)("the default measure on real stacks", () => {
  it.each([
    ["widefield nucleus, second moment 19.3", () => nucleus(1), 19.3, 0.5],
    ["confocal nucleus, 2 to 3 planes above the widefield one", () => nucleus(0), 21.5, 1],
    ["mitochondria, label 19 (0.05 um a plane)", mitochondria, 19, 1.5],
    [
      "a bead through an air objective",
      () => readStack("pyotf_bead_air/psf_wl520nm_z300nm_x130nm_na0.85_n1.0.tif"),
      12,
      0.5,
    ],
  ] as const)("%s", async (_, read, focus, tolerance) => {
    const best = bestPlane(focusCurve(await read()));
    expect(Math.abs(best.position - focus)).toBeLessThan(tolerance);
    expect(best.atEnd).toBe(false);
  });

  it.each(ofContrast)("%s takes plane 19 or 20 of the widefield nucleus", async (measure) => {
    expect([19, 20]).toContain(bestPlane(focusCurve(await nucleus(1), measure)).plane);
  });

  it("in an in-line hologram contrast is not highest in focus: the shape of the spectrum tells (z = +10, plane 5)", async () => {
    const planes = await readStack("dhm_cell/on_axis.tif");
    for (const measure of ["wavelet_ratio", "spectral_slope"] as const)
      expect(Math.abs(bestPlane(focusCurve(planes, measure)).position - 5)).toBeLessThan(0.2);
    expect(Math.abs(bestPlane(focusCurve(planes)).position - 5)).toBeGreaterThan(1);
  });
});
