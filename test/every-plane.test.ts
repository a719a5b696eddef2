/** Sections scored plane by plane: gain and offset are fitted once for all planes, so that out-of-focus light counts. */
import { describe, expect, it } from "vitest";
import { planeOf, type Stack } from "../src/image/image.ts";
import type { Candidate } from "../src/study/candidate.ts";
import { everyPlane } from "../src/study/every-plane.ts";
import { lineProfiles } from "../src/study/line-profiles.ts";
import { sharpnessWithoutTruth } from "../src/study/without-truth.ts";

const [depth, height, width] = [5, 48, 48];
/** A bright square in the middle plane of the truth, and in all planes of the stack. */
const make = (bright: (z: number) => number): Stack & { zStep: number } => {
  const data = new Float32Array(depth * height * width);
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const inside = Math.max(Math.abs(y - 24), Math.abs(x - 24)) < 8;
        data[(z * height + y) * width + x] = 10 + (inside ? bright(z) : (x * y) % 3);
      }
  return { data, depth, height, width, zStep: 1, dtype: "float32" };
};
const truth = make((z) => (z === 2 ? 200 : 2));
const stack = make(() => 200);
const studied = { stack, truth, sharpest: 2, dataRange: 200 };

const section = (of: Stack, gain: number, offset: number): Candidate => ({
  name: "section",
  kind: "constructed",
  task: "section",
  offsets: [0],
  make: async (_stack, _whole, requests) =>
    requests.map(({ plane }) => {
      const seen = planeOf(of, plane);
      return { ...seen, data: seen.data.map((value) => gain * value + offset) };
    }),
});

describe("sections, plane by plane", () => {
  it("ignores gain and offset of a model, but not out-of-focus light", async () => {
    const { outcomes, against } = await everyPlane(section(truth, 3, -7), studied, stack);
    expect(against).toBe("truth");
    for (const { plane, scores } of outcomes) {
      expect(scores.output.psnr).toBeGreaterThan(60);
      // The square is out-of-focus light in all planes but one; a fit of each plane alone would remove it.
      if (plane !== 2) expect(scores.input.psnr).toBeLessThan(25);
    }
  });

  it("scores untouched planes once for each truth, not for whatever truth came first", async () => {
    const other = make((z) => (z === 0 ? 200 : 2));
    const inputsAgainst = async (one: Stack): Promise<number[]> =>
      (await everyPlane(section(one, 1, 0), { ...studied, truth: one }, stack)).outcomes.map(
        ({ scores }) => scores.input.psnr,
      );
    const [first, second, again] = [await inputsAgainst(truth), await inputsAgainst(other), await inputsAgainst(truth)];
    // One gain for the whole stack, nearer to the many dark planes: the bright one is farthest off.
    expect(first[2]).toBeLessThan(first[0] - 3);
    expect(second[0]).toBeLessThan(second[2] - 3);
    expect(again).toEqual(first);
  });

  it("gives what hands its input back the scores of the input", async () => {
    const { outcomes } = await everyPlane(section(stack, 0.5, 3), studied, stack);
    for (const { scores } of outcomes) expect(scores.output.psnr).toBeCloseTo(scores.input.psnr, 3);
  });

  it("brings sections to the counts of the stack for profiles and sharpness, whatever counts a model has", async () => {
    const structure = { top: 8, left: 8, height: 16, width: 16 };
    const region = { top: 0, left: 0, height: stack.height, width: stack.width };
    const [own, others] = await Promise.all(
      [section(stack, 1, 0), section(stack, 0.1, 90)].map((one) => everyPlane(one, studied, stack)),
    );
    for (const [i, { output, input }] of lineProfiles(stack, studied.sharpest, structure, others).profiles.entries()) {
      for (const [x, value] of output.entries()) expect(value).toBeCloseTo(input[x], 2);
      expect(i).toBe(others.outcomes[i].plane);
    }
    const sharpness = (of: typeof own) =>
      sharpnessWithoutTruth({ ...studied, stack, region }, of).planes[2].output.focus;
    expect(sharpness(own)).toBeCloseTo(1, 6);
    expect(sharpness(others)).toBeCloseTo(1, 3);
  });

  it("without a truth, leaves the sharpest plane as it is and the others by the same measure", async () => {
    const { outcomes, against } = await everyPlane(section(truth, 3, -7), { ...studied, truth: undefined }, stack);
    expect(against).toBe("sharpest plane");
    expect(outcomes[2].scores.output.psnr).toBeGreaterThan(60);
    expect(outcomes[0].scores.output.psnr).toBeLessThan(25);
    expect(outcomes[0].scores.input.psnr).toBe(Number.POSITIVE_INFINITY);
  });
});
