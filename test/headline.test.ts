/** One sentence on a candidate, and verdicts that cannot contradict it. */
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import type { Candidate } from "../src/study/candidate.ts";
import type { DistanceBin, DistanceTable } from "../src/study/distance-table.ts";
import type { Headline } from "../src/study/headline.ts";
import type { Verdict } from "../src/study/verdict.ts";
import { judge } from "../src/study/verdicts.ts";
import { bin } from "./helpers/distance-bins.ts";

const distances = [-4, -3, -2, -1, 0, 1, 2, 3, 4];

/** A table of distances in range; the plane at distance 0 is given. */
function tableOf(of: (distance: number) => Partial<DistanceBin>, more: Partial<DistanceTable> = {}): DistanceTable {
  return {
    task: "refocus",
    against: "sharpest plane",
    backgroundRemoved: 0.02,
    bins: distances.map((distance) => bin({ distance, given: distance === 0, ...of(distance) })),
    ...more,
  };
}

interface Judged {
  headline: Headline;
  verdict: (id: Verdict["id"]) => Verdict | undefined;
  verdicts: Verdict[];
}

function judged(table: DistanceTable, more: Partial<Parameters<typeof judge>[1]> = {}): Judged {
  const candidate = { kind: "model", task: table.task, range: [-4, 4] } as Pick<Candidate, "kind" | "task" | "range">;
  const none = { direction: undefined, scales: [], hallucinations: undefined, given: [] };
  const { headline, verdicts } = judge(candidate, { table, ...none, ...more });
  return { headline, verdicts, verdict: (id) => verdicts.find((one) => one.id === id) };
}

/** No change at all: below the baseline by what light smoothing gains. */
const identity = {
  relativeChange: 0,
  psnrGain: -0.4,
  ssimGain: -0.02,
  detailDifference: -0.01,
  widthRecovered: 0,
  shareWorse: 1,
};
const worse = { psnrGain: -0.5, ssimGain: -0.05, detailDifference: -0.1, widthRecovered: 0.1, shareWorse: 1 };

