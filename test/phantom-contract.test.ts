/** What every kind of specimen promises, whatever it is: seeds, densities, sides that wrap, the same specimen at any sampling. */
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import type { Stack } from "../src/image/image.ts";
import { stackPhantom } from "../src/optics/phantom/from-stack.ts";
import type { Phantom } from "../src/optics/phantom/phantom.ts";
import { phantomKinds, phantoms } from "../src/optics/phantom/phantoms.ts";
import type { Volume, VolumeGrid } from "../src/optics/phantom/volume.ts";

/** Two soft blobs, unlike each other, in a stack of 12 planes. */
function blobs(): Stack {
  const [depth, height, width] = [12, 40, 50];
  const data = new Float32Array(depth * height * width);
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const a = Math.exp(-((z - 4) ** 2) / 8 - ((y - 14) ** 2 + (x - 18) ** 2) / 40);
        const b = Math.exp(-((z - 8) ** 2) / 8 - ((y - 26) ** 2 + (x - 36) ** 2) / 20);
        data[(z * height + y) * width + x] = 100 + 500 * a + 300 * b;
      }
  return { data, depth, height, width, dtype: "uint16", pixelSize: { y: 0.4, x: 0.4 }, zStep: 0.8 };
}

interface Case {
  name: string;
  phantom: Phantom;
  options: Record<string, unknown>;
  /** Fine sampling, um; the coarse one is three times as wide. */
  pixelSize: number;
  sliceStep: number;
  pixels: number;
  /** RMS difference between the specimen on coarse voxels and the averaged fine ones, against its RMS. */
  tolerance: number;
  seeded: boolean;
}

const drawn = { pixelSize: 0.15, sliceStep: 0.2, pixels: 192, tolerance: 0.05, seeded: true };
const cases: Case[] = [
  { ...drawn, name: "beads", phantom: phantoms.beads, options: { beads: 150 } },
  { ...drawn, name: "beads by volume", phantom: phantoms.beads, options: { beads: 150, dye: "per_volume" } },
  { ...drawn, name: "nuclei", phantom: phantoms.nuclei, options: { nuclei: 50 }, tolerance: 0.07 },
  { ...drawn, name: "microtubules", phantom: phantoms.filaments, options: {}, tolerance: 0.1 },
  { ...drawn, name: "stress fibres", phantom: phantoms.filaments, options: { pattern: "parallel", width: 0.4 } },
  {
    ...drawn,
    name: "network",
    phantom: phantoms.filaments,
    options: { pattern: "random", depth_range: [-2, 1] },
    tolerance: 0.1,
  },
  { ...drawn, name: "mitochondria", phantom: phantoms.mitochondria, options: {} },
  { ...drawn, name: "worm", phantom: phantoms.worm, options: { length: 250, diameter: 12 }, tolerance: 0.07 },
  { ...drawn, name: "tissue", phantom: phantoms.tissue, options: { depth_range: [-6, 4] } },
  { ...drawn, name: "stack", phantom: stackPhantom(blobs()), options: {}, seeded: false, tolerance: 0.01 },
];

function fineGrid({ phantom, options, pixelSize, sliceStep, pixels }: Case): VolumeGrid {
  const [low, high] = phantom.extent(options);
  const depth = 3 * (Math.ceil((high - low) / sliceStep / 3) + 1);
  return {
    depth,
    height: pixels,
    width: pixels,
    pixelSize,
    sliceStep,
    bottom: (low + high - (depth - 1) * sliceStep) / 2,
  };
}

function coarseGrid(fine: VolumeGrid): VolumeGrid {
  return {
    depth: fine.depth / 3,
    height: fine.height / 3,
    width: fine.width / 3,
    pixelSize: 3 * fine.pixelSize,
    sliceStep: 3 * fine.sliceStep,
    bottom: fine.bottom + fine.sliceStep,
  };
}

/** Means of 3 x 3 x 3 voxels; the first coarse voxel is centred where the first fine one is, and the sides wrap. */
function averaged({ data, depth, height, width }: Volume): Float32Array {
  const [h, w] = [height / 3, width / 3];
  const out = new Float32Array((depth / 3) * h * w);
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const row = Math.floor((y + 1) / 3) % h;
        const column = Math.floor((x + 1) / 3) % w;
        out[(Math.floor(z / 3) * h + row) * w + column] += data[(z * height + y) * width + x] / 27;
      }
  return out;
}

const sum = (data: Float32Array) => data.reduce((a, b) => a + b, 0);

