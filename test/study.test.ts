/** Cases made up to be caught: each must get the verdict that is known of it. */
import { beforeAll, describe, expect, it } from "vitest";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { classicalCandidates } from "../src/study/classical-candidate.ts";
import { distanceTable } from "../src/study/distance-table.ts";
import { effectOf } from "../src/study/effect.ts";
import { everyPlane } from "../src/study/every-plane.ts";
import { studyFigures } from "../src/study/figures.ts";
import { meanOutcome } from "../src/study/mean-outcome.ts";
import { openStudiedStack, type StudiedStack } from "../src/study/studied-stack.ts";
import { type CandidateStudy, study } from "../src/study/study.ts";
import { studyPage } from "../src/study/study-report.ts";
import type { Verdict } from "../src/study/verdict.ts";
import { judge } from "../src/study/verdicts.ts";
import { constructed } from "./helpers/constructed-candidates.ts";

const found = new Map<string, CandidateStudy>();
let studied: StudiedStack;

beforeAll(async () => {
  const beads = {
    ...shippedRecipe("beads"),
    size: 160,
    planes: 13,
    specimen: {
      kind: "beads" as const,
      beads: 90,
      bead_kinds: ["solid" as const],
      diameter: [0.4, 1.2] as [number, number],
      depth_range: [-0.3, 0.3] as [number, number],
    },
  };
  const { images } = await createSimulator(beads).field(5);
  const { stack } = images.stack;
  studied = openStudiedStack("beads", stack);
  const classical = classicalCandidates(stack);
  for (const one of await study(studied, [...Object.values(constructed), ...classical]))
    found.set(one.candidate.name, one);
}, 300_000);

function verdict(name: string, id: Verdict["id"]): Verdict {
  const one = found.get(name)?.verdicts.find((candidate) => candidate.id === id);
  if (!one) throw new Error(`no verdict ${id} on ${name}`);
  return one;
}

