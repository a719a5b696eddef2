import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import type { Grid } from "../src/array/grid.ts";
import { Random } from "../src/array/random.ts";
import { measureChannelShift, measureDrift, measureShift } from "../src/array/registration.ts";
import { translate } from "../src/array/resample.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { withNoise } from "./helpers/noise.ts";
import { haveRealData, mitochondria, nucleus, readStack } from "./helpers/real-data.ts";

/** Soft blobs, `[y, x]`, about 0 to 100. */
function texture(height: number, width: number, seed: number): Grid {
  const random = new Random(seed);
  const data = Float32Array.from({ length: height * width }, () => (random.uniform() > 0.99 ? 1000 : 0));
  return gaussianFilter({ data, height, width }, 1.5);
}

/** Every plane of a stack moved on by (dy, dx) more than the one before. */
function drifting(stack: Stack, dy: number, dx: number): Stack {
  const data = new Float32Array(stack.data.length);
  for (let z = 0; z < stack.depth; z++)
    data.set(translate(planeOf(stack, z), { dy: z * dy, dx: z * dx }).data, z * stack.height * stack.width);
  return { ...stack, data };
}

/** A texture through focus: blur widens away from the middle, brightness falls, noise everywhere. */
function throughFocus(depth: number, seed: number): Stack {
  const [height, width] = [100, 120];
  const sharp = texture(height, width, seed);
  const data = new Float32Array(depth * height * width);
  for (let z = 0; z < depth; z++) {
    const blurred = gaussianFilter(sharp, 0.01 + 0.5 * Math.abs(z - depth / 2));
    data.set(withNoise(blurred, 2, seed + z).data, z * height * width);
  }
  return { data, depth, height, width, dtype: "float32" };
}

describe("the shift between two planes", () => {
  it("is found to a tenth of a pixel, with noise and another brightness", () => {
    const shifts = fc.double({ min: -9, max: 9, noNaN: true });
    fc.assert(
      fc.property(shifts, shifts, fc.nat(), (dy, dx, seed) => {
        const whole = texture(130, 150, seed);
        const moved = withNoise(translate(whole, { dy, dx }), 1, seed + 1);
        const found = measureShift(withNoise(whole, 1, seed + 2), {
          ...moved,
          data: moved.data.map((v) => 3 * v + 70),
        });
        expect(Math.hypot(found.dy - dy, found.dx - dx)).toBeLessThan(0.1 + 0.02 * Math.hypot(dy, dx));
        expect(found.significance).toBeGreaterThan(16);
      }),
      { seed: 7, numRuns: 15 },
    );
  });

  it("of unrelated or empty planes is not significant", () => {
    for (let seed = 0; seed < 10; seed++) {
      expect(measureShift(texture(90, 90, seed), texture(90, 90, seed + 100)).significance).toBeLessThan(16);
    }
    const flat = { data: new Float32Array(64).fill(5), height: 8, width: 8 };
    expect(measureShift(flat, flat)).toEqual({ dy: 0, dx: 0, quality: 0, significance: 0 });
  });
});

