/** Candidates for which it is known what the noise of their input does to their output. */
import { beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { type Plane, planeOf, type Stack } from "../src/image/image.ts";
import { fourierRingCorrelation } from "../src/metrics/fourier-ring-correlation.ts";
import type { Candidate, PlaneRequest } from "../src/study/candidate.ts";
import { isInRange, requestsToFocus } from "../src/study/every-plane.ts";
import { openStudiedStack, type StudiedStack } from "../src/study/studied-stack.ts";
import { type ThinningEvidence, thinningEvidence, typicalOf } from "../src/study/thinning-evidence.ts";
import { maxNoiseCorrelation, thinningChart, thinningTable } from "../src/study/thinning-figure.ts";
import { haveRealData, mitochondria, nucleus } from "./helpers/real-data.ts";

const [depth, height, width, focus] = [7, 192, 192, 3];
const size = height * width;
const [gain, offset] = [2, 100];

/** Points behind an objective that is the less sharp the farther a plane is from focus, photons: `[z, y, x]`. */
function scene(blurs: readonly number[]): Float32Array {
  const random = new Random(8);
  const dots = Float32Array.from({ length: size }, () => (random.uniform() < 0.02 ? 1500 * random.uniform() : 0));
  const out = new Float32Array(blurs.length * size);
  blurs.forEach((sigma, z) => {
    const seen = gaussianFilter({ data: dots, height, width }, sigma).data;
    out.set(
      seen.map((value) => value + 20),
      z * size,
    );
  });
  return out;
}

const stackOf = (data: Float32Array): Stack & { zStep: number } => ({
  data,
  depth: data.length / size,
  height,
  width,
  zStep: 0.5,
  pixelSize: { y: 0.1, x: 0.1 },
  dtype: "uint16",
});
const throughFocus = Array.from({ length: depth }, (_, z) => 1.5 + 0.5 * Math.abs(z - focus));
const photons = scene(throughFocus);
/** A recording by a camera, counts; `dose` 0.5 as bright as 1, with half the photons. */
function record(clean: Float32Array, seed: number, dose = 1): Float32Array {
  const random = new Random(seed);
  return clean.map((mean) => offset + (gain / dose) * random.poisson(dose * mean));
}

const each =
  (make: (stack: Stack, requests: PlaneRequest, k: number) => Plane): Candidate["make"] =>
  async (stack, _whole, requests) =>
    requests.map((one, k) => make(stack, one, k));
const shape = { kind: "constructed", task: "refocus", offsets: [0], range: [-5, 5] } as const;
const plane = (stack: Stack, z: number): Plane => {
  const { data } = planeOf(stack, z);
  return { data: data.slice(), height: stack.height, width: stack.width };
};
const unsharp = (input: Plane): Plane => {
  const soft = gaussianFilter(input, 2).data;
  return { ...input, data: input.data.map((value, i) => 2 * value - soft[i]) };
};
const changed = (input: Plane, change: (value: number, i: number) => number): Plane => ({
  ...input,
  data: input.data.map(change),
});
let calls = 0;
const candidates = {
  identity: { ...shape, name: "identity", make: each((stack, { plane: z }) => plane(stack, z)) },
  blur: { ...shape, name: "blur", make: each((stack, { plane: z }) => gaussianFilter(plane(stack, z), 1)) },
  unsharp: { ...shape, name: "unsharp", make: each((stack, { plane: z }) => unsharp(plane(stack, z))) },
  brighter: {
    ...shape,
    name: "brighter",
    make: each((stack, one) => changed(plane(stack, one.plane), (v) => 3 * v + 50)),
  },
  constant: { ...shape, name: "constant", make: each((stack, one) => changed(plane(stack, one.plane), () => 400)) },
  /** Draws one and the same picture whatever it is given. */
  remembered: {
    ...shape,
    name: "remembered",
    make: each((stack, one) => {
      const random = new Random(77);
      return changed(plane(stack, one.plane), () => 1000 * random.uniform());
    }),
  },
  /** Nothing but noise of its own, another one each time. */
  dice: {
    ...shape,
    name: "dice",
    make: each((stack, one) => {
      const random = new Random(calls++);
      return changed(plane(stack, one.plane), () => 1000 * random.uniform());
    }),
  },
} satisfies Record<string, Candidate>;

/** What a filter does to the standard deviation of white noise. */
function noiseGainOf(filter: (input: Plane) => Plane): number {
  const impulse = { data: new Float32Array(65 * 65), height: 65, width: 65 };
  impulse.data[32 * 65 + 32] = 1;
  return Math.sqrt(filter(impulse).data.reduce((sum, value) => sum + value ** 2, 0));
}

const everyOf = (candidate: Candidate, { stack, sharpest }: StudiedStack) => ({
  outcomes: requestsToFocus(candidate, stack, sharpest).map((one) => ({
    ...one,
    inRange: isInRange(candidate, one.distance),
    output: planeOf(stack, one.plane),
    scores: { input: { psnr: 0, ssim: 0 }, output: { psnr: 0, ssim: 0 } },
  })),
});

async function evidence(candidate: Candidate, studied: StudiedStack): Promise<ThinningEvidence> {
  const found = await thinningEvidence(candidate, studied, everyOf(candidate, studied) as never, studied.stack);
  if (!found) throw new Error(`nothing was found of ${candidate.name}`);
  return found;
}

let studied: StudiedStack;
const found = new Map<string, ThinningEvidence>();
const of = (name: keyof typeof candidates): ThinningEvidence => found.get(name) as ThinningEvidence;
beforeAll(async () => {
  studied = openStudiedStack("points", stackOf(record(photons, 1)));
  for (const one of Object.values(candidates)) found.set(one.name, await evidence(one, studied));
});

describe("two outputs of two halves", () => {
  it("are asked of few planes, on both sides of focus", () => {
    expect(studied.sharpest).toBe(focus);
    expect(of("identity").planes).toEqual([1, 5]);
    const able = Array.from({ length: 9 }, (_, z) => ({
      plane: z,
      distance: 4 - z,
      inRange: z > 3,
      given: false,
    }));
    expect(typicalOf({ task: "refocus" }, able, 4)).toEqual([{ plane: 6, distance: -2 }]);
    expect(typicalOf({ task: "section" }, able, 4).map((one) => one.plane)).toEqual([4, 5]);
    expect(typicalOf({ task: "section" }, able, 8).map((one) => one.plane)).toEqual([8]);
    expect(typicalOf({ task: "refocus" }, able, 8).map((one) => one.plane)).toEqual([6]);
  });

  it("are the inputs where nothing is done", () => {
    const { input, output, noiseGain } = of("identity");
    expect(output).toEqual(input);
    expect(noiseGain).toBe(1);
  });

  it("agree as two recordings with half the photons each would", () => {
    const [a, b] = [11, 12].map((seed) => stackOf(record(photons, seed, 0.5)));
    const pairs = of("identity").planes.map((z) => fourierRingCorrelation(planeOf(a, z), planeOf(b, z)).correlation);
    const { frequency, correlation } = of("identity").input.curve;
    // Rings by tens, since each is noisy.
    for (let from = 0; from + 10 <= frequency.length; from += 10) {
      const meanOf = (values: readonly number[]): number =>
        values.slice(from, from + 10).reduce((x, y) => x + y, 0) / 10;
      const recorded = (meanOf(pairs[0]) + meanOf(pairs[1])) / 2;
      expect(Math.abs(meanOf(correlation) - recorded), `ring ${from}`).toBeLessThan(0.06);
    }
  });

  it("are resolved as the input by filters, whose noise gain is that of their kernel", () => {
    const { input } = of("identity");
    for (const [name, filter] of [
      ["blur", (one: Plane) => gaussianFilter(one, 1)],
      ["unsharp", unsharp],
    ] as const) {
      expect(of(name).output.resolution / input.resolution).toBeCloseTo(1, 1);
      expect(of(name).noiseGain / noiseGainOf(filter)).toBeCloseTo(1, 1);
    }
    expect(of("blur").noiseGain).toBeLessThan(0.3);
    expect(of("unsharp").noiseGain).toBeGreaterThan(1.5);
    expect(of("blur").output.correlation).toBeGreaterThan(input.correlation);
    expect(of("unsharp").output.correlation).toBeLessThan(input.correlation);
  });

  it("are no noisier for being brighter", () => {
    expect(of("brighter").noiseGain).toBeCloseTo(3, 5);
    expect(of("brighter").output.nrmse).toBeCloseTo(of("identity").input.nrmse, 5);
    expect(of("brighter").output.resolution).toBeCloseTo(of("identity").input.resolution, 5);
  });

  it("have no contrast, no noise and nothing resolved where they are constant", () => {
    expect(of("constant")).toMatchObject({ noiseGain: 0 });
    expect(of("constant").output).toMatchObject({
      resolution: Number.POSITIVE_INFINITY,
      correlation: Number.NaN,
      nrmse: Number.NaN,
    });
  });

  it("agree in all where the input is not looked at: what is hallucinated alike counts as resolved", () => {
    expect(of("remembered").output).toMatchObject({ resolution: 0.2, nrmse: 0 });
    expect(of("remembered").output.correlation).toBeCloseTo(1, 6);
    expect(of("remembered").noiseGain).toBe(0);
  });

  it("agree in nothing where they are drawn by chance", () => {
    expect(of("dice").output.resolution).toBe(Number.POSITIVE_INFINITY);
    expect(Math.abs(of("dice").output.correlation)).toBeLessThan(0.02);
  });

  it("resolve more than the input where planes that show the same are averaged", async () => {
    const still = openStudiedStack("still", stackOf(record(scene(throughFocus.map(() => 1.5)), 4)), {
      sharpest: focus,
    });
    const average: Candidate = {
      ...shape,
      name: "average",
      make: each((stack) => {
        const out = new Float32Array(size);
        stack.data.forEach((value, i) => {
          out[i % size] += value / depth;
        });
        return { data: out, height, width };
      }),
    };
    const { input, output, sharpest, noiseGain } = await evidence(average, still);
    expect(noiseGain).toBeCloseTo(1 / Math.sqrt(depth), 1);
    // Points behind a Gaussian of 1.5 pixels: signal over noise falls as exp(-4 pi^2 1.5^2 f^2), and is 7 times as high.
    const squared = (0.1 / input.resolution) ** 2 + Math.log(depth) / (4 * Math.PI ** 2 * 1.5 ** 2);
    expect(output.resolution / (0.1 / Math.sqrt(squared))).toBeGreaterThan(0.95);
    expect(output.resolution / (0.1 / Math.sqrt(squared))).toBeLessThan(1.05);
    expect(output.resolution).toBeLessThan(0.95 * sharpest.resolution);
    expect(output.curve.correlation[40]).toBeGreaterThan(input.curve.correlation[40]);
  });

  it("count alike from both sides of focus", async () => {
    const half: Candidate = {
      ...shape,
      name: "half",
      make: each((stack, one) => {
        const random = new Random(calls++);
        return changed(plane(stack, one.plane), (value) => (one.distance > 0 ? value : 1000 * random.uniform()));
      }),
    };
    const { output, input } = await evidence(half, studied);
    expect(output.curve.correlation[10]).toBeCloseTo(input.curve.correlation[10] / 2, 1);
    expect(output.correlation).toBeCloseTo(input.correlation / 2, 1);
  });

  it("are finer in focus: the sharpest plane beside its blurred inputs", () => {
    const { input, sharpest, noiseCorrelation } = of("identity");
    expect(sharpest.resolution).toBeLessThan(0.95 * input.resolution);
    expect(sharpest.resolution).toBeGreaterThan(0.2);
    expect(Math.abs(noiseCorrelation)).toBeLessThan(0.05);
  });
});

describe("the candidate", () => {
  it("is asked for at most four planes, of the region only, and told the recorded brightness", async () => {
    const region = { top: 10, left: 30, height: 96, width: 80 };
    const asked: { stack: Stack; whole: Stack; requests: readonly PlaneRequest[] }[] = [];
    const spy: Candidate = {
      ...shape,
      name: "spy",
      async make(stack, whole, requests) {
        asked.push({ stack, whole, requests });
        return requests.map((one) => plane(stack, one.plane));
      },
    };
    await thinningEvidence(spy, { ...studied, region }, everyOf(spy, studied) as never, studied.stack);
    expect(asked.reduce((sum, { requests }) => sum + requests.length, 0)).toBe(4);
    for (const { stack, whole } of asked) {
      expect([stack.depth, stack.height, stack.width, stack.zStep]).toEqual([depth, 96, 80, 0.5]);
      expect(whole).toBe(studied.stack);
    }
    // Of the same place, with other noise.
    const [a, b] = asked.map(({ stack }) => stack.data);
    const middle = a.map((value, i) => (value + b[i]) / 2);
    expect(middle[0]).toBeCloseTo(studied.stack.data[10 * width + 30], 2);
    expect(a).not.toEqual(b);
    const random = new Random(1);
    const wide = { ...studied.stack, depth: 3, height: 200, width: 260, data: new Float32Array(3 * 200 * 260) };
    wide.data.forEach((_, i) => {
      wide.data[i] = 1000 * (i % 260) + 100 * random.normal();
    });
    asked.length = 0;
    const all = { stack: wide, sharpest: 1, region: { top: 0, left: 0, height: 200, width: 260 } };
    await thinningEvidence({ ...spy, kind: "classical" }, all, everyOf(spy, { ...studied, ...all }) as never, wide);
    expect(asked.map(({ stack }) => [stack.height, stack.width])).toEqual([
      [192, 192],
      [192, 192],
    ]);
    // From its middle: columns 34 to 226.
    expect(asked[0].stack.data[0] / 1000).toBeCloseTo(34, 0);
  });

  it("is not judged in a small region, without noise, or where nothing is made", async () => {
    const every = everyOf(candidates.identity, studied) as never;
    const small = { ...studied, region: { top: 0, left: 0, height: 63, width: 192 } };
    expect(await thinningEvidence(candidates.identity, small, every, studied.stack)).toBeUndefined();
    expect(await thinningEvidence(candidates.identity, studied, { outcomes: [] }, studied.stack)).toBeUndefined();
    const silent = { ...studied.stack, data: studied.stack.data.map((_, i) => i % width) };
    expect(await thinningEvidence(candidates.identity, studied, every, silent)).toBeUndefined();
  });

  it("is stopped by a signal", async () => {
    const every = everyOf(candidates.identity, studied) as never;
    const stopped = thinningEvidence(candidates.identity, studied, every, studied.stack, AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  });
});

describe("halves that are not independent", () => {
  const paragraph = (thinning: ThinningEvidence): string => {
    const last = thinningTable([{ candidate: candidates.identity, studied, thinning }]).at(-1);
    return last?.kind === "paragraph" ? last.text : "";
  };

  it("are told by what is left at the finest detail", async () => {
    const clean = photons.map((mean) => offset + gain * mean);
    const random = new Random(6);
    const smooth = new Float32Array(clean.length);
    for (let z = 0; z < depth; z++) {
      const white = { data: Float32Array.from({ length: size }, () => 40 * random.normal()), height, width };
      smooth.set(gaussianFilter(white, 0.5).data, z * size);
    }
    const resized = openStudiedStack("resized", stackOf(clean.map((value, i) => value + smooth[i])), {
      sharpest: focus,
    });
    const thinning = await evidence(candidates.identity, resized);
    expect(thinning.noiseCorrelation).toBeGreaterThan(maxNoiseCorrelation);
    expect(paragraph(thinning)).toMatch(/Do not rely/);
    expect(paragraph(of("identity"))).toMatch(/independent, as they should be/);
  });

  it("are not suspected for detail that is there: what is left is measured where the blur is", async () => {
    const blurs = Array.from({ length: depth }, (_, z) => 0.6 + 0.7 * z);
    const { noiseCorrelation, sharpest } = await evidence(
      candidates.identity,
      openStudiedStack("fine", stackOf(record(scene(blurs), 3))),
    );
    const fine = sharpest.curve.correlation.filter((_, i) => sharpest.curve.frequency[i] >= 0.4);
    expect(Math.min(...fine)).toBeGreaterThan(0.3);
    expect(Math.abs(noiseCorrelation)).toBeLessThan(maxNoiseCorrelation);
  });

  it.skipIf(!haveRealData)("are found in a real stack that was resized, and not in one from the camera", async () => {
    const raw = openStudiedStack("mitochondria", { ...(await mitochondria()), zStep: 0.1 });
    expect(Math.abs((await evidence(candidates.identity, raw)).noiseCorrelation)).toBeLessThan(maxNoiseCorrelation / 2);
    const resized = openStudiedStack("nucleus", { ...(await nucleus(1)), zStep: 0.1 });
    expect((await evidence(candidates.identity, resized)).noiseCorrelation).toBeGreaterThan(maxNoiseCorrelation);
  });
});

describe("the report", () => {
  const studies = () =>
    Object.values(candidates).map((candidate) => ({ candidate, studied, thinning: found.get(candidate.name) }));

  it("draws a line for each candidate, the inputs and the sharpest plane, in units", async () => {
    const chart = await thinningChart(studies());
    if (chart?.kind !== "chart") throw new Error("no chart");
    for (const name of [...Object.keys(candidates), "recorded inputs", "recorded sharpest plane", "1/7"])
      expect(chart.svg).toContain(`${name}`);
    expect(chart.svg).toContain("cycles per µm");
    expect(chart.svg).toContain("remembered: 0.20 or finer µm");
    expect(chart.svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(await thinningChart([{ candidate: candidates.identity, studied, thinning: undefined }])).toBeUndefined();
  });

  it("says all in a table, without a number that is none", () => {
    const [table] = thinningTable(studies());
    if (table.kind !== "table") throw new Error("no table");
    const rows = new Map(table.rows.map(([name, ...rest]) => [name, rest]));
    expect(table.rows.length).toBe(Object.keys(candidates).length);
    expect(rows.get("identity")?.[0]).toBe(rows.get("identity")?.[1]);
    expect(rows.get("constant")).toEqual(expect.arrayContaining(["none", "no contrast", "0.00"]));
    expect(rows.get("unsharp")?.[5]).toBe(of("unsharp").noiseGain.toFixed(2));
    expect(JSON.stringify(table)).not.toMatch(/NaN|undefined|Infinity|null/);
    expect(thinningTable([{ candidate: candidates.identity, studied, thinning: undefined }])).toEqual([]);
  });
});
