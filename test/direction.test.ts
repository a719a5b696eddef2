import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { type Plane, planeOf } from "../src/image/image.ts";
import {
  calibrateDirection,
  createDirectionMeter,
  type DirectionExample,
  directionConfidence,
  directionDistances,
  probabilityUp,
} from "../src/models/apply/direction.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import type { PairSource } from "../src/train/data/pairs.ts";
import { measureDirection } from "../src/train/methods/direction-calibration.ts";

/** Normal statistics of deviation 1 around +-mean: their probability is known, 1 / (1 + exp(-2 mean s)). */
function normals(mean: number, count: number, seed: number): DirectionExample[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const up = random.uniform() < 0.5;
    return { statistic: (up ? mean : -mean) + random.normal(), up, group: i % 8 };
  });
}

describe("calibration", () => {
  it("finds the probability that is behind the examples, and how often it is right", () => {
    for (const [mean, right] of [
      [0.5, 0.691],
      [1.5, 0.933],
    ]) {
      const calibration = calibrateDirection(normals(mean, 4000, 1)) ?? expect.fail("no calibration");
      expect(calibration.gain).toBeGreaterThan(1.8 * mean);
      expect(calibration.gain).toBeLessThan(2.2 * mean);
      expect(Math.abs(calibration.bias)).toBeLessThan(0.15);
      expect(calibration.accuracy).toBeCloseTo(right, 1);
    }
  });

  it("is calibrated: on other examples, of those with a confidence as many are right", () => {
    const calibration = calibrateDirection(normals(0.7, 4000, 2)) ?? expect.fail("no calibration");
    const fresh = normals(0.7, 20_000, 3);
    for (const [low, high] of [
      [0.5, 0.65],
      [0.65, 0.8],
      [0.8, 0.95],
    ]) {
      const inside = fresh
        .map(({ statistic, up }) => ({ p: probabilityUp(statistic, calibration), up }))
        .filter(({ p }) => Math.max(p, 1 - p) >= low && Math.max(p, 1 - p) < high);
      const mean = inside.reduce((sum, { p }) => sum + Math.max(p, 1 - p), 0) / inside.length;
      const right = inside.filter(({ p, up }) => p > 0.5 === up).length / inside.length;
      expect(inside.length).toBeGreaterThan(1000);
      expect(Math.abs(mean - right)).toBeLessThan(0.03);
    }
  });

  it("of a statistic that says nothing is a guess", () => {
    const calibration = calibrateDirection(normals(0, 4000, 4)) ?? expect.fail("no calibration");
    const readings = normals(0, 1000, 5).map(({ statistic }) => ({ x: 0, y: 0, statistic }));
    expect(directionConfidence(readings, calibration)).toBeLessThan(0.53);
    expect(Math.abs(calibration.accuracy - 0.5)).toBeLessThan(0.04);
  });

  it("stays finite where the statistic tells all, and wants enough examples of several fields", () => {
    const clear = normals(30, 100, 6);
    const calibration = calibrateDirection(clear) ?? expect.fail("no calibration");
    expect(Number.isFinite(calibration.gain)).toBe(true);
    expect(calibration.accuracy).toBe(1);
    expect(calibrateDirection(clear.slice(0, 20))).toBeUndefined();
    expect(calibrateDirection(clear.map((one) => ({ ...one, up: true })))).toBeUndefined();
    expect(calibrateDirection(clear.map((one) => ({ ...one, group: 0 })))).toBeUndefined();
    expect(directionConfidence([], calibration)).toBe(0.5);
  });
});

describe("the direction that a network knows", { timeout: 60_000 }, () => {
  /** Two fields of small beads near the middle, so that planes above and below are out of focus in a known direction. */
  const sources = (async (): Promise<{ source: PairSource }[]> => {
    const own = {
      size: 128,
      planes: 13,
      z_step: 1,
      specimen: { kind: "beads", beads: 200, depth_range: [-1, 1], diameter: [0.5, 1] },
    };
    const simulator = createSimulator({ ...shippedRecipe("beads"), ...own, seed: 3 });
    const fields = [await simulator.field(0), await simulator.field(1)];
    return fields.map(
      ({
        images: {
          stack: { stack },
        },
      }) => {
        const { depth, height, width } = stack;
        const data = Float32Array.from(stack.data, (v) => v / 1000);
        return {
          source: {
            name: "beads",
            data,
            depth,
            height,
            width,
            offsets: [0],
            distances: [],
            zStep: 1,
            pixelSize: 0.325,
          },
        };
      },
    );
  })();
  const range = [-4, 4] as const;
  const window = (source: PairSource, z: number): Plane => ({
    ...planeOf(
      { ...source, dtype: "float32", pixelSize: { y: 0.325, x: 0.325 } },
      Math.min(source.depth - 1, Math.max(0, z)),
    ),
  });
  /** A network that shows the true plane, or, where it does not know the direction, the mean of both. */
  async function measure(knows: boolean) {
    const all = (await sources).map(({ source }) => source);
    // The network gets pixels alone; here it looks up where they come from.
    const placeOf = (plane: Plane) => {
      for (const source of all) {
        for (let z = 0; z < source.depth; z++) {
          if (window(source, z).data.every((v, i) => v === plane.data[i])) return { source, z };
        }
      }
      throw new Error("an unknown plane");
    };
    return measureDirection(all, range, window, async (plane, distance) => {
      const { source, z } = placeOf(plane);
      const [there, other] = [window(source, z + distance), window(source, z - distance)];
      return knows ? there : { ...there, data: there.data.map((v, i) => (v + other.data[i]) / 2) };
    });
  }

  it("of one that knows it is nearly always right", async () => {
    const calibration = (await measure(true)) ?? expect.fail("no calibration");
    expect(calibration.regions).toBeGreaterThan(50);
    expect(calibration.accuracy).toBeGreaterThan(0.95);
    expect(probabilityUp(2, calibration)).toBeGreaterThan(0.9);
    expect(probabilityUp(-2, calibration)).toBeLessThan(0.1);
  });

  it("of one that averages both is a guess", async () => {
    const calibration = (await measure(false)) ?? expect.fail("no calibration");
    expect(Math.abs(calibration.accuracy - 0.5)).toBeLessThan(0.15);
    expect(Math.abs(probabilityUp(0, calibration) - 0.5)).toBeLessThan(0.1);
  });

  it("is asked for at half and all of what was learnt to both sides", () => {
    expect(directionDistances([-4, 3])).toEqual([1.5, 3]);
    expect(directionDistances([0, 3])).toEqual([]);
  });

  it("leaves empty regions out", async () => {
    const height = 144;
    const random = new Random(1);
    const half = (gain: number): Plane => ({
      height,
      width: height,
      data: Float32Array.from({ length: height * height }, (_, i) =>
        i % height < 72 ? gain * random.uniform() : 0.001 * random.uniform(),
      ),
    });
    const meter = createDirectionMeter({ height, width: height });
    meter.add(half(2), 1);
    meter.add(half(1), -1);
    const readings = meter.result();
    expect(readings.length).toBeGreaterThan(5);
    for (const { x, statistic } of readings) {
      expect(x).toBeLessThan(100);
      expect(statistic).toBeGreaterThan(0.5);
    }
  });
});
