/** What specimens are made of: curves, tubes, solids, textures, places. Against closed forms. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { areaWeights } from "../src/optics/phantom/area-weights.ts";
import { type Vector, wormLikeChain } from "../src/optics/phantom/curve.ts";
import { drawShape, edge } from "../src/optics/phantom/draw-shape.ts";
import { drawThinTube } from "../src/optics/phantom/draw-thin-tube.ts";
import { drawTubes } from "../src/optics/phantom/draw-tubes.ts";
import { createNoiseLattice, createTexture } from "../src/optics/phantom/noise.ts";
import { anywhere, placeApart, wrapped } from "../src/optics/phantom/place-apart.ts";
import { emptyVolume, type Volume } from "../src/optics/phantom/volume.ts";

/** um^3 of fully stained material. */
function amount({ data, pixelSize, sliceStep }: Volume): number {
  return data.reduce((a, b) => a + b, 0) * pixelSize ** 2 * sliceStep;
}

const cube = (pixelSize: number, sliceStep: number) => {
  const pixels = Math.round(16 / pixelSize);
  const depth = Math.round(10 / sliceStep);
  return emptyVolume({ depth, height: pixels, width: pixels, pixelSize, sliceStep, bottom: -5 + sliceStep / 2 });
};

describe("worm-like chain", () => {
  test("tangents forget each other as exp(-s / persistence)", () => {
    const random = new Random(1);
    const [persistence, step] = [10, 0.5];
    const apart = [5, 10, 20];
    const cosines = apart.map(() => 0);
    const chains = 400;
    for (let n = 0; n < chains; n++) {
      const points = wormLikeChain({ start: [0, 0, 0], direction: [1, 2, -1], length: 40, persistence, step }, random);
      const tangent = (i: number) => points[i + 1].map((value, k) => (value - points[i][k]) / step);
      apart.forEach((s, k) => {
        const lag = s / step;
        let mean = 0;
        for (let i = 0; i < 40; i++) {
          const [a, b] = [tangent(i), tangent(i + lag - 1)];
          mean += a.reduce((total, value, axis) => total + value * b[axis], 0) / 40;
        }
        cosines[k] += mean / chains;
      });
    }
    apart.forEach((s, k) => {
      expect(Math.abs(cosines[k] - Math.exp(-(s - step) / persistence))).toBeLessThan(0.05);
    });
  });

  test("has the length that was asked for", () => {
    const points = wormLikeChain(
      { start: [1, 2, 3], direction: [0, 0, 1], length: 7, persistence: 5, step: 0.25 },
      new Random(2),
    );
    expect(points).toHaveLength(29);
    expect(points[0]).toEqual([1, 2, 3]);
    for (let i = 1; i < points.length; i++)
      expect(Math.hypot(...points[i].map((value, k) => value - points[i - 1][k]))).toBeCloseTo(0.25, 9);
  });
});

describe("tubes", () => {
  const line: Vector[] = Array.from({ length: 21 }, (_, i) => [3.03 + 0.4 * i, 4.11 + 0.27 * i, -2.2 + 0.19 * i]);
  const length = 20 * Math.hypot(0.4, 0.27, 0.19);

  test.each([
    [0.03, 0.1, 0.2],
    [0.03, 0.5, 0.3],
    [0.25, 0.05, 0.1],
    [0.25, 0.1, 0.5],
    [0.25, 0.5, 1],
    [0.25, 1, 2],
    [0.9, 0.2, 0.2],
    [0.9, 1, 1],
  ])(
    "of radius %d um fill what a round tube does, pixels of %d and slices of %d um",
    (radius, pixelSize, sliceStep) => {
      const volume = cube(pixelSize, sliceStep);
      drawTubes(volume, [{ points: line, radius, density: 1 }]);
      const expected = Math.PI * radius ** 2 * length + (4 / 3) * Math.PI * radius ** 3;
      expect(amount(volume) / expected).toBeGreaterThan(0.96);
      expect(amount(volume) / expected).toBeLessThan(1.04);
    },
  );

  test("thick ones are full inside, empty outside, and count once where they cross", () => {
    const volume = cube(0.2, 0.2);
    const across: Vector[] = [
      [8, 2, 0],
      [8, 14, 0],
    ];
    const along: Vector[] = [
      [2, 8, 0],
      [14, 8, 0],
    ];
    drawTubes(volume, [
      { points: across, radius: 1, density: 0.5 },
      { points: along, radius: 1, density: 0.8 },
    ]);
    const at = (x: number, y: number) =>
      volume.data[(25 * volume.height + Math.round(y / 0.2)) * volume.width + Math.round(x / 0.2)];
    expect(at(8, 4)).toBeCloseTo(0.5, 5);
    expect(at(4, 8)).toBeCloseTo(0.8, 5);
    expect(at(8, 8)).toBeCloseTo(0.8, 5);
    expect(at(5, 5)).toBe(0);
  });

  test("thin ones add up", () => {
    const volume = cube(0.5, 0.5);
    for (let i = 0; i < 3; i++) drawThinTube(volume, { points: line, radius: 0.02, density: 1 });
    const expected = 3 * (Math.PI * 0.02 ** 2 * length + (4 / 3) * Math.PI * 0.02 ** 3);
    expect(amount(volume) / expected).toBeCloseTo(1, 6);
  });
});

