import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { expose } from "../src/optics/camera/camera.ts";
import { drawBall } from "../src/optics/phantom/ball.ts";
import { ballsOf, beadKinds } from "../src/optics/phantom/bead.ts";
import { createBeadSimulator, simulateBeads } from "../src/optics/simulate-beads.ts";
import type { SimulateBeadsOptions } from "../src/optics/simulate-beads-options.ts";

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const variance = (values: ArrayLike<number>) => {
  const m = mean(values);
  return Array.from(values).reduce((a, b) => a + (b - m) ** 2, 0) / values.length;
};
const indexOfMax = (values: ArrayLike<number>) =>
  Array.from(values).reduce((best, v, i, all) => (v > all[best] ? i : best), 0);
const each = (stack: Stack) => Array.from({ length: stack.depth }, (_, z) => planeOf(stack, z).data);

const small = { size: 64, beads: 3, diameter: [1, 3], depth_range: [-2, 2], planes: 5 } satisfies SimulateBeadsOptions;

describe("drawing balls", () => {
  it("gives the volume, whatever the slices, position and radius, and wraps at the edges", () => {
    const random = new Random(1);
    for (let trial = 0; trial < 20; trial++) {
      const radius = random.between(0.4, 4);
      const ball = { x: random.between(0, 16), y: random.between(0, 16), z: random.between(-1, 1), radius, density: 2 };
      const thickness = random.between(0.2, 3);
      let sum = 0;
      for (let bottom = -6; bottom < 6; bottom += thickness) {
        const image = new Float32Array(64 * 64);
        drawBall(image, { height: 64, width: 64, pixelSize: 0.25, bottom, top: bottom + thickness }, ball);
        sum += image.reduce((a, b) => a + b, 0) * 0.25 ** 2;
      }
      expect(sum / (2 * (4 / 3) * Math.PI * radius ** 3)).toBeCloseTo(1, 2);
    }
  });

  it("puts the centre of pixel i at i x pixelSize, symmetric about it", () => {
    const image = new Float32Array(32 * 32);
    const ball = { x: 5, y: 8, z: 0, radius: 1.6, density: 1 };
    drawBall(image, { height: 32, width: 32, pixelSize: 0.5, bottom: -2, top: 2 }, ball);
    expect(image[16 * 32 + 10]).toBeCloseTo(3.2, 1);
    for (let d = 1; d < 6; d++) {
      expect(image[16 * 32 + 10 + d]).toBeCloseTo(image[16 * 32 + 10 - d], 5);
      expect(image[(16 + d) * 32 + 10]).toBeCloseTo(image[16 * 32 + 10 + d], 5);
    }
    // A slab through the middle holds a disc of its own thickness; one beyond the ball nothing.
    const slab = new Float32Array(32 * 32);
    drawBall(slab, { height: 32, width: 32, pixelSize: 0.5, bottom: 0, top: 0.1 }, ball);
    expect(slab[16 * 32 + 10]).toBeCloseTo(0.1, 6);
    const beyond = new Float32Array(32 * 32);
    drawBall(beyond, { height: 32, width: 32, pixelSize: 0.5, bottom: 1.6, top: 2 }, ball);
    expect(beyond.every((v) => v === 0)).toBe(true);
  });

  it("makes beads of every kind as bright as asked, shells hollow, speckles inside", () => {
    for (const kind of beadKinds) {
      const bead = { kind, x: 1, y: 2, z: 3, diameter: 4, brightness: 0.5 };
      const balls = ballsOf(bead, new Random(2));
      const light = balls.reduce((sum, b) => sum + b.density * (4 / 3) * Math.PI * b.radius ** 3, 0);
      expect(light / (Math.PI * 2 ** 2)).toBeCloseTo(0.5, 10);
      for (const b of balls) expect(Math.hypot(b.x - 1, b.y - 2, b.z - 3) + b.radius).toBeLessThan(2 + 1e-9);
      expect(balls.length).toBe(kind === "solid" ? 1 : kind === "shell" ? 2 : 23);
    }
    const [outer, inner] = ballsOf({ kind: "shell", x: 0, y: 0, z: 0, diameter: 4, brightness: 1 }, new Random(0));
    expect(outer.density + inner.density).toBe(0);
  });
});