describe("a study", () => {
  it("finds the plane in focus and an object", () => {
    expect(studied.sharpest).toBe(6);
    expect(studied.structure).toMatchObject({ height: 64, width: 64 });
  });

  it("lets the recorded planes pass in everything", () => {
    for (const id of ["effect", "direction", "hallucinations", "range", "harm"] as const) {
      expect({ id, good: verdict("oracle", id).good }).toEqual({ id, good: true });
    }
    expect(verdict("oracle", "direction").value).toBe(1);
    expect(verdict("oracle", "effect").value).toBeCloseTo(1, 1);
  });

  it("says in one sentence whether to use it, for what, and where", () => {
    const head = (name: string) => found.get(name)?.headline;
    expect(head("oracle")).toMatchObject({ use: true, for: "refocusing", distances_um: [[-5, 5]] });
    expect(head("oracle")?.sentence).toMatch(/^Use it for refocusing, from -5 to \+5 um\. /);
    expect(head("identity")).toMatchObject({ use: false, for: "nothing", distances_um: [] });
    expect(head("identity")?.sentence).toMatch(/returns its input unchanged/);
    expect(head("flipped")).toMatchObject({ use: false, distances_um: [] });
    expect(head("Gaussian blur")).toMatchObject({ use: false });
    expect(head("Gaussian blur")?.sentence).toMatch(/become wider/);
    // Next to focus it gains PSNR, as a weak deconvolution would, and no detail; farther away nothing.
    expect(head("unsharp mask")).toMatchObject({ use: "only", for: "denoising", sharper_um: [] });
    for (const [low, high] of head("unsharp mask")?.distances_um ?? []) expect(Math.max(-low, high)).toBeLessThan(3);
    expect(head("dots")?.sentence).toMatch(
      /^Do not use it: \d+ % of the bright structures in its outputs were hallucinated/,
    );
  });

  it("judges against the best of the planes that were given: smoothing is no gain", () => {
    const blurred = found.get("Gaussian blur")?.every.outcomes ?? [];
    for (const { scores, baseline, given } of blurred) {
      expect(baseline.psnr.value).toBeGreaterThanOrEqual(scores.input.psnr - 1e-9);
      if (!given) expect(baseline.psnr.value).toBeGreaterThan(scores.output.psnr - 0.2);
    }
  });

  it("judges the planes that were given, too: within their noise or not", () => {
    expect(verdict("oracle", "given")).toMatchObject({ good: true, value: 0 });
    expect(verdict("oracle", "given").answer).toMatch(/identical/);
    // Beads of two pixels lose more by a blur of two pixels than noise has.
    expect(verdict("Gaussian blur", "given").good).toBe(false);
  });

  it("catches what gives its input back: no refocusing, no move, no range", () => {
    expect(verdict("identity", "effect")).toMatchObject({ good: false });
    expect(verdict("identity", "effect").value).toBeCloseTo(0, 6);
    expect(verdict("identity", "direction")).toMatchObject({ good: false, value: 0 });
    expect(verdict("identity", "range")).toMatchObject({ good: false, value: 0 });
    expect(verdict("identity", "hallucinations").good).toBe(true);
  });

  it("catches a model with the direction flipped", () => {
    expect(verdict("flipped", "direction")).toMatchObject({ good: false, value: 0 });
    expect(verdict("flipped", "harm").good).toBe(false);
  });

  it("catches a Gaussian blur: wider, the wrong way, harmful", () => {
    expect(verdict("Gaussian blur", "effect").good).toBe(false);
    expect(verdict("Gaussian blur", "effect").value).toBeLessThan(0);
    expect(verdict("Gaussian blur", "harm").good).toBe(false);
  });

  it("catches an unsharp mask: it sharpens edges and does not refocus", () => {
    expect(verdict("unsharp mask", "effect").good).toBe(false);
    expect(verdict("unsharp mask", "hallucinations").good).not.toBe(false);
  });

  it("catches dots that were hallucinated, and nothing else of theirs", () => {
    expect(verdict("dots", "hallucinations").good).toBe(false);
    expect(verdict("dots", "hallucinations").value).toBeGreaterThan(2 * verdict("dots", "hallucinations").threshold);
    expect(verdict("dots", "direction").good).toBe(true);
  });

  it("knows a deconvolution for what it is: it sections, hallucinates nothing", () => {
    expect(verdict("Richardson-Lucy 3-D", "effect").good).toBe(true);
    expect(verdict("Richardson-Lucy 3-D", "effect").answer).toMatch(/sections/);
  });

  it("tells gathering light, which is refocusing, from cutting off a halo", async () => {
    const { stack, sharpest } = studied;
    const cutting = {
      ...constructed.oracle,
      // In focus all of the light, out of focus a twentieth of it, and both as sharp.
      make: async (...[part, whole, requests]: Parameters<typeof constructed.oracle.make>) =>
        (await constructed.oracle.make(part, whole, requests)).map((plane, i) => ({
          ...plane,
          data: plane.data.map((value) => (requests[i].distance === 0 ? value : value / 20)),
        })),
    };
    const every = await everyPlane(cutting, studied, stack);
    const effect = effectOf(stack, sharpest, every.outcomes);
    expect(effect.widthRecovered).toBeGreaterThan(0.9);
    expect(effect.brightnessRecovered).toBeLessThan(0);
    const table = distanceTable(cutting, every, effect, { zStep: studied.stack.zStep, sharpest });
    const evidence = { table, direction: undefined, scales: [], hallucinations: undefined, given: [] };
    expect(judge(cutting, evidence).verdicts[0]).toMatchObject({
      good: false,
      answer: expect.stringContaining("darker"),
    });
    expect(found.get("oracle")?.effect.brightnessRecovered).toBeCloseTo(1, 1);
  });

  it("blurs outputs again: only what was recorded explains the inputs", () => {
    const ratio = (name: string): number => found.get(name)?.reblur?.output ?? Number.NaN;
    const recorded = found.get("oracle")?.reblur;
    expect(recorded?.output).toBeCloseTo(recorded?.reference ?? 0, 6);
    expect(recorded?.output).toBeLessThan(3);
    for (const wrong of ["identity", "flipped", "dots"]) expect(ratio(wrong)).toBeGreaterThan(1.2 * ratio("oracle"));
    const deconvolved = found.get("Richardson-Lucy 3-D")?.reblur;
    expect(deconvolved?.output).toBeLessThan(0.5 * (deconvolved?.reference ?? 0));
  });

  it("measures sharpness without a truth", () => {
    const mean = (name: string): number => {
      const planes = found.get(name)?.withoutTruth.planes ?? [];
      return planes.reduce((sum, { output }) => sum + output.focus, 0) / planes.length;
    };
    expect(mean("oracle")).toBeCloseTo(1, 6);
    expect(mean("Gaussian blur")).toBeLessThan(mean("identity"));
    expect(mean("identity")).toBeLessThan(mean("unsharp mask"));
  });

  it("does not count planes from which the sharpest one is given", async () => {
    const two = { ...constructed.identity, offsets: [0, 2] };
    const every = await everyPlane(two, studied, studied.stack);
    const given = every.outcomes.filter((one) => one.given).map(({ plane }) => plane);
    expect(given).toEqual([4, 6]);
    const reached = every.outcomes.filter(({ inRange }) => inRange).length;
    expect(meanOutcome({ every })?.planes).toBe(reached - 2);
  });

  it("draws every figure and writes the page", async () => {
    const studies = [...found.values()];
    const figures = await studyFigures(studied, studies);
    const ids = figures.map(({ id }) => id);
    for (const id of [
      "stack",
      "focus",
      "one-image",
      "every-plane",
      "every-plane-structure",
      "psnr-refocus",
      "ssim-refocus",
      "detail-refocus",
    ]) {
      expect(ids).toContain(id);
    }
    expect(new Set(ids).size).toBe(ids.length);
    const page = studyPage({ studied, studies, figures, repeat: "seed: 5", subtitle: "", warnings: [] });
    for (const { candidate } of studies) expect(page).toContain(`<h2>${candidate.name}</h2>`);
    expect(page).toContain("Does it refocus in the right direction?");
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    for (const id of ["width", "direction-flipped", "hallucinations-dots", "scales-identity", "psnr-refocus"]) {
      expect(links).toContain(id);
    }
    // Every figure is on the page, and so every link leads to one.
    for (const id of [...ids, ...links]) expect(page).toContain(`id="${id}"`);
    const words = page.replaceAll(/base64,[^"]*/g, "");
    expect(/.{40}(undefined|NaN|Infinity).{40}/.exec(words)?.[0]).toBeUndefined();
  });
});
