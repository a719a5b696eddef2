/** The same image at other scales: what a study says of candidates that know one scale only. */
import { beforeAll, describe, expect, it } from "vitest";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { atScales, type ScaleResult } from "../src/study/at-scales.ts";
import type { Candidate } from "../src/study/candidate.ts";
import { openStudiedStack, type StudiedStack } from "../src/study/studied-stack.ts";
import { judge } from "../src/study/verdicts.ts";
import { dots, oracle } from "./helpers/constructed-candidates.ts";
import { bin } from "./helpers/distance-bins.ts";

let studied: StudiedStack;
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
  studied = openStudiedStack("beads", (await createSimulator(beads).field(5)).images.stack.stack);
});

/** Draws dots into images whose pixels it is not withPixelSize to be its own; knows its scale by the size of the field. */
const oneScale: Candidate = {
  ...oracle,
  name: "one scale",
  make: (stack, whole, requests, signal) => {
    const pixel = studied.stack.pixelSize?.x ?? 0;
    const field = stack.width * (stack.pixelSize?.x ?? 0);
    const withPixelSize = Math.abs(field / (studied.region.width * pixel) - 1) < 0.02;
    return (withPixelSize ? oracle : dots).make(stack, whole, requests, signal);
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
  it("finds a candidate that draws dots without the pixel size, and counts none with it", async () => {
    const scales = await atScales(oneScale, studied, studied.stack);
    for (const { factor, withPixelSize, hallucinated = Number.NaN } of scales) {
      const wrong = factor !== 1 && !withPixelSize;
      expect({ factor, withPixelSize, hallucinates: hallucinated > 0.02 }).toEqual({
        factor,
        withPixelSize,
        hallucinates: wrong,
      });
    }
    expect(scaleVerdict(oneScale, scales)?.answer).toMatch(
      /At .* x and without the new pixel size, \d+ % of the bright structures/,
    );
  }, 60_000);

  it("finds nothing against the recorded planes at any scale", async () => {
    const scales = await atScales(oracle, studied, studied.stack);
    expect(scales.map(({ factor }) => factor)).toContain(2);
    for (const { hallucinated } of scales) expect(hallucinated).toBeLessThan(0.02);
    expect(scaleVerdict(oracle, scales)?.answer).not.toMatch(/hallucinated/);
  }, 60_000);
});
