import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import type { Image } from "../src/image/image.ts";
import type { ImageFile } from "../src/image/image-file.ts";
import { imageOfStack } from "../src/image/stack-image.ts";
import { type FocusSample, focusSurface } from "../src/models/apply/auto-surface.ts";
import { findSurface } from "../src/models/apply/find-surface.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { openRefocusable } from "../src/models/apply/refocus-image.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { tinyModel } from "./helpers/tiny-model.ts";

const size = { width: 200, height: 160 };
const whole = { x: 0, y: 0, ...size };
type Shape = (x: number, y: number) => number;

/** Centres of regions over the field, with what the shape says there. */
function samplesOf(shape: Shape, change: (sample: FocusSample, i: number) => FocusSample = (s) => s): FocusSample[] {
  const samples: FocusSample[] = [];
  for (let y = 20; y < size.height; y += 30)
    for (let x = 20; x < size.width; x += 32) samples.push({ x, y, z: shape(x, y), confidence: 1 });
  return samples.map(change);
}
function worst(map: Float32Array, shape: Shape, margin = 20): number {
  let most = 0;
  for (let y = margin; y < size.height - margin; y++) {
    for (let x = margin; x < size.width - margin; x++) {
      most = Math.max(most, Math.abs(map[y * size.width + x] - shape(x, y)));
    }
  }
  return most;
}

describe("a surface through regions", () => {
  const tilt: Shape = (x, y) => 0.02 * (x - 100) - 0.01 * (y - 80);
  const bowl: Shape = (x, y) => 3e-4 * ((x - 90) ** 2 + (y - 70) ** 2) - 1;

  it("is a tilted or bent slip where they lie on one", async () => {
    for (const shape of [tilt, bowl]) {
      const surface = focusSurface(samplesOf(shape), size, 40);
      expect(worst(await surface.read(whole), shape)).toBeLessThan(0.06);
    }
  });

  it("passes over regions that are far off or not sure, which a plain mean does not", async () => {
    const random = new Random(2);
    const spoiled = samplesOf(tilt, (sample, i) => {
      if (i % 7 === 3) return { ...sample, z: random.between(-30, 30), confidence: 0.001 };
      return { ...sample, z: sample.z + 0.05 * random.normal() };
    });
    expect(worst(await focusSurface(spoiled, size, 40).read(whole), tilt)).toBeLessThan(0.25);
    expect(spoiled.some(({ z }) => Math.abs(z) > 10)).toBe(true);
  });

  it("follows regions that lie at heights of their own", async () => {
    const steps: Shape = (x) => (x < 100 ? -2 : 2);
    const map = await focusSurface(samplesOf(steps), size, 12).read(whole);
    for (const [x, z] of [
      [20, -2],
      [52, -2],
      [148, 2],
      [180, 2],
    ]) {
      expect(map[80 * size.width + x]).toBeCloseTo(z, 0);
    }
  });

  it("stays within the distances that were found, and is the same read in parts", async () => {
    const surface = focusSurface(samplesOf(bowl), size, 40);
    const map = await surface.read(whole);
    const found = samplesOf(bowl).map(({ z }) => z);
    expect(Math.min(...map)).toBeGreaterThanOrEqual(Math.min(...found) - 1e-6);
    expect(Math.max(...map)).toBeLessThanOrEqual(Math.max(...found) + 1e-6);
    const part = await surface.read({ x: 33, y: 41, width: 50, height: 20 });
    for (let y = 0; y < 20; y++) {
      for (let x = 0; x < 50; x++) expect(part[y * 50 + x]).toBe(map[(41 + y) * size.width + 33 + x]);
    }
  });

  it("of one region or two is level", async () => {
    const map = await focusSurface([{ x: 50, y: 50, z: 1.5, confidence: 0.3 }], size, 40).read(whole);
    expect(new Set(map)).toEqual(new Set([1.5]));
  });
});

/** A file in memory. */
function fileOf(image: Image): ImageFile {
  const [height, width] = image.shape.slice(-2);
  return {
    ...image,
    path: "memory",
    format: "imagej",
    close: async () => undefined,
    async readPlane({ z = 0 }, region = { x: 0, y: 0, width, height }) {
      const out = new Float32Array(region.width * region.height);
      for (let y = 0; y < region.height; y++) {
        for (let x = 0; x < region.width; x++) {
          out[y * region.width + x] = image.data[(z * height + region.y + y) * width + region.x + x];
        }
      }
      return out;
    },
  } as ImageFile;
}

