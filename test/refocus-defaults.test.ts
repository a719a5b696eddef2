import { describe, expect, it } from "vitest";
import type { NamedStack } from "../src/image/named-stack.ts";
import { heldRange } from "../src/train/data/held-range.ts";
import { axialUnit, refocusGeometry, refocusKeys } from "../src/train/refocus-defaults.ts";
import { textsOf } from "./helpers/texts.ts";

const dry = { na: 0.8, wavelength: 0.515, refractiveIndex: 1 };
const oil = { na: 1.45, wavelength: 0.46, refractiveIndex: 1.515 };

describe("the axial unit", () => {
  it("is the depth of field lambda n / NA^2 for small NA, and shorter for large", () => {
    expect(axialUnit({ na: 0.1, wavelength: 0.5, refractiveIndex: 1 })).toBeCloseTo(50, 0);
    expect(axialUnit(dry)).toBeCloseTo(0.515 / 0.8, 6);
    expect(axialUnit(oil)).toBeCloseTo(0.2138, 3);
    expect(axialUnit({ na: 0.8 })).toBeUndefined();
  });
});

describe("planes and distances that are not given", () => {
  it("follow from the optics: two planes 2 um apart at NA 0.8, 0.6 um at NA 1.45", () => {
    expect(refocusGeometry([{ depth: 41, zStep: 1, optics: dry }])).toEqual({ spacing: 2, reach: 5 });
    expect(refocusGeometry([{ depth: 40, zStep: 0.2, optics: oil }])).toEqual({ spacing: 0.6, reach: 1.6 });
  });

  it("are planes that the stack has, and go no farther than it can teach", () => {
    const { spacing, reach } = refocusGeometry([{ depth: 9, zStep: 0.4, optics: dry }]) ?? { reach: 0 };
    expect(spacing).toBeCloseTo(0.8, 6);
    expect(2 * reach + 0.8).toBeLessThanOrEqual(0.7 * 8 * 0.4);
  });

  it("follow from the depth of the stack where the optics are not known", () => {
    expect(refocusGeometry([{ depth: 45, zStep: 0.5 }])).toEqual({ spacing: 2, reach: 5.5 });
    expect(refocusGeometry([{ depth: 45 }])).toBeUndefined();
  });

  it("leave what is given as it is", () => {
    const stacks = [{ depth: 41, zStep: 1, optics: dry }];
    expect(refocusKeys("deep-z", {}, stacks)).toEqual({ input_offsets: [0, 2], distance_range: [-5, 7] });
    expect(refocusKeys("deep-z", { input_offsets: [0] }, stacks)).toEqual({ distance_range: [-5, 5] });
    expect(refocusKeys("deep-z", { distance_range: [-1, 1] }, stacks)).toEqual({ input_offsets: [0, 2] });
    expect(refocusKeys("unet", {}, stacks)).toEqual({});
  });
});

describe("the range that a model promises", () => {
  const stack = (depth: number, zStep: number): NamedStack => ({
    name: "s",
    stack: { data: new Float32Array(depth), depth, height: 1, width: 1, zStep, dtype: "uint16" },
  });

  it("is what the stack holds: one 3 um deep does not promise -4 to 4 um", () => {
    const asked = { distance_range: [-4, 4] as const, input_offsets: [0, 0.6] };
    const { range, warnings } = heldRange([stack(16, 0.2)], asked);
    expect(range).toEqual([-2, 2.6]);
    expect(textsOf(warnings)).toEqual([expect.stringMatching(/for distances of -2 to 2\.6 um only/)]);
  });

  it("is what was asked for where the stack holds it", () => {
    const asked = { distance_range: [-4, 4] as const, input_offsets: [0, 2] };
    expect(heldRange([stack(41, 1)], asked)).toEqual({ range: [-4, 4], warnings: [] });
  });
});