describe("drift over a stack", () => {
  it("is followed plane by plane, through defocus and noise", () => {
    const still = measureDrift(throughFocus(20, 1));
    expect(still.range).toBeLessThan(1);
    expect(still.drifted).toBe(false);
    const { path, range, confidence, drifted } = measureDrift(drifting(throughFocus(20, 1), 0.3, -0.4));
    expect(drifted).toBe(true);
    expect(confidence).toBeGreaterThan(0.9);
    expect(range).toBeGreaterThan(8.5);
    expect(range).toBeLessThan(10);
    expect(path.length).toBe(20);
    // Relative to the sharp middle: the first plane, the origin, is blurred by 5 pixels and known to half a pixel.
    const middle = path[10];
    path.forEach(({ dy, dx }, z) => {
      const error = Math.hypot(dy - middle.dy - 0.3 * (z - 10), dx - middle.dx + 0.4 * (z - 10));
      expect(error).toBeLessThan(z >= 4 && z <= 15 ? 0.2 : 0.6);
    });
  });

  it("sees a single jump", () => {
    const stack = throughFocus(16, 2);
    const size = stack.height * stack.width;
    for (let z = 9; z < 16; z++) stack.data.set(translate(planeOf(stack, z), { dy: 3, dx: -2 }).data, z * size);
    const { path, drifted } = measureDrift(stack);
    expect(drifted).toBe(true);
    expect(Math.hypot(path[9].dy - path[8].dy - 3, path[9].dx - path[8].dx + 2)).toBeLessThan(0.3);
  });

  it("of a deep stack of large planes is measured on fewer and smaller ones, in pixels of the stack", () => {
    const [height, width] = [32, 1200];
    const base = texture(height, width, 5);
    const depth = 66;
    const data = new Float32Array(depth * height * width);
    for (let z = 0; z < depth; z++) data.set(translate(base, { dy: 0, dx: 0.2 * z }).data, z * height * width);
    const { path, drifted } = measureDrift({ data, depth, height, width });
    expect(path.length).toBe(depth);
    expect(drifted).toBe(true);
    expect(Math.abs(path[64].dx - 12.8)).toBeLessThan(0.6);
  });

  it("is not seen in structure that leans each its own way, but in the same structure on a moving stage", () => {
    // Short rods through 15 planes, each tilted by up to 2 pixels a plane in a direction of its own.
    const [depth, height, width] = [15, 192, 192];
    const random = new Random(12);
    const rods = Array.from({ length: 150 }, () => ({
      y: height * random.uniform(),
      x: width * random.uniform(),
      z: depth * random.uniform(),
      dy: 4 * random.uniform() - 2,
      dx: 4 * random.uniform() - 2,
    }));
    const stack = (drift: number) => {
      const data = new Float32Array(depth * height * width);
      for (let z = 0; z < depth; z++) {
        const points = new Float32Array(height * width);
        for (const rod of rods) {
          const away = z - rod.z;
          const y = Math.round(rod.y + away * rod.dy);
          const x = Math.round(rod.x + away * rod.dx + z * drift);
          if (y >= 0 && x >= 0 && y < height && x < width) points[y * width + x] += 3000 * Math.exp(-0.1 * away * away);
        }
        const blurred = gaussianFilter({ data: points, height, width }, 1.5);
        data.set(withNoise({ ...blurred, data: blurred.data.map((v) => v + 100) }, 3, 50 + z).data, z * height * width);
      }
      return { data, depth, height, width };
    };
    expect(measureDrift(stack(0)).drifted).toBe(false);
    const moving = measureDrift(stack(0.7));
    expect(moving.drifted).toBe(true);
    expect(Math.abs(moving.path[14].dx - 9.8)).toBeLessThan(2.5);
  });

  it("of one plane, or of noise, means nothing", () => {
    const random = new Random(8);
    const data = Float32Array.from({ length: 12 * 64 * 64 }, () => random.normal());
    expect(measureDrift({ data, depth: 12, height: 64, width: 64 })).toMatchObject({ confidence: 0, drifted: false });
    expect(measureDrift({ data, depth: 1, height: 64, width: 64 }).path).toEqual([{ dy: 0, dx: 0 }]);
  });
});

describe.skipIf(!haveRealData)("real stacks", () => {
  it("are not said to drift where they do not", async () => {
    // The confocal nucleus leans by 4.0 pixels (standard error 1.1), all bands alike; whether it drifted, nobody knows.
    const stacks = {
      "widefield nucleus": await nucleus(1),
      mitochondria: await mitochondria(),
      neurons: await readStack("isl_neurons_phase13/phase_contrast_z13.tif"),
      "coherent cell": await readStack("dhm_cell/on_axis.tif"),
      "yeast A": await readStack("yeast_brightfield_5z/evolve_testA_Brightfield.tif"),
      "yeast G": await readStack("yeast_brightfield_5z/evolve_testG_tp5_Brightfield.tif"),
      "yeast 95B": await readStack("yeast_brightfield_5z/prime95b_testA_Brightfield.tif"),
    };
    for (const [name, stack] of Object.entries(stacks))
      expect([name, measureDrift(stack).drifted]).toEqual([name, false]);
  });

  it("show the drift that is put into them", async () => {
    const { path, range, drifted } = measureDrift(drifting(await mitochondria(), 0.3, 0.4));
    expect(drifted).toBe(true);
    // They sway by up to 1.2 px of their own.
    expect(Math.abs(range - 16.5)).toBeLessThan(1.5);
    expect(Math.abs(path[20].dy - 6)).toBeLessThan(0.5);
    expect(
      measureDrift(drifting(await readStack("isl_neurons_phase13/phase_contrast_z13.tif"), 0.3, 0.4)).drifted,
    ).toBe(true);
  });

  it("the widefield nucleus lies about 4 pixels to the right of the confocal one", async () => {
    const { dy, dx, unregistered } = measureChannelShift(await nucleus(0), await nucleus(1));
    expect(unregistered).toBe(true);
    expect(Math.abs(dx - 4)).toBeLessThan(0.6);
    expect(Math.abs(dy)).toBeLessThan(0.6);
    expect(measureChannelShift(await nucleus(0), await nucleus(0)).unregistered).toBe(false);
  });
});