describe("finding the surface", () => {
  it("of a tilted specimen in a stack: within a fraction of the depth of field everywhere", {
    timeout: 30_000,
  }, async () => {
    const own = {
      size: 192,
      planes: 17,
      z_step: 0.5,
      stage: { tilt: [2, -3] },
      specimen: { kind: "beads", beads: 120, depth_range: [-0.2, 0.2], diameter: [0.5, 1.5] },
    };
    const { images, focusPlane } = await createSimulator({ ...shippedRecipe("beads"), ...own, seed: 5 }).field(0);
    const { stack } = images.stack;
    const { x: pixel } = stack.pixelSize ?? { x: Number.NaN };
    const model = tinyModel({ pixel_size: pixel });
    const first = focusPlane + 2;
    // No network is needed for a stack.
    const found = await findSurface(
      await openRefocusable(model, {} as Runtime, fileOf(imageOfStack(stack, "stack")), { planes: [first] }),
    );
    expect(found.from).toBe("stack");
    const map = await found.read({ x: 0, y: 0, width: 192, height: 192 });
    const slope = (degrees: number) => Math.tan((degrees * Math.PI) / 180) * pixel;
    let [sum, flat] = [0, 0];
    for (let y = 0; y < 192; y++) {
      for (let x = 0; x < 192; x++) {
        const truth = -(slope(2) * (y - 95.5) + slope(-3) * (x - 95.5));
        // Distances count from the input plane, 1 um above the middle.
        sum += (map[y * 192 + x] - (truth - 1)) ** 2;
        flat += truth ** 2;
      }
    }
    const rms = Math.sqrt(sum / map.length);
    expect(Math.sqrt(flat / map.length)).toBeGreaterThan(0.9);
    expect(rms).toBeLessThan(0.25);
  });

  const width = 160;
  const bowl = (x: number, y: number): number => 3e-4 * ((x - 80) ** 2 + (y - 80) ** 2) - 1.5;

  /** A perfect network in place of a runtime: its input planes hold x and y, and it shows a texture as blurred as `surface` says. */
  function oracle(surface: (x: number, y: number) => number): { runtime: Runtime; file: ImageFile } {
    const random = new Random(8);
    const plane = { data: Float32Array.from({ length: width * width }, () => random.uniform()), height: width, width };
    const levels = Array.from({ length: 60 }, (_, i) => gaussianFilter(plane, 0.7 + 0.1 * i).data);
    const counts = new Float32Array(2 * width * width);
    for (let i = 0; i < width * width; i++) [counts[i], counts[width * width + i]] = [i % width, Math.floor(i / width)];
    const image: Image = {
      axes: "ZYX",
      shape: [2, width, width],
      dtype: "float32",
      data: counts,
      zStep: 1,
      pixelSize: { y: 0.3, x: 0.3 },
    };
    const { low, high } = normalisationOf(counts, 1, 99.9, "counts");
    const runtime = {
      open: async () => ({
        async run(_: string, { image: { data, shape } }: { image: { data: Float32Array; shape: number[] } }) {
          const n = shape[2] * shape[3];
          const refocused = new Float32Array(n);
          for (let i = 0; i < n; i++) {
            const [x, y] = [data[i], data[n + i]].map((v) => Math.round(v * (high - low) + low));
            const off = Math.abs(data[2 * n + i] * 10 - surface(x, y));
            refocused[i] = levels[Math.min(59, Math.round(8 * off))][y * width + x];
          }
          return { refocused: { type: "float32", shape: [1, 1, shape[2], shape[3]], data: refocused } };
        },
        close: async () => undefined,
      }),
    } as unknown as Runtime;
    return { runtime, file: fileOf(image) };
  }

  it("of two planes, by what a perfect network makes of them at each distance", { timeout: 30_000 }, async () => {
    const model = tinyModel({ input_offsets: [0, 1], distance_range: [-4, 4], z_step: 0.5, optics: {} });
    const { runtime, file } = oracle(bowl);
    const done: number[] = [];
    const found = await findSurface(await openRefocusable(model, runtime, file, {}), {
      tile: 40,
      onProgress: ({ done: n }) => done.push(n),
    });
    expect(found.from).toBe("scan");
    expect(done).toEqual(Array.from({ length: 17 }, (_, i) => i + 1));
    const map = await found.read({ x: 0, y: 0, width, height: width });
    let sum = 0;
    for (let i = 0; i < map.length; i++) sum += (map[i] - bowl(i % width, Math.floor(i / width))) ** 2;
    expect(Math.sqrt(sum / map.length)).toBeLessThan(0.4);
  });

  it("fails where no distance makes anything sharp", async () => {
    const model = tinyModel({ input_offsets: [0, 1], distance_range: [-2, 2], optics: {} });
    const { file } = oracle(bowl);
    const blank = {
      open: async () => ({
        async run(_: string, { image: { shape } }: { image: { shape: number[] } }) {
          const data = new Float32Array(shape[2] * shape[3]).fill(0.5);
          return { refocused: { type: "float32", shape: [1, 1, shape[2], shape[3]], data } };
        },
        close: async () => undefined,
      }),
    } as unknown as Runtime;
    const failure = await findSurface(await openRefocusable(model, blank, file, {})).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ParfocalError);
    expect((failure as ParfocalError).message).toMatch(/no distance brings any region into focus/);
  });
});
