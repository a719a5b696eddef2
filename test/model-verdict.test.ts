import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import type { Plane } from "../src/image/image.ts";
import { type JudgedExample, type Judgement, judge as judgeSome } from "../src/train/judgement.ts";
import { stepsThatFit } from "../src/train/speed.ts";
import { withNoise } from "./helpers/noise.ts";

const [height, width] = [96, 96];

function judge(...given: Parameters<typeof judgeSome>): Judgement {
  const judgement = judgeSome(...given);
  if (judgement === undefined) throw new Error("nothing is judged");
  return judgement;
}

function specimen(seed: number): Plane {
  const random = new Random(seed);
  const data = new Float32Array(height * width);
  for (let k = 0; k < 150; k++) data[random.integer(data.length)] += 20 + 20 * random.uniform();
  return gaussianFilter({ data, height, width }, 1.2);
}

/** Two planes 2 um apart, of a specimen in focus at the first, and what is asked for at a distance. */
function example(distance: number, make: (truth: Plane, inputs: Plane[]) => Plane): JudgedExample {
  const sharp = specimen(3);
  const at = (z: number): Plane =>
    withNoise(gaussianFilter(sharp, Math.max(0.01, Math.abs(z))), 0.02, Math.round(10 * z + 50));
  const inputs = [at(-2), at(0.5)];
  const truth = at(distance);
  return {
    label: `${distance} um`,
    distance_um: distance,
    recorded: [
      { plane: inputs[0], distance: distance + 2 },
      { plane: inputs[1], distance: distance - 0.5 },
    ],
    output: make(truth, inputs),
    truth,
  };
}

describe("the judgement of a finished model", () => {
  it("says that a model that gives back what was recorded is of no use", () => {
    const { verdict, means } = judge(
      "refocus",
      [-1, -0.5, 1].map((d) => example(d, (_, [, second]) => second)),
    );
    expect(verdict).toMatchObject({ use: false, for: "nothing", distances_um: [] });
    expect(verdict.sentence).toMatch(/^Do not use this model/);
    expect(means.gain_db).toBeLessThanOrEqual(0);
  });

  it("does not count smoothing as a gain: the baseline is smoothed as well", () => {
    const smooth = (_: Plane, [, second]: Plane[]): Plane => gaussianFilter(second, 1);
    const { verdict } = judge(
      "refocus",
      [-1, 1].map((d) => example(d, smooth)),
    );
    expect(verdict.use).toBe(false);
  });

  it("names the distances at which a model is better, and where what was recorded is", () => {
    const sharp = (truth: Plane): Plane => withNoise(truth, 0.005, 9);
    const harm = (_: Plane, [first]: Plane[]): Plane => gaussianFilter(first, 4);
    const { verdict, rows } = judge("refocus", [
      example(-1.5, harm),
      example(-1, sharp),
      example(-0.5, sharp),
      example(1, sharp),
    ]);
    expect(verdict).toMatchObject({ use: "only", for: "refocusing", distances_um: [[-1, 1]] });
    expect(verdict.sentence).toMatch(/from -1 to \+1 um.*at -1\.5 um the output is not better/s);
    expect(rows[0].regions_worse).toBe(1);
    expect(rows[1].regions_worse).toBe(0);
  });

  it("tells brightness that is off", () => {
    const bright = (truth: Plane): Plane => ({ ...truth, data: truth.data.map((value) => 1.03 * value) });
    const { verdict, means } = judge("refocus", [example(-1, bright), example(1, bright)]);
    expect(means.slope).toBeCloseTo(1 / 1.03, 3);
    expect(means.mean_ratio).toBeCloseTo(1.03, 3);
    expect(verdict).toMatchObject({ use: true, photometric: false });
    expect(verdict.sentence).toContain("Do not measure brightness");
  });

  it("leaves given planes out of the means, and shows whether they come back", () => {
    const given = example(0.5, (truth) => truth);
    const { rows, means } = judge("refocus", [given, example(1, (truth) => withNoise(truth, 0.01, 4))]);
    expect(rows[0]).toMatchObject({ given: true, psnr: 100 });
    expect(means.psnr).toBe(rows[1].psnr);
  });

  it("leaves out what equals its ground truth as it was recorded: blank planes and repeated ones", () => {
    const good = [-1, 1].map((d) => example(d, (truth) => withNoise(truth, 0.01, 4)));
    const black: Plane = { data: new Float32Array(height * width), height, width };
    const blank: JudgedExample = {
      ...good[0],
      recorded: good[0].recorded.map((one) => ({ ...one, plane: black })),
      output: withNoise(black, 0.01, 5),
      truth: black,
    };
    const repeated: JudgedExample = { ...good[1], truth: good[1].recorded[1].plane };
    expect(judge("refocus", [...good, blank, repeated])).toEqual(judge("refocus", good));
    // A whole distance of them, and nothing else.
    const distances = judge("refocus", [...good, { ...blank, label: "3 um", distance_um: 3 }]);
    expect(distances.rows.map(({ label }) => label)).toEqual(["-1 um", "1 um"]);
    expect(judgeSome("refocus", [blank, repeated])).toBeUndefined();
    expect(judgeSome("section", [{ ...blank, label: "first planes" }])).toBeUndefined();
  });
});

describe("the steps that fit into the time", () => {
  const speed = { secondsPerStep: 0.5, secondsPerPause: 10 };

  it("leave room for the validations of epochs, the thorough one and the export", () => {
    const steps = stepsThatFit(5, 10_000, 180, speed, { stepsPerEpoch: 100, finalShare: 2 });
    const total = steps * 0.5 + Math.ceil(steps / 100) * 10 + 2 * 10 + 1;
    expect(total).toBeLessThanOrEqual(180 + 10);
    expect(total).toBeGreaterThan(160);
  });

  it("are one more than are done where no time is left, and never more than were asked for", () => {
    expect(stepsThatFit(7, 100, 1, speed, { stepsPerEpoch: 100 })).toBe(8);
    expect(stepsThatFit(7, 100, 1e6, speed, { stepsPerEpoch: 100 })).toBe(100);
  });
});