test("a solid is averaged over voxels of any size", () => {
  for (const [pixelSize, sliceStep] of [
    [0.2, 0.2],
    [0.5, 1],
    [1, 2],
  ]) {
    const volume = cube(pixelSize, sliceStep);
    drawShape(volume, { low: [-3.2, -3.2, -3.2], high: [3.2, 3.2, 3.2] }, 0.25, (x, y, z) =>
      edge(3 - Math.hypot(x, y, z), 0.2),
    );
    expect(amount(volume) / (36 * Math.PI)).toBeGreaterThan(0.985);
    expect(amount(volume) / (36 * Math.PI)).toBeLessThan(1.015);
    // Its centre is at the corner of the box: an eighth of it is in every corner.
    const { data, height, width } = volume;
    const middle = Math.floor(volume.depth / 2) * height * width;
    for (const corner of [0, width - 1, (height - 1) * width, height * width - 1])
      expect(data[middle + corner]).toBeCloseTo(1, 5);
  }
});

test("a texture has the variance of its octaves, mean 0, and fades on coarse voxels", () => {
  const octaves = [
    { scale: 1, amplitude: 0.6 },
    { scale: 0.5, amplitude: 0.8 },
  ];
  const lattice = createNoiseLattice(new Random(3));
  const spread = (voxel: number) => {
    const texture = createTexture(lattice, octaves, { xy: voxel, z: voxel });
    const random = new Random(4);
    const values = Array.from({ length: 40000 }, () =>
      texture(random.between(0, 30), random.between(0, 30), random.between(0, 30)),
    );
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return { mean, deviation: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) };
  };
  const fine = spread(0.001);
  expect(Math.abs(fine.mean)).toBeLessThan(0.05);
  expect(Math.abs(fine.deviation - 1)).toBeLessThan(0.12);
  expect(spread(1).deviation).toBeLessThan(0.7 * fine.deviation);
});

test("things stand apart, round the sides as well", () => {
  const random = new Random(5);
  const sides = { width: 70, height: 53 };
  const placed = placeApart(60, sides, () => {
    const radius = random.between(2, 6);
    return { ...anywhere(sides, random), z: random.between(-4, 4), radius, halfHeight: radius / 2 };
  });
  expect(placed.length).toBeGreaterThan(20);
  placed.forEach((a, i) => {
    for (const b of placed.slice(i + 1)) {
      const dx = wrapped(a.x, b.x, 70) / (a.radius + b.radius);
      const dy = wrapped(a.y, b.y, 53) / (a.radius + b.radius);
      const dz = (a.z - b.z) / (a.halfHeight + b.halfHeight);
      expect(Math.hypot(dx, dy, dz)).toBeGreaterThanOrEqual(1);
    }
  });
});

describe("averages along an axis", () => {
  const interval = fc.record({
    centre: fc.double({ min: -30, max: 30, noNaN: true }),
    width: fc.double({ min: 0.05, max: 9, noNaN: true }),
  });

  test("weights add up to 1, and a slope keeps its value at the middle", () => {
    fc.assert(
      fc.property(interval, ({ centre, width }) => {
        const { weights } = areaWeights(centre, width, 9, "mirror");
        expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
        const inside = areaWeights(50 + centre, width, 101, "zero");
        const mean = inside.weights.reduce((total, weight, i) => total + weight * (inside.first + i), 0);
        expect(mean).toBeCloseTo(50 + centre, 6);
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  test("two halves of an interval have the mean of the whole", () => {
    const values = Float64Array.from({ length: 12 }, (_, i) => Math.sin(1.7 * i) + 0.1 * i);
    const mean = (centre: number, width: number) => {
      const { first, weights } = areaWeights(centre, width, 12, "mirror");
      return weights.reduce((total, weight, i) => total + weight * values[first + i], 0);
    };
    fc.assert(
      fc.property(interval, ({ centre, width }) => {
        const halves = (mean(centre - width / 4, width / 2) + mean(centre + width / 4, width / 2)) / 2;
        expect(mean(centre, width)).toBeCloseTo(halves, 9);
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});
