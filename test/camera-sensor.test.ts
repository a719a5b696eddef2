/** A camera's noise and faults: what statistics of its exposures must be. */
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { type CameraOptions, cameraOptions } from "../src/optics/camera/camera-options.ts";
import { createSensor, expectedCounts, exposeSensor } from "../src/optics/camera/sensor.ts";

const side = 128;
const size = side * side;

/** Counts of several exposures of an even field. */
function record(given: Partial<CameraOptions>, intensity: number, exposures = 1, seed = 1) {
  const options = cameraOptions.parse(given);
  const sensor = createSensor(options, { height: side, width: side });
  const expected = new Float32Array(exposures * size).fill(expectedCounts(options, intensity));
  const counts = new Float32Array(expected.length);
  exposeSensor(sensor, expected, counts, new Random(seed));
  return { options, sensor, counts };
}

function statistics(values: ArrayLike<number>): { mean: number; variance: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, v) => sum + v, 0) / all.length;
  return { mean, variance: all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (all.length - 1) };
}

describe("a camera", () => {
  test.each([
    [0.001, 1],
    [0.1, 1],
    [1, 3],
  ])(
    "photon transfer: variance is gain x signal + (gain x read noise)^2 at intensity %f, gain %f",
    (intensity, gain) => {
      const { counts, options } = record({ gain, read_noise: 2, background: 5 }, intensity);
      const { mean, variance } = statistics(counts);
      const signal = gain * (5 + 3000 * intensity);
      expect(Math.abs(mean - options.offset - signal)).toBeLessThan(4 * Math.sqrt(variance / size));
      // Whole counts add 1/12. The variance of a variance: 2 / n of its square.
      const theory = gain * signal + (gain * 2) ** 2 + 1 / 12;
      expect(Math.abs(variance / theory - 1)).toBeLessThan(4 * Math.sqrt(2 / size));
    },
  );

  test("counts end where the bits do, and never below 0", () => {
    const { counts } = record({ bit_depth: 12, gain: 2 }, 2);
    expect(Math.min(...counts)).toBe(4095);
    expect(Math.max(...record({ gain: 20 }, 3).counts)).toBe(65535);
    const dark = record({ offset: 1, read_noise: 5, background: 0 }, 0).counts;
    expect(Math.min(...dark)).toBe(0);
    expect(dark.every(Number.isInteger)).toBe(true);
  });

  test("without faults every pixel is alike, with them a pattern stays from exposure to exposure", () => {
    const exposures = 24;
    const patternOf = (given: Partial<CameraOptions>, seed = 1) => {
      const { counts } = record(given, 1, exposures, seed);
      return Float64Array.from({ length: size }, (_, i) => {
        let sum = 0;
        for (let j = 0; j < exposures; j++) sum += counts[j * size + i];
        return sum / exposures;
      });
    };
    const noise = statistics(patternOf({})).variance;
    const gains = statistics(patternOf({ gain_spread: 0.05 })).variance - noise;
    expect(Math.sqrt(gains) / (2 * 3020)).toBeCloseTo(0.05, 2);
    const offsets = statistics(patternOf({ offset_spread: 60 })).variance - noise;
    expect(Math.sqrt(offsets) / 60).toBeCloseTo(1, 1);
    const [a, b] = [patternOf({ offset_spread: 60 }, 1), patternOf({ offset_spread: 60 }, 2)];
    const apart = statistics(a.map((v, i) => v - b[i])).variance;
    expect(apart / (2 * noise)).toBeCloseTo(1, 1);
    const other = patternOf({ offset_spread: 60, sensor_seed: 7 });
    expect(statistics(a.map((v, i) => v - other[i])).variance).toBeGreaterThan(60 ** 2);
  });

  test("read noise differs from pixel to pixel as on an sCMOS sensor", () => {
    const { sensor } = record({ read_noise: 1.2, read_noise_spread: 0.5 }, 0);
    const logs = statistics(sensor.readNoise.map(Math.log));
    expect(Math.exp(logs.mean)).toBeCloseTo(1.2, 1);
    expect(Math.sqrt(logs.variance)).toBeCloseTo(0.5, 1);
  });

  test("hot pixels are as many and as hot as was said, and stay where they are", () => {
    const { sensor, counts } = record({ hot_pixels: 0.02, hot_pixel_electrons: 800, background: 0 }, 0, 2);
    expect(sensor.hotPixels.length / size).toBeCloseTo(0.02, 2);
    const charge = statistics(sensor.hotPixels.map((i) => sensor.dark[i])).mean;
    expect(Math.abs(charge / 800 - 1)).toBeLessThan(0.25);
    for (const i of sensor.hotPixels) {
      for (const start of [0, size]) {
        const seen = (counts[start + i] - 100) / 2;
        expect(Math.abs(seen - sensor.dark[i])).toBeLessThan(6 * Math.sqrt(sensor.dark[i] + 3) + 1);
      }
    }
    const bright = counts.subarray(0, size).filter((v) => v > 140).length;
    expect(bright).toBeLessThanOrEqual(sensor.hotPixels.length);
    expect(bright).toBeGreaterThan(0.9 * sensor.hotPixels.length);
  });

  test("vignetting falls as cos^4 to what was asked for in the corners", () => {
    const { sensor } = record({ vignetting: 0.4 }, 1);
    const at = (y: number, x: number) => sensor.light[y * side + x];
    for (const [y, x] of [
      [0, 0],
      [0, side - 1],
      [side - 1, 0],
      [side - 1, side - 1],
    ])
      expect(at(y, x)).toBeCloseTo(0.6, 5);
    // Half way to the corner, tan is half of that in the corner, whose cos^4 is 0.6.
    const tangent = Math.tan(Math.acos(0.6 ** 0.25)) / 2;
    expect(at((side - 1) / 4 + 0.25, (side - 1) / 4 + 0.25)).toBeCloseTo(Math.cos(Math.atan(tangent)) ** 4, 2);
    expect(Math.max(...sensor.light)).toBeGreaterThan(0.999);
    expect(record({}, 1).sensor.light.every((v) => v === 1)).toBe(true);
  });

  test("unknown keys, and exposures of another size, are refused", () => {
    expect(cameraOptions.safeParse({ photon: 3 }).success).toBe(false);
    expect(cameraOptions.safeParse({ bit_depth: 20 }).success).toBe(false);
    const { sensor } = record({}, 0);
    const one = new Float32Array(size + 1);
    expect(() => exposeSensor(sensor, one, one.slice(), new Random(1))).toThrow(/exposures of 128 x 128/);
  });
});