describe.each(cases)("$name", (one) => {
  const { phantom, options, tolerance, seeded } = one;
  const grid = fineGrid(one);
  const { volume, objects } = phantom.draw(grid, options, new Random(7));

  test("densities are 0 to 1, some of them well above 0, and all inside the extent", () => {
    const [low, high] = phantom.extent(options);
    const size = grid.height * grid.width;
    let most = 0;
    let outside = 0;
    for (let i = 0; i < volume.data.length; i++) {
      const value = volume.data[i];
      if (!(value >= 0 && value <= 1)) throw new Error(`density ${value}`);
      most = Math.max(most, value);
      const z = grid.bottom + Math.floor(i / size) * grid.sliceStep;
      if (z > high + grid.sliceStep / 2 || z < low - grid.sliceStep / 2) outside = Math.max(outside, value);
    }
    expect(most).toBeGreaterThan(0.1);
    expect(outside).toBe(0);
  });

  test("a seed gives the same bytes, another seed another specimen", () => {
    const again = phantom.draw(grid, options, new Random(7));
    expect(Buffer.compare(Buffer.from(again.volume.data.buffer), Buffer.from(volume.data.buffer))).toBe(0);
    expect(again.objects).toEqual(objects);
    const other = phantom.draw(coarseGrid(grid), options, new Random(8)).volume.data;
    const same = phantom.draw(coarseGrid(grid), options, new Random(7)).volume.data;
    let difference = 0;
    for (let i = 0; i < same.length; i++) difference += Math.abs(same[i] - other[i]);
    if (seeded) expect(difference).toBeGreaterThan(0.3 * sum(same));
    else expect(difference).toBe(0);
  });

  test("coarse voxels hold the means of fine ones", () => {
    const coarse = phantom.draw(coarseGrid(grid), options, new Random(7)).volume.data;
    const mean = averaged(volume);
    expect(sum(coarse) / sum(mean)).toBeGreaterThan(0.98);
    expect(sum(coarse) / sum(mean)).toBeLessThan(1.02);
    let squares = 0;
    let power = 0;
    for (let i = 0; i < mean.length; i++) {
      squares += (coarse[i] - mean[i]) ** 2;
      power += mean[i] ** 2;
    }
    expect(Math.sqrt(squares / power)).toBeLessThan(tolerance);
  });

  test("the sides close without a seam", () => {
    const { data, depth, height, width } = volume;
    const step = (axis: "x" | "y", at: number) => {
      let total = 0;
      for (let z = 0; z < depth; z++)
        for (let i = 0; i < height; i++) {
          const here = axis === "x" ? (z * height + i) * width + at : (z * height + at) * width + i;
          const next =
            axis === "x"
              ? (z * height + i) * width + ((at + 1) % width)
              : (z * height + ((at + 1) % height)) * width + i;
          total += Math.abs(data[here] - data[next]);
        }
      return total;
    };
    for (const axis of ["x", "y"] as const) {
      const inside = Array.from({ length: width - 1 }, (_, at) => step(axis, at));
      expect(Math.max(...inside)).toBeGreaterThan(0);
      expect(step(axis, width - 1)).toBeLessThanOrEqual(Math.max(...inside));
    }
  });

  test("objects are plain data with places in the box", () => {
    expect(objects.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(objects))).toEqual(objects);
    for (const { x, y, z } of objects) expect([x, y, z].every(Number.isFinite)).toBe(true);
  });

  test("what lies beyond the box in z is cut off; a box beside the specimen is refused", () => {
    const half = { ...grid, depth: Math.floor(grid.depth / 2) };
    const cut = phantom.draw(half, options, new Random(7)).volume.data;
    const size = cut.length;
    let worst = 0;
    for (let i = 0; i < size; i++) worst = Math.max(worst, Math.abs(cut[i] - volume.data[i]));
    expect(worst).toBeLessThan(1e-6);
    const away = () => phantom.draw({ ...grid, depth: 2, bottom: 500 }, options, new Random(7));
    expect(away).toThrow(
      /nothing of it lies in the volume, whose slices are at 500 to 500 um; the specimen reaches from/,
    );
  });
});

describe("options", () => {
  test.each(phantomKinds)("%s: every option is described and has a default", (kind) => {
    const { options, summary } = phantoms[kind];
    expect(summary.length).toBeGreaterThan(10);
    expect(options.safeParse({}).success).toBe(true);
    for (const [key, schema] of Object.entries(options.shape)) {
      expect(key).toMatch(/^[a-z_]+$/);
      expect((schema as { description?: string }).description, key).toMatch(/\w/);
    }
  });

  test.each([
    ["beads", { bead: 3 }, "Specimen beads: bead is 3: no such key; expected one of beads, bead_kinds"],
    ["beads", { beads: 0 }, "Specimen beads: beads is 0"],
    ["nuclei", { diameter: [9, 3] }, "Specimen nuclei: diameter is [9,3]: expected [low, high], low first"],
    ["filaments", { pattern: "spiral" }, 'Specimen filaments: pattern is "spiral"'],
    ["mitochondria", { mitochondria: 0 }, "Specimen mitochondria: mitochondria is 0"],
    ["worm", { diameter: 0 }, "Specimen worm: diameter is 0"],
    ["tissue", { cells: 0 }, "Specimen tissue: cells is 0"],
  ] as const)("%s refuses %j", (kind, options, message) => {
    const grid = { depth: 4, height: 32, width: 32, pixelSize: 0.5, sliceStep: 1, bottom: -2 };
    const attempt = () => phantoms[kind].draw(grid, options, new Random(1));
    expect(attempt).toThrow(ParfocalError);
    expect(attempt).toThrow(message);
    expect(() => phantoms[kind].extent(options)).toThrow(message);
  });

  test("a grid that cannot be is refused", () => {
    const grid = { depth: 4, height: 32, width: 32, pixelSize: 0, sliceStep: 1, bottom: -2 };
    expect(() => phantoms.beads.draw(grid, {}, new Random(1))).toThrow(
      "the grid's pixelSize is 0: expected a length above 0 um",
    );
    expect(() => phantoms.beads.draw({ ...grid, pixelSize: 1, width: 2.5 }, {}, new Random(1))).toThrow("width is 2.5");
  });
});