describe("a camera", () => {
  it("adds photon and read noise of the right size, and saturates", () => {
    const camera = { photons: 1, background: 0, readNoise: 3, gain: 2, offset: 100 };
    for (const electrons of [5, 400]) {
      const expected = new Float32Array(40000).fill(100 + 2 * electrons);
      const counts = new Float32Array(expected.length);
      expose(camera, expected, counts, new Random(1));
      expect(mean(counts) / (100 + 2 * electrons)).toBeCloseTo(1, 2);
      // Poisson + read noise in counts, and 1/12 from rounding.
      expect(variance(counts) / (4 * (electrons + 9) + 1 / 12)).toBeCloseTo(1, 1);
      expect(counts.every((c) => Number.isInteger(c))).toBe(true);
    }
    const bright = new Float32Array(10);
    expose(camera, new Float32Array(10).fill(2e5), bright, new Random(1));
    expect([...bright]).toEqual(new Array(10).fill(65535));
  });
});

describe("simulated beads", () => {
  it("by default: 14 planes of 256 x 256, sharpest at plane 7, counts of a 16-bit camera", async () => {
    const { stack, truth, beads, options, warnings } = await simulateBeads();
    expect([stack.depth, stack.height, stack.width, stack.dtype]).toEqual([14, 256, 256, "uint16"]);
    expect(stack.pixelSize).toEqual({ y: 0.325, x: 0.325 });
    expect(stack.zStep).toBe(1);
    expect(stack.optics).toEqual({ na: 0.8, wavelength: 0.515, refractiveIndex: 1 });
    expect(truth.dtype).toBe("float32");
    expect(beads).toHaveLength(40);
    expect(options.focus_plane).toBe(7);
    expect(warnings.join()).toMatch(/0.325 um is coarser than .* 0.161/);
    expect(stack.data.every((c) => Number.isInteger(c) && c >= 0 && c <= 65535)).toBe(true);
    const sharpness = each(truth).map((plane) => variance(plane));
    expect(Math.abs(indexOfMax(sharpness) - 7)).toBeLessThanOrEqual(1);
    expect(Math.max(...sharpness)).toBeGreaterThan(3 * Math.max(sharpness[0], sharpness[13]));
    // Brightest point, background, and noise about the truth.
    const brightest = truth.data.reduce((a, b) => Math.max(a, b));
    expect(brightest).toBeCloseTo(100 + 2 * (20 + 3000), 0);
    expect(truth.data.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(140);
    let sum = 0;
    for (let i = 0; i < truth.data.length; i++) {
      const electrons = (truth.data[i] - 100) / 2;
      sum += (stack.data[i] - truth.data[i]) ** 2 / (4 * (electrons + 1.5 ** 2) + 1 / 12);
    }
    expect(sum / truth.data.length).toBeCloseTo(1, 2);
  });

  it("are the same bytes for the same seed, and other ones for another", async () => {
    const first = await simulateBeads({ ...small, seed: 5 });
    const again = await simulateBeads(first.options);
    expect(again.stack.data).toEqual(first.stack.data);
    expect(again.truth.data).toEqual(first.truth.data);
    expect(again.beads).toEqual(first.beads);
    const other = await simulateBeads({ ...small, seed: 6 });
    expect(other.stack.data).not.toEqual(first.stack.data);
    const simulator = createBeadSimulator(small);
    await simulator.simulate(6);
    const fromSimulator = await simulator.simulate(5);
    expect(fromSimulator.stack.data).toEqual(first.stack.data);
    expect(fromSimulator.options).toEqual(first.options);
  });

  it("are in focus where and at which height they say", async () => {
    for (const z of [-2, 0, 3]) {
      const { truth, beads } = await simulateBeads({
        size: 64,
        beads: 1,
        diameter: [1, 1],
        bead_kinds: ["solid"],
        depth_range: [z, z],
        planes: 11,
        seed: 3,
      });
      const [bead] = beads;
      expect(bead.z).toBe(z);
      const at = Math.round(bead.y / 0.325) * 64 + Math.round(bead.x / 0.325);
      const axial = each(truth).map((plane) => plane[at]);
      expect(indexOfMax(axial)).toBe(5 + z);
      const lateral = indexOfMax(planeOf(truth, 5 + z).data);
      expect(Math.abs((lateral % 64) * 0.325 - bead.x)).toBeLessThan(0.33);
      expect(Math.abs(Math.floor(lateral / 64) * 0.325 - bead.y)).toBeLessThan(0.33);
    }
  });

  it("look the same on both sides of focus, unless the lens is aberrated", async () => {
    const asymmetry = async (aberration: number) => {
      const { truth } = await simulateBeads({
        ...small,
        depth_range: [0, 0],
        bead_kinds: ["solid"],
        spherical_aberration: aberration,
        planes: 7,
      });
      const above = planeOf(truth, 6).data;
      const below = planeOf(truth, 0).data;
      return mean(above.map((v, i) => Math.abs(v - below[i]))) / Math.sqrt(variance(above));
    };
    expect(await asymmetry(0)).toBeLessThan(1e-4);
    expect(await asymmetry(0.2)).toBeGreaterThan(0.05);
  });

  it("spill light into the field from outside: out of focus, its rim is as bright as its middle", async () => {
    const { truth } = await simulateBeads({
      size: 64,
      beads: 20,
      diameter: [1, 1.5],
      depth_range: [14, 16],
      planes: 1,
      background: 0,
      offset: 0,
    });
    const rim: number[] = [];
    const middle: number[] = [];
    truth.data.forEach((v, i) => {
      const edge = Math.min(i % 64, 63 - (i % 64), Math.floor(i / 64), 63 - Math.floor(i / 64));
      if (edge < 6) rim.push(v);
      if (edge > 20) middle.push(v);
    });
    // Light cut at the border would leave half or less.
    expect(mean(rim) / mean(middle)).toBeGreaterThan(0.8);
    expect(mean(rim) / mean(middle)).toBeLessThan(1.25);
  });

  it("do not touch each other", async () => {
    const { beads } = await simulateBeads({ ...small, beads: 25, diameter: [2, 3], size: 96, planes: 1 });
    beads.forEach((a, i) => {
      for (const b of beads.slice(0, i)) {
        expect(Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z)).toBeGreaterThanOrEqual((a.diameter + b.diameter) / 2);
      }
      for (const v of [a.x, a.y]) {
        expect(v).toBeGreaterThanOrEqual(0);
        expect(v).toBeLessThan(96 * 0.325);
      }
    });
  });

  it("may be none: background and noise alone", async () => {
    const { stack, truth } = await simulateBeads({ ...small, beads: 0, background: 50 });
    expect(truth.data.every((v) => v === 200)).toBe(true);
    expect(mean(stack.data)).toBeCloseTo(200, 0);
  });

  it("report their progress and stop on request", async () => {
    const seen: number[] = [];
    await simulateBeads(small, { onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    const controller = new AbortController();
    const stopped = simulateBeads(small, {
      signal: controller.signal,
      onProgress: ({ done }) => done === 2 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  });

  it("refuse options that cannot be", async () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ na: 1.2 }, /na is 1\.2: expected below the refractive index 1/],
      [{ NA: 0.5 }, /NA is 0\.5: no such key; expected one of na, wavelength/],
      [{ planes: 0 }, /planes is 0/],
      [{ planes: 3, focus_plane: 3 }, /focus_plane is 3: expected an index below planes, 3/],
      [{ depth_range: [3, -3] }, /depth_range is \[3,-3\]: .*low first/],
      [{ diameter: [0, 3] }, /diameter/],
      [{ bead_kinds: ["cube"] }, /bead_kinds/],
      [{ photons: "many" }, /photons is "many"/],
      [{ seed: -1 }, /seed/],
      [{ size: 20000 }, /need about .* GiB/],
      [{ planes: 1e6 }, /need about .* GiB|planes/],
      [{ ...small, beads: 20000 }, /no room for bead/],
    ];
    for (const [options, message] of cases) {
      const attempt = simulateBeads(options as SimulateBeadsOptions);
      await expect(attempt).rejects.toThrow(message);
      await expect(simulateBeads(options as SimulateBeadsOptions)).rejects.toBeInstanceOf(ParfocalError);
    }
  });
});
