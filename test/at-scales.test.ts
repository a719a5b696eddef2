/** The same image at other scales: what a study says of candidates that know one scale only. */
import { beforeAll, describe, expect, it } from "vitest";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { atScales, type ScaleResult } from "../src/study/at-scales.ts";
import type { Candidate } from "../src/study/candidate.ts";
import { openSubject, type Subject } from "../src/study/subject.ts";
import { judge } from "../src/study/verdicts.ts";
import { dots, oracle } from "./helpers/constructed-candidates.ts";
import { bin } from "./helpers/distance-bins.ts";

let subject: Subject;
beforeAll(async () => {
  const beads = {
    ...shippedRecipe("beads"),
    size: 160,
    planes: 9,
    specimen: {
      kind: "beads" as const,
      beads: 90,
      bead_kinds: ["solid" as const],
      diameter: [0.8, 1.6] as [number, number],
      depth_range: [-0.3, 0.3] as [number, number],
    },
  };
  subject = openSubject("beads", (await createSimulator(beads).field(5)).images.stack.stack);
});

/** Draws dots into images whose pixels it is not told to be its own; knows its scale by the size of the field. */
const oneScale: Candidate = {
  ...oracle,
  name: "one scale",
  make: (stack, whole, wanted, signal) => {
    const pixel = subject.stack.pixelSize?.x ?? 0;
    const field = stack.width * (stack.pixelSize?.x ?? 0);
    const told = Math.abs(field / (subject.region.width * pixel) - 1) < 0.02;
    return (told ? oracle : dots).make(stack, whole, wanted, signal);
  },
};

/** Of a candidate that is of use at the one distance that was judged. */
const scaleVerdict = (candidate: Candidate, scales: ScaleResult[]) =>
  judge(candidate, {
    table: { task: "refocus", against: "sharpest plane", backgroundRemoved: undefined, bins: [bin({ distance: 2 })] },
    direction: undefined,
    scales,
    hallucinations: undefined,
    given: [],
  }).verdicts.find(({ id }) => id === "scale");

describe("an image at other scales", () => {
  it("shows who draws dots where it is not told the scale, and counts none where it is", async () => {
    const scales = await atScales(oneScale, subject, subject.stack);
    for (const { factor, told, hallucinated = Number.NaN } of scales) {
      const wrong = factor !== 1 && !told;
      expect({ factor, told, hallucinates: hallucinated > 0.02 }).toEqual({ factor, told, hallucinates: wrong });
    }
    expect(scaleVerdict(oneScale, scales)?.answer).toMatch(
      /Without the pixel size, at .* x \d+ % of the bright structures/,
    );
  }, 60_000);

  it("finds nothing against the recorded planes at any scale", async () => {
    const scales = await atScales(oracle, subject, subject.stack);
    expect(scales.map(({ factor }) => factor)).toContain(2);
    for (const { hallucinated } of scales) expect(hallucinated).toBeLessThan(0.02);
    expect(scaleVerdict(oracle, scales)?.answer).not.toMatch(/hallucinated/);
  }, 60_000);
});