describe("the headline", () => {
  it("of what is better and sharper everywhere: use it, over its whole range", () => {
    const { headline, verdicts } = judged(tableOf(() => ({})));
    expect(headline).toMatchObject({ use: true, for: "refocusing", distances_um: [[-4, 4]], sharper_um: [[-4, 4]] });
    expect(headline.sentence).toBe(
      "Use it for refocusing, from -4 to +4 um. There its outputs differ from the best recorded baseline by +3.0 dB in PSNR and +0.10 in detail. Blurred structures lose 70 % of their excess width.",
    );
    for (const { good } of verdicts) expect(good).not.toBe(false);
  });

  it("of the input given back: do not use it", () => {
    const { headline, verdict } = judged(tableOf(() => identity));
    expect(headline).toMatchObject({ use: false, for: "nothing", distances_um: [] });
    expect(headline.sentence).toBe("Do not use it: it returns its input unchanged.");
    expect(verdict("effect")).toMatchObject({
      good: false,
      answer: expect.stringMatching(/^It returns its input unchanged/),
    });
  });

  it("of a Gaussian blur that gains PSNR: it smooths, and is no good for anything", () => {
    const blur = { psnrGain: 0.4, ssimGain: 0.01, detailDifference: -0.08, widthRecovered: -0.5, shareWorse: 1 };
    const { headline, verdict } = judged(tableOf(() => blur));
    expect(headline.use).toBe(false);
    expect(headline.sentence).toMatch(
      /gain PSNR .* they make structures wider, so it only smooths, and structures become wider\.$/,
    );
    expect(verdict("harm")?.good).toBe(false);
    expect(verdict("effect")?.good).toBe(false);
  });

  it("of an unsharp mask: narrower structures without detail are no refocusing", () => {
    const mask = { psnrGain: -1, ssimGain: -0.02, detailDifference: -0.01, widthRecovered: 0.5, shareWorse: 1 };
    const { headline, verdict } = judged(tableOf(() => mask));
    expect(headline.use).toBe(false);
    expect(headline.sentence).toMatch(
      /never have a higher PSNR than the best recorded baseline \(best difference: -1\.0 dB/,
    );
    expect(verdict("effect")).toMatchObject({ good: false, value: 0.5 });
    expect(verdict("effect")?.answer).toMatch(/detail changes by -0\.01/);
  });

  it("of what gains PSNR and keeps detail: only denoising", () => {
    const soft = { psnrGain: 1.2, detailDifference: 0.01, widthRecovered: 0.02, brightnessRecovered: 0.1 };
    const { headline, verdict } = judged(tableOf(() => soft));
    expect(headline).toMatchObject({ use: "only", for: "denoising", distances_um: [[-4, 4]], sharper_um: [] });
    expect(headline.sentence).toMatch(
      /^Use it only for denoising, .* \+0\.01 in detail and .* Structures do not become sharper\./,
    );
    expect(verdict("effect")?.good).toBe(false);
    expect(verdict("harm")?.good).toBe(true);
  });

  it("of what raises detail by taking noise away, without its contrast: only denoising", () => {
    const { headline } = judged(tableOf(() => ({ contrastDifference: 0, widthRecovered: undefined })));
    expect(headline).toMatchObject({ use: "only", for: "denoising", sharper_um: [] });
  });

  it("of what is sharper at few of the distances where PSNR rises: use it there, and say where only PSNR rises", () => {
    const soft = { psnrGain: 0.4, detailDifference: 0, contrastDifference: 0, widthRecovered: 0.05 };
    const { headline, verdict } = judged(tableOf((distance) => (distance > 2 ? {} : soft)));
    expect(headline).toMatchObject({ use: "only", for: "refocusing", distances_um: [[3, 4]], sharper_um: [[3, 4]] });
    expect(headline.sentence).toMatch(
      /^Use it only for refocusing, from \+3 to \+4 um\. .* \+3\.0 dB .* PSNR rises from -4 to \+4 um, but/,
    );
    expect(verdict("effect")).toMatchObject({ good: false, value: 0.7 });
  });

  it("of a true improvement on one side of focus: use it there", () => {
    const { headline, verdict } = judged(tableOf((distance) => (distance < 0 ? {} : worse)));
    expect(headline).toMatchObject({ use: "only", for: "refocusing", distances_um: [[-4, -1]] });
    expect(headline.sentence).toMatch(
      /^Use it only for refocusing, from -4 to -1 um\. .* At all other distances the recorded planes/,
    );
    expect(verdict("range")).toMatchObject({ good: false, value: 0.5 });
    // Of use where it is used: the width is that of the good side.
    expect(verdict("effect")).toMatchObject({ good: true, value: 0.7 });
  });

  it("of an improvement beyond some distance only, or with one bad plane near focus: intervals, not nothing", () => {
    const far = judged(tableOf((distance) => (Math.abs(distance) > 2 ? {} : worse))).headline;
    expect(far.distances_um).toEqual([
      [-4, -3],
      [3, 4],
    ]);
    expect(far.sentence).toMatch(/^Use it only for refocusing, from -4 to -3 um and from \+3 to \+4 um\. /);
    const near = judged(tableOf((distance) => (distance === 1 ? worse : {})));
    expect(near.headline.distances_um).toEqual([
      [-4, -1],
      [2, 4],
    ]);
    expect(near.verdict("range")?.value).toBeCloseTo(7 / 8, 9);
  });

  it("of sections: the out-of-focus light falls; without a ground truth it cannot be told whether rightly", () => {
    const known = { task: "section", against: "truth", backgroundRemoved: 0.5 } as const;
    const none = { widthRecovered: undefined, brightnessRecovered: undefined, given: false };
    const good = judged(tableOf(() => none, known)).headline;
    expect(good).toMatchObject({ use: true, for: "sectioning", distances_um: [[-4, 4]] });
    expect(good.sentence).toMatch(/removes 50 % of the out-of-focus light/);
    const unknown = judged(tableOf(() => none, { ...known, against: "sharpest plane" })).headline;
    expect(unknown).toMatchObject({ use: null, for: "sectioning", distances_um: [] });
    const wrong = judged(tableOf(() => ({ ...none, ...worse }), known)).headline;
    expect(wrong).toMatchObject({ use: false, for: "nothing" });
    const flat = judged(tableOf(() => none, { ...known, against: "sharpest plane", backgroundRemoved: 0.05 })).headline;
    expect(flat.sentence).toBe(
      "Do not use it: it removes only 5 % of the out-of-focus light, so its outputs are no optical sections.",
    );
  });

  it("never recommends what hallucinates, and says so", () => {
    const hallucinations = {
      share: 0.1,
      spots: 9,
      outputs: 6,
      planted: undefined,
      against: "the recorded sharpest plane",
    };
    const picture = { referenceName: "Recorded", worst: undefined as never };
    const { headline } = judged(
      tableOf(() => ({})),
      { hallucinations: { ...hallucinations, ...picture } },
    );
    expect(headline).toMatchObject({ use: false, distances_um: [] });
    expect(headline.sentence).toBe("Do not use it: 10 % of the bright structures in its outputs were hallucinated.");
  });

  it("restricts where another verdict is against it: direction, own scale, given planes", () => {
    const votes = { right: 70, wrong: 30, unmoved: 0 };
    const direction = { below: votes, above: { ...votes, wrong: 0 }, maps: [] };
    const given = [{ distance: 0, psnr: 30, maxDeviation: 100, deviationInNoise: 3 }];
    const found = judged(
      tableOf(() => ({})),
      { direction, given },
    );
    expect(found.headline).toMatchObject({ use: "only", distances_um: [[-4, 4]] });
    expect(found.headline.sentence).toMatch(
      /Some regions are refocused in the wrong direction\. Do not replace its input planes/,
    );
    // Most of them the wrong way: of no use on that side, whatever the scores.
    const wrong = { ...direction, below: { right: 10, wrong: 90, unmoved: 0 } };
    expect(
      judged(
        tableOf(() => ({})),
        { direction: wrong },
      ).headline.distances_um,
    ).toEqual([[-4, -1]]);
  });

  it("cannot tell where nothing lies in range", () => {
    const { headline, verdict } = judged(tableOf(() => ({ inRange: false })));
    expect(headline).toMatchObject({ use: null, for: null, distances_um: [] });
    expect([verdict("harm")?.good, verdict("range")?.good, verdict("effect")?.good]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("headline and verdicts of 3000 random tables", () => {
  const random = new Random(11);
  const around = (middle: number, spread: number): number => middle + spread * random.normal();
  const maybe = (value: number): number | undefined => (random.uniform() < 0.25 ? undefined : value);
  const randomTable = (): DistanceTable => {
    const task = random.uniform() < 0.7 ? "refocus" : "section";
    const [gain, detail, width] = [around(0.5, 1.5), around(0.02, 0.05), around(0.2, 0.5)];
    const bins = distances.map((distance) => {
      const own = {
        contrastDifference: around(detail, 0.08),
        psnrGain: around(gain, 0.8),
        ssimGain: around(gain / 40, 0.02),
        detailDifference: around(detail, 0.03),
      };
      const isWorse = own.psnrGain < -0.05 || own.ssimGain < -0.02 || own.detailDifference < -0.02;
      return bin({
        ...own,
        distance,
        shareWorse: isWorse ? 1 : 0,
        given: task === "refocus" && (distance === 0 || (distance === 2 && random.uniform() < 0.5)),
        inRange: random.uniform() < 0.95,
        widthRecovered: maybe(around(width, 0.3)),
        brightnessRecovered: maybe(around(0.3, 0.4)),
        relativeChange: Math.abs(around(0.4, 0.4)),
      });
    });
    const against = task === "section" && random.uniform() < 0.7 ? "truth" : "sharpest plane";
    return { task, against, bins, backgroundRemoved: maybe(around(0.1, 0.2)) };
  };
  const randomEvidence = (task: DistanceTable["task"]) => {
    const votes = () => ({ right: random.integer(60), wrong: random.integer(20), unmoved: random.integer(100) });
    const scale = (factor: number, withPixelSize: boolean) => ({
      factor,
      withPixelSize,
      gain: around(1, 1.5),
      gainOverInput: 0,
      hallucinated: 0,
    });
    const shown = { input: undefined as never, output: undefined as never, target: undefined };
    return {
      direction:
        task === "refocus" && random.uniform() < 0.8 ? { below: votes(), above: votes(), maps: [] } : undefined,
      scales: [scale(1, false), scale(0.5, false), scale(0.5, true)].map((one) => ({ ...one, ...shown })),
      given: [{ distance: 0, psnr: 40, maxDeviation: 3, deviationInNoise: maybe(Math.abs(around(1, 0.6))) }],
    };
  };
  const cases = Array.from({ length: 3000 }, () => {
    const table = randomTable();
    return { table, ...judged(table, randomEvidence(table.task)) };
  });

  it("has all kinds of headlines among them", () => {
    for (const use of [true, "only", false, null])
      expect(cases.some(({ headline }) => headline.use === use)).toBe(true);
    for (const purpose of ["refocusing", "denoising", "sectioning", "nothing"]) {
      expect(cases.some(({ headline }) => headline.for === purpose)).toBe(true);
    }
  });

  it("recommends without restriction exactly where no verdict is against it, and always says where", () => {
    for (const { headline, verdicts } of cases) {
      if (headline.use === true)
        for (const { id, good } of verdicts) expect({ id, bad: good === false }).toEqual({ id, bad: false });
      if (headline.use === "only") expect(verdicts.some(({ good }) => good === false)).toBe(true);
      if (headline.use === false) expect(verdicts.some(({ good }) => good === false)).toBe(true);
      expect(headline.distances_um.length > 0).toBe(headline.use === true || headline.use === "only");
      const start = {
        true: "Use it for",
        only: "Use it only for",
        false: "Do not use it",
        null: "These data cannot tell",
      };
      expect(headline.sentence.startsWith(start[`${headline.use}`])).toBe(true);
    }
  });

  it("never calls a range useless that its table shows gains in, nor the other way round", () => {
    for (const { table, headline, verdict } of cases) {
      if (table.task !== "refocus" || verdict("range")?.good === undefined) continue;
      expect((verdict("range")?.value ?? 0) > 0).toBe(headline.distances_um.length > 0);
      for (const one of table.bins.filter(({ inRange, given }) => inRange && !given)) {
        const { distance, psnrGain, detailDifference } = one;
        const inside = headline.distances_um.some(([low, high]) => distance >= low && distance <= high);
        if (inside) expect(psnrGain > 0 && detailDifference >= -0.02 && one.shareWorse === 0).toBe(true);
      }
    }
  });

  it("never finds no harm, or recommends, where structures are said to become wider; nor refocusing without detail", () => {
    for (const { table, headline, verdict } of cases) {
      const effect = verdict("effect");
      if (/become wider/.test(effect?.answer ?? "")) {
        expect([verdict("harm")?.good, effect?.good, headline.use, headline.for].includes("refocusing")).toBe(false);
        expect(verdict("harm")?.good === true && table.task === "refocus").toBe(false);
        expect(effect?.good === true && table.task === "refocus").toBe(false);
        if (table.task === "refocus") expect(headline.use).not.toBe(true);
      }
      if (headline.for === "refocusing") {
        expect(headline.sharper_um.length).toBeGreaterThan(0);
        // A later sentence may say this of other distances.
        expect(headline.sentence).not.toMatch(/\. Structures do not become sharper|It does not refocus|become wider/);
      }
      if (headline.for === "denoising") expect(effect?.good).not.toBe(true);
      if (effect?.good === true && table.task === "refocus") expect(headline.for).toBe("refocusing");
      if (effect?.good === true && table.task === "section") expect(["sectioning", "nothing"]).toContain(headline.for);
    }
  });
});
