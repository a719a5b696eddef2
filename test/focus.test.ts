import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { bestPlane, FOCUS_MEASURES, focusCurve, focusOf } from "../src/classical/focus/focus.ts";
import type { Stack } from "../src/image/image.ts";
import { haveRealData, mitochondria, nucleus, readStack } from "./fixtures/evaluate/real-data.ts";

const golden = JSON.parse(readFileSync(new URL("fixtures/evaluate/focus.json", import.meta.url), "utf8"));

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

describe("focus measures", () => {
  it.each(FOCUS_MEASURES)("%s equals numpy's and scipy's", (measure) => {
    for (const plane of golden.planes) {
      const { height, width } = plane;
      const found = focusOf({ data: Float32Array.from(plane.data), height, width }, measure);
      expect(Math.abs(found - plane[measure])).toBeLessThan(1e-9 * Math.max(1, Math.abs(plane[measure])));
    }
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

  it("refuse a plane without an inside", () => {
    expect(() => focusOf({ data: new Float32Array(8), height: 2, width: 4 })).toThrow(/2 x 4.*3 x 3/);
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
      "a bead through an air lens",
      () => readStack("pyotf_bead_air/psf_wl520nm_z300nm_x130nm_na0.85_n1.0.tif"),
      12,
      0.5,
    ],
  ] as const)("%s", async (_, read, focus, tolerance) => {
    const best = bestPlane(focusCurve(await read()));
    expect(Math.abs(best.position - focus)).toBeLessThan(tolerance);
    expect(best.atEnd).toBe(false);
  });

  it.each(FOCUS_MEASURES)("%s takes plane 19 or 20 of the widefield nucleus", async (measure) => {
    expect([19, 20]).toContain(bestPlane(focusCurve(await nucleus(1), measure)).plane);
  });
});
