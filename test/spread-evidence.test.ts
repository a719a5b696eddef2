/** Spreads whose calibration is known by construction, and models whose disagreement is. */
import { beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { percentile, percentiles } from "../src/array/statistics.ts";
import { type Plane, planeOf, type Stack } from "../src/image/image.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { section } from "../src/models/apply/section.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Candidate, PlaneRequest } from "../src/study/candidate.ts";
import { ensembleSpread } from "../src/study/ensemble-spread.ts";
import { type EveryPlane, everyPlane } from "../src/study/every-plane.ts";
import { modelCandidate } from "../src/study/model-candidate.ts";
import { calibrationOf, type SpreadEvidence, spreadEvidence } from "../src/study/spread-evidence.ts";
import { reliabilityChart, spreadPictures, spreadTable } from "../src/study/spread-figure.ts";
import { cropPlane, openStudiedStack, type StudiedStack } from "../src/study/studied-stack.ts";
import { readerOf } from "./helpers/tiny-model.ts";
import { tinySectionModel } from "./helpers/tiny-section-model.ts";

const [depth, height, width, focus] = [9, 96, 112, 4];
const size = height * width;
const region = { top: 8, left: 16, height: 80, width: 72 };

const laplace = (scale: number, random: Random): number => {
  const u = random.uniform() - 0.5;
  return -scale * Math.sign(u) * Math.log(Math.max(1e-12, 1 - 2 * Math.abs(u)));
};

/** Scale of the doubt in a row of the field, counts. */
const scaleAt = (y: number): number => 20 + (100 * y) / height;

const meanScale =
  Array.from({ length: region.height }, (_, y) => scaleAt(region.top + y)).reduce((a, b) => a + b, 0) / region.height;

/**
 * Blobs, blurred the more the farther from focus. `clean`: what a model can know of the truth, in focus and fading to both ends. `truth`:
 * about it by a Laplace distribution whose scale grows from row to row.
 */
function scene(): { stack: Stack; clean: Stack; truth: Stack } {
  const random = new Random(2);
  const dots = Float32Array.from({ length: size }, () => (random.uniform() < 0.02 ? 1 : 0));
  const data = new Float32Array(depth * size);
  const clean = new Float32Array(depth * size);
  const sharp = gaussianFilter({ data: dots, height, width }, 1.5).data;
  for (let z = 0; z < depth; z++) {
    const off = Math.abs(z - focus);
    const seen = gaussianFilter({ data: dots, height, width }, 1.5 + off).data;
    for (let i = 0; i < size; i++) {
      data[z * size + i] = 200 + 20_000 * seen[i] + 3 * random.normal();
      clean[z * size + i] = 50 + (10_000 * sharp[i]) / (1 + 0.2 * off);
    }
  }
  const truth = clean.map((value, i) => value + laplace(scaleAt(Math.floor((i % size) / width)), random));
  const base = { depth, height, width, zStep: 0.5, dtype: "uint16" } as const;
  return { stack: { ...base, data }, clean: { ...base, data: clean }, truth: { ...base, data: truth } };
}

const { stack, clean, truth } = scene();
/** The brightest tenth of the pixels that a study looks at are above it. */
const [brightFrom] = percentiles(
  Float32Array.from([0, 2, 4, 6, 8].flatMap((z) => [...cropPlane(planeOf(clean, z), region).data])),
  [90],
);
let known: StudiedStack;
let unknown: StudiedStack;
beforeAll(() => {
  known = { ...openStudiedStack("blobs", stack, { truth }), region };
  unknown = { ...openStudiedStack("blobs", stack), region };
});

/**
 * Gives what can be known of the truth, in other counts (gain and offset), and its doubt times `claim`, times `bright` where it is bright; or
 * the same doubt everywhere.
 */
function teller(name: string, { claim = 1, bright = 1, gain = 1, offset = 0, even = false } = {}): Candidate {
  const makeWithSpread = async (seen: Stack, _whole: Stack, requests: readonly PlaneRequest[]) => {
    // Where the region lies in the field.
    const { top, left } = seen.width === width ? { top: 0, left: 0 } : region;
    const drawn = (of: (z: number, y: number, x: number) => number): Plane[] =>
      requests.map(({ plane }) => ({
        height: seen.height,
        width: seen.width,
        data: Float32Array.from({ length: seen.height * seen.width }, (_, i) =>
          of(plane, top + Math.floor(i / seen.width), left + (i % seen.width)),
        ),
      }));
    return {
      planes: drawn((z, y, x) => gain * clean.data[z * size + y * width + x] + offset),
      spread: drawn((z, y, x) => {
        const factor = clean.data[z * size + y * width + x] >= brightFrom ? bright : 1;
        return gain * claim * factor * (even ? 70 : scaleAt(y));
      }),
    };
  };
  return {
    name,
    kind: "model",
    task: "section",
    offsets: [0],
    makeWithSpread,
    make: async (seen, whole, requests) => (await makeWithSpread(seen, whole, requests)).planes,
  };
}

const everyOf = (candidate: Candidate, studied: StudiedStack): Promise<EveryPlane> =>
  everyPlane(candidate, studied, studied.stack);

async function told(candidate: Candidate, studied: StudiedStack): Promise<SpreadEvidence> {
  const found = await spreadEvidence(candidate, studied, await everyOf(candidate, studied), studied.stack);
  if (!found) throw new Error("no spread was found");
  return found;
}
const within = ({ calibration }: SpreadEvidence, share: number): number =>
  calibration?.reliability.find(({ nominal }) => nominal === share)?.found ?? Number.NaN;

describe("a spread that a model tells", () => {
  it("is found right where errors are drawn from it", async () => {
    const found = await told(teller("right"), known);
    for (const { nominal, found: share } of found.calibration?.reliability ?? [])
      expect(Math.abs(share - nominal), `${nominal}`).toBeLessThan(0.02);
    expect(found.calibration?.reliability.map(({ nominal }) => nominal)).toEqual(
      expect.arrayContaining([0.5, 0.8, 0.95]),
    );
    expect(found.calibration?.factor).toBeCloseTo(1, 1);
    expect(found.against).toBe("truth");
  });

  it("is found too small, and by how much", async () => {
    const found = await told(teller("too sure", { claim: 0.5 }), known);
    expect(found.calibration?.factor).toBeCloseTo(2, 1);
    // Of a Laplace distribution of twice the scale 1 - (1 - p)^(1/2) lie within.
    for (const share of [0.5, 0.8, 0.95]) expect(within(found, share)).toBeCloseTo(1 - Math.sqrt(1 - share), 1);
    const timid = await told(teller("timid", { claim: 3 }), known);
    expect(timid.calibration?.factor).toBeCloseTo(1 / 3, 1);
    expect(within(timid, 0.5)).toBeCloseTo(1 - 0.5 ** 3, 1);
    expect(timid.mean / found.mean).toBeCloseTo(6, 4);
  });

  it("is judged where it is bright as well, where few pixels are", async () => {
    const found = await told(teller("too sure of structures", { bright: 0.25 }), known);
    expect(found.bright?.factor).toBeCloseTo(4, 0);
    expect(found.calibration?.factor).toBeLessThan(1.2);
    expect((await told(teller("right"), known)).bright?.factor).toBeCloseTo(1, 1);
  });

  it("of nothing is right where there is no error", () => {
    const found = calibrationOf(new Float32Array([0, 0, 0, 0]), new Float32Array([0, 0, 0, 5]));
    expect(found.reliability.map(({ found: share }) => share)).toEqual(found.reliability.map(() => 0.75));
    expect(found.factor).toBe(0);
  });

  it("is scaled with the section: other counts change nothing", async () => {
    const [plain, other] = [await told(teller("a"), known), await told(teller("b", { gain: 7, offset: -900 }), known)];
    expect(other.mean).toBeCloseTo(plain.mean, 4);
    expect(other.calibration?.factor).toBeCloseTo(plain.calibration?.factor ?? 0, 4);
    expect(within(other, 0.8)).toBeCloseTo(within(plain, 0.8), 3);
  });

  it("is over the data range of the truth", async () => {
    const every = await everyOf(teller("right"), known);
    const { mean } = await told(teller("right"), known);
    expect((mean * every.dataRange) / meanScale).toBeCloseTo(1, 1);
  });

  it("goes with the error as far as chance lets it, and not at all where it is the same everywhere", async () => {
    const { calibration } = await told(teller("right"), known);
    // Even from 28 to 112 counts: sd 24, mean 70.
    const [low, high] = [scaleAt(region.top), scaleAt(region.top + region.height)];
    const [sd, mean] = [(high - low) / Math.sqrt(12), (high + low) / 2];
    expect(calibration?.expected).toBeCloseTo(sd / Math.sqrt(2 * sd ** 2 + mean ** 2), 2);
    expect(calibration?.correlation).toBeCloseTo(calibration?.expected ?? 0, 1);
    const every = await everyOf(teller("flat", { even: true }), known);
    const one = { ...every, outcomes: every.outcomes.slice(4, 5) };
    const flat = await spreadEvidence(teller("flat", { even: true }), known, one, known.stack);
    expect(flat?.calibration).toMatchObject({ expected: 0, correlation: Number.NaN });
  });

  it("is shown for the sharpest plane, measured on five, of the region", async () => {
    const found = await told(teller("right"), known);
    expect(found.planes).toEqual([0, 2, 4, 6, 8]);
    expect(found.typical.plane).toBe(focus);
    for (const plane of [found.typical.output, found.typical.spread, found.typical.known?.error])
      expect([plane?.height, plane?.width]).toEqual([80, 72]);
    const top = region.top * width + region.left;
    expect(found.typical.known?.target.data[0]).toBe(truth.data[focus * size + top]);
  });

  it("is shown without a truth, and not judged", async () => {
    const found = await told(teller("right"), unknown);
    expect(found).toMatchObject({ calibration: undefined, against: undefined });
    expect(found.typical.known).toBeUndefined();
    // Over the range of the outputs themselves.
    const outputs = found.planes.map((z) => cropPlane(planeOf(clean, z), region).data);
    const [low, high] = percentiles(Float32Array.from(outputs.flatMap((data) => [...data])), [0.1, 99.9]);
    expect((found.mean * (high - low)) / meanScale).toBeCloseTo(1, 3);
  });

  it("is not looked for where none is told, or nothing was made, and stops by a signal", async () => {
    const { makeWithSpread: _, ...silent } = teller("silent");
    const every = await everyOf(silent, known);
    expect(await spreadEvidence(silent, known, every, known.stack)).toBeUndefined();
    expect(await spreadEvidence(teller("a"), known, { ...every, outcomes: [] }, known.stack)).toBeUndefined();
    const stopped = spreadEvidence(teller("a"), known, every, known.stack, AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  });
});

describe("models with a Laplace head", () => {
  it("give their spread beside the sections that they give without", async () => {
    const runtime = await openNativeRuntime({ threads: 1 });
    try {
      const model = tinySectionModel("laplace");
      const candidate = modelCandidate("laplace", model, runtime);
      const requests = [5, 2].map((plane) => ({ plane, distance: 0 }));
      const made = await candidate.makeWithSpread?.(stack, stack, requests);
      expect(made?.planes).toEqual(await candidate.make(stack, stack, requests));
      const direct: Float32Array[] = [];
      const input = {
        width,
        height,
        planes: requests.map(({ plane }) => readerOf(planeOf(stack, plane).data, width, height)),
        normalisation: normalisationOf(stack.data, 1, 99.9, "test"),
      };
      await section(model, runtime, input, { tileSize: 1024 }, async (channel, z, y0, rows) => {
        if (channel !== "uncertainty") return;
        direct[z] ??= new Float32Array(size);
        direct[z].set(rows, y0 * width);
      });
      expect(made?.spread.map(({ data }) => data)).toEqual(direct);
      expect(Math.min(...(made?.spread[0].data ?? [0]))).toBeGreaterThan(0);
      expect(modelCandidate("plain", tinySectionModel("care"), runtime).makeWithSpread).toBeUndefined();
    } finally {
      await runtime.close();
    }
  });
});

/** A model that refocuses: the recorded sharpest plane, changed. */
function refocuser(
  name: string,
  change: (value: number, y: number, x: number) => number,
  own: Partial<Candidate> = {},
): Candidate {
  return {
    name,
    kind: "model",
    task: "refocus",
    offsets: [0],
    range: [-2, 2],
    async make(seen, _whole, requests) {
      return requests.map(() => {
        const best = planeOf(seen, focus);
        return { ...best, data: best.data.map((value, i) => change(value, Math.floor(i / width), i % width)) };
      });
    },
    ...own,
  };
}
const members = (candidates: readonly Candidate[], studied: StudiedStack) =>
  Promise.all(candidates.map(async (candidate) => ({ candidate, every: await everyOf(candidate, studied) })));
const same = (value: number): number => value;
/** A patch in the field, of which rows 0 to 15 and columns 8 to 23 lie in the region. */
const inPatch = (y: number, x: number): boolean => y >= 0 && y < 24 && x >= 24 && x < 40;
const patched =
  (step: number) =>
  (value: number, y: number, x: number): number =>
    inPatch(y, x) ? value + step : value;

describe("an ensemble", () => {
  it("of identical models does not spread", async () => {
    const found = ensembleSpread(
      "refocus",
      known,
      await members([refocuser("a", same), refocuser("b", same), refocuser("c", same)], known),
    );
    expect(found).toMatchObject({ spread: 0, error: 0, names: ["a", "b", "c"], against: "sharpest plane" });
    expect(found?.correlation).toBeNaN();
    expect(found?.planes).not.toContain(focus);
    expect(found?.planes.length).toBe(5);
  });

  it("shows the patch in which two models differ, and nothing else", async () => {
    const found = ensembleSpread(
      "refocus",
      known,
      await members([refocuser("a", same), refocuser("b", patched(300))], known),
    );
    const { spread, outputs } = found?.typical ?? {};
    if (!spread || !found) throw new Error("no ensemble");
    const requests = 300 / Math.SQRT2 / known.dataRange;
    for (let i = 0; i < spread.data.length; i++) {
      const [y, x] = [Math.floor(i / region.width), i % region.width];
      const inside = inPatch(y + region.top, x + region.left);
      expect(Math.abs(spread.data[i] - (inside ? requests : 0))).toBeLessThan(1e-4);
    }
    expect(outputs?.map(({ name }) => name)).toEqual(["a", "b"]);
    const share = (16 * 16) / (region.height * region.width);
    expect(found.spread).toBeCloseTo(requests * Math.sqrt(share), 4);
    // Their mean is wrong by half of it, in the patch alone.
    expect(found.error).toBeCloseTo((150 / known.dataRange) * Math.sqrt(share), 4);
    expect(found.correlation).toBeCloseTo(1, 3);
  });

  it("does not see what all do wrong alike: that stays in the error", async () => {
    const found = ensembleSpread(
      "refocus",
      known,
      await members([refocuser("a", patched(300)), refocuser("b", patched(300))], known),
    );
    expect(found?.spread).toBe(0);
    expect(found?.error).toBeGreaterThan(0.01);
  });

  it("is a sample's standard deviation of three", async () => {
    const three = [0, 100, 500].map((step, i) => refocuser(`${i}`, patched(step)));
    const found = ensembleSpread("refocus", known, await members(three, known));
    // Of 0, 100, 500 about 200: sqrt((200^2 + 100^2 + 300^2) / 2).
    const most = found?.typical.spread.data.reduce((a, b) => Math.max(a, b)) ?? 0;
    expect(most * known.dataRange).toBeCloseTo(Math.sqrt(140_000 / 2), 1);
  });

  it("of sections takes no account of gain and offset", async () => {
    const pair = [teller("a"), teller("b", { gain: 9, offset: 333 })];
    const found = ensembleSpread("section", known, await members(pair, known));
    expect(found?.spread).toBeLessThan(1e-5);
    expect(found?.error).toBeGreaterThan(0.02);
    expect(found?.against).toBe("truth");
    const blind = ensembleSpread("section", unknown, await members(pair, unknown));
    expect(blind?.spread).toBeLessThan(1e-5);
    expect(blind).toMatchObject({ error: undefined, correlation: undefined, against: undefined });
  });

  it("of sections makes no more of planes in which hardly anything is", async () => {
    // Noise of 1 count in planes whose contrast is 1 count at the ends of the stack and some hundreds in focus.
    const faint = (name: string, seed: number): Candidate => ({
      ...teller(name),
      async make(seen, _whole, requests) {
        return requests.map(({ plane }) => {
          const random = new Random(seed * 1000 + plane);
          const dim = plane === focus ? 1 : 0.003;
          const { data } = planeOf(clean, plane);
          const output = data.map((value) => dim * value + random.normal());
          return { height: seen.height, width: seen.width, data: output };
        });
      },
    });
    const found = ensembleSpread("section", unknown, await members([faint("a", 1), faint("b", 2)], unknown));
    expect(found?.spread).toBeLessThan(0.01);
    expect(found?.typical.plane).toBe(focus);
  });

  it("of sections with errors of their own spreads as these do", async () => {
    const wrong = (name: string, seed: number): Candidate => ({
      ...teller(name),
      async make(seen, _whole, requests) {
        return requests.map(({ plane }) => {
          const random = new Random(seed * 1000 + plane);
          const { data } = planeOf(clean, plane);
          return { height: seen.height, width: seen.width, data: data.map((value) => value + 20 * random.normal()) };
        });
      },
    });
    const sure = { ...known, truth: clean };
    const studies = await members([wrong("a", 1), wrong("b", 2), wrong("c", 3)], sure);
    const found = ensembleSpread("section", sure, studies);
    const scale = studies[0].every.dataRange;
    expect(((found?.spread ?? 0) * scale) / 20).toBeCloseTo(1, 1);
    // The mean of three is wrong by 1 / sqrt 3 of it.
    expect(((found?.error ?? 0) * scale) / (20 / Math.sqrt(3))).toBeCloseTo(1, 1);
  });

  it("needs two models of a task, in planes that both made", async () => {
    const alone = await members(
      [refocuser("a", same), refocuser("b", same, { kind: "classical" }), teller("c")],
      known,
    );
    expect(ensembleSpread("refocus", known, alone)).toBeUndefined();
    expect(ensembleSpread("section", known, alone)).toBeUndefined();
    const apart = await members(
      [refocuser("a", same, { range: [-2, 0] }), refocuser("b", same, { range: [0, 2] })],
      known,
    );
    expect(ensembleSpread("refocus", known, apart)).toBeUndefined();
    const half = [refocuser("a", same, { range: [-2, 0] }), refocuser("b", same), refocuser("c", patched(50))];
    const found = ensembleSpread("refocus", known, await members(half, known));
    // From plane 5 on, whose distances to focus are negative, all three; below it two.
    expect(found?.planes).toEqual([0, 2, 5, 6, 8]);
    expect(found?.typical.outputs.length).toBe(3);
    const without = [
      refocuser("a", same, { range: [-0.5, -0.5] }),
      refocuser("b", same, { range: [1, 2] }),
      refocuser("c", same, { range: [1, 2] }),
    ];
    expect(ensembleSpread("refocus", known, await members(without, known))?.names).toEqual(["b", "c"]);
    // What they make beyond their range does not count.
    const near = [refocuser("a", same, { range: [-1, 1] }), refocuser("b", same, { range: [-1, 1] })];
    expect(ensembleSpread("refocus", known, await members(near, known))?.planes).toEqual([2, 3, 5, 6]);
  });
});

describe("the report", () => {
  it("draws maps, the reliability, and two tables, without a number that is none", async () => {
    const studies = await Promise.all(
      [teller("right"), teller("too sure", { claim: 0.5 })].map(async (candidate) => ({
        candidate,
        spread: await told(candidate, known),
      })),
    );
    const blind = { candidate: teller("blind"), spread: await told(teller("blind"), unknown) };
    const none = { candidate: teller("none"), spread: undefined };
    const ensemble = ensembleSpread(
      "refocus",
      known,
      await members([refocuser("a", same), refocuser("b", patched(300))], known),
    );
    const lost = ensembleSpread("section", unknown, await members([teller("a"), teller("b")], unknown));
    if (!ensemble || !lost) throw new Error("no ensemble");
    const all = [...studies, blind, none];
    const figures = spreadPictures(known, all, [ensemble, lost]);
    expect(figures.map(({ id }) => id)).toEqual([
      "spread-map-1",
      "spread-map-2",
      "spread-map-3",
      "spread-ensemble-refocus",
      "spread-ensemble-section",
    ]);
    for (const figure of figures) expect(figure.svg.match(/<image/g)?.length).toBeGreaterThan(1);
    const chart = await reliabilityChart(all);
    if (chart?.kind !== "chart") throw new Error("no chart");
    expect(chart.svg).toContain("too sure");
    expect(chart.svg).not.toContain("blind");
    const tables = spreadTable(all, [ensemble, lost]);
    const [own, together] = tables.map((one) => (one.kind === "table" ? one.rows : []));
    expect(own.map((row) => row.length)).toEqual([9, 9, 9]);
    expect(own[1][5]).toBe(`${studies[1].spread.calibration?.factor.toFixed(2)} x`);
    expect(own[2]).toContain("cannot tell");
    expect(together.map((row) => row.length)).toEqual([5, 5]);
    expect(together[0][1]).toBe(`${(100 * ensemble.spread).toFixed(1)} %`);
    expect(JSON.stringify(tables)).not.toMatch(/NaN|undefined|Infinity|null/);
  });

  it("takes one scale of colours for spread and error, that hardly a pixel exceeds", async () => {
    const candidate = teller("right");
    const spread = await told(candidate, known);
    const [figure] = spreadPictures(known, [{ candidate, spread }], []);
    const high = Math.max(
      percentile(spread.typical.spread.data, 99),
      percentile(spread.typical.known?.error.data ?? new Float32Array(1), 99),
    );
    const limit = Number(/([\d.]+) % of the data range and more is dark red/.exec(figure.caption)?.[1]) / 100;
    expect(limit).toBeGreaterThanOrEqual(high);
    expect(limit).toBeLessThanOrEqual(3 * high);
  });

  it("is empty where nobody tells", async () => {
    const none = [{ candidate: { name: "none" }, spread: undefined }];
    expect(spreadPictures(known, none, [])).toEqual([]);
    expect(await reliabilityChart(none)).toBeUndefined();
    expect(spreadTable(none, [])).toEqual([]);
  });
});
