/** What fusion is made of, and what it refuses. */
import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { coneSlope } from "../src/classical/cone-slope.ts";
import { diffuseDepth } from "../src/classical/fusion/diffuse-depth.ts";
import { fuse, minConfidence } from "../src/classical/fusion/fuse.ts";
import { createInteriorPeak } from "../src/classical/fusion/interior-peak.ts";
import { createNoiseSurvey, stabiliser } from "../src/classical/fusion/noise-model.ts";
import { addBlockMeans, outOfFocusLight, outOfFocusRows } from "../src/classical/fusion/out-of-focus-light.ts";
import { bandsOf, type PlaneSource, stackSource } from "../src/classical/fusion/plane-source.ts";
import { noiseLevel } from "../src/classical/noise-level.ts";
import { depthColours } from "../src/figures/depth-colours.ts";
import type { Stack } from "../src/image/image.ts";
import { haveRealData, nucleus } from "./helpers/real-data.ts";

function noise(depth: number, height: number, width: number, sigma: number, seed = 1): Stack {
  const random = new Random(seed);
  const data = Float32Array.from({ length: depth * height * width }, () => 1000 + sigma * random.normal());
  return { data, depth, height, width, dtype: "uint16" };
}

describe("parts of fusion", () => {
  it("noise is measured through gradients and edges", () => {
    const { data, height, width } = noise(1, 80, 90, 7);
    const uneven = data.map((v, i) => v + 3 * (i % width) + (Math.floor(i / width) > 40 ? 500 : 0));
    expect(Math.abs(noiseLevel({ data: uneven, height, width }) / 7 - 1)).toBeLessThan(0.05);
    expect(noiseLevel({ data: new Float32Array(4), height: 2, width: 2 })).toBe(0);
  });

  it("the slope of the cone is that of geometry, with a margin", () => {
    const optics = { na: 0.8, refractiveIndex: 1 };
    const slope = coneSlope({ optics, pixelSize: { x: 0.5, y: 0.5 }, zStep: 1 });
    expect(slope).toBeCloseTo(1.2 * (0.8 / 0.6) * 2, 10);
    expect(coneSlope({ optics })).toBe(2);
    expect(coneSlope({ optics: { na: 1.4, refractiveIndex: 1 }, pixelSize: { x: 1, y: 1 }, zStep: 1 })).toBe(2);
  });

  it("out-of-focus light is the light under the cone of a brighter spot, and not the spot itself", () => {
    const [rows, columns] = [9, 9];
    // A spot of 100 in plane 0 that spreads over 3 x 3 and 5 x 5 blocks.
    const planes = [0, 1, 2].map((radius) => {
      const plane = new Float32Array(rows * columns).fill(10);
      for (let y = 4 - radius; y <= 4 + radius; y++)
        for (let x = 4 - radius; x <= 4 + radius; x++) plane[y * columns + x] += 100 / (2 * radius + 1) ** 2;
      return plane;
    });
    const light = outOfFocusLight({ rows, columns, planes }, 2).planes;
    expect(light[0].every((v) => v === 0)).toBe(true);
    expect(light[1][3 * columns + 3]).toBeCloseTo(100 / 9, 3);
    expect(light[2][2 * columns + 2]).toBeCloseTo(4, 3);
    expect(light[2][0]).toBe(0);
  });

  it("block means of bands are those of the whole, and out-of-focus light between blocks is interpolated", () => {
    const { data, height, width } = noise(1, 13, 10, 5);
    const means = new Float32Array(4 * 3);
    for (const { inner } of bandsOf(height, 8, 0))
      addBlockMeans(data.subarray(inner.y0 * width, (inner.y0 + inner.count) * width), inner.y0, width, height, means);
    const corner = [8, 9].map((x) => data[12 * width + x]);
    expect(means[11]).toBeCloseTo((corner[0] + corner[1]) / 2, 2);
    const ramp = { rows: 2, columns: 2, planes: [Float32Array.of(0, 4, 0, 4)] };
    const rows = outOfFocusRows(ramp, 0, 8, { y0: 2, count: 1 });
    expect([...rows]).toEqual([0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4]);
  });

  it("the peak of scores is found to a fraction, as they come, and only between lower ones", () => {
    // A peak at 2.25; one that rises to the last plane; one that falls from the first; a small peak beside a higher end.
    const peak = createInteriorPeak(4);
    const besideAnEnd = [9, 5, 1, 3, 1, 1, 6];
    for (let z = 0; z < 7; z++) peak.add(Float32Array.of(20 - (z - 2.25) ** 2, z, -z, besideAnEnd[z]));
    const { depth, prominence } = peak.result();
    expect(depth[0]).toBeCloseTo(2.25, 5);
    // 5 above the first plane, 14 above the last.
    expect(prominence[0]).toBeCloseTo(Math.sqrt(5 * 14), 4);
    expect([depth[1], depth[2]]).toEqual([Number.NaN, Number.NaN]);
    expect([prominence[1], prominence[2]]).toEqual([0, 0]);
    expect(depth[3]).toBeCloseTo(3, 5);
    expect(prominence[3]).toBeCloseTo(2, 5);
  });

  it("the largest of several peaks counts, and a plateau is one", () => {
    const peak = createInteriorPeak(2);
    const [several, plateau] = [
      [0, 3, 1, 7, 4, 5, 2],
      [0, 2, 2, 1, 0, 0, 0],
    ];
    for (let z = 0; z < 7; z++) peak.add(Float32Array.of(several[z], plateau[z]));
    const { depth, prominence } = peak.result();
    expect(Math.abs(depth[0] - 3)).toBeLessThan(0.5);
    expect(prominence[0]).toBeCloseTo(Math.sqrt(7 * 5), 5);
    expect(depth[1]).toBeCloseTo(1.5, 5);
  });

  it("diffusion keeps jumps between depths that insist, fills gaps of any size, and stays inside of what went in", async () => {
    const [height, width] = [48, 65];
    const depth = Float32Array.from({ length: height * width }, (_, i) => (i % width < 32 ? 2 : 9));
    const weight = new Float32Array(depth.length).fill(1e4);
    // A gap of 20 x 20 pixels inside the left half, and a lone pixel that hardly insists.
    for (let y = 20; y < 40; y++)
      for (let x = 4; x < 24; x++) {
        depth[y * width + x] = Number.NaN;
        weight[y * width + x] = 0;
      }
    const grain = 10 * width + 50;
    depth[grain] = 0;
    weight[grain] = 0.1;
    const smooth = await diffuseDepth({ depth, weight, height, width }, 50);
    expect(Math.abs(smooth[5 * width + 31] - 2)).toBeLessThan(0.1);
    expect(Math.abs(smooth[5 * width + 32] - 9)).toBeLessThan(0.1);
    expect(smooth[grain]).toBeCloseTo(9, 1);
    for (let y = 20; y < 40; y++)
      for (let x = 4; x < 24; x++) expect(Math.abs(smooth[y * width + x] - 2)).toBeLessThan(0.1);
    expect(Math.min(...smooth)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...smooth)).toBeLessThan(9.0001);
    expect(
      (await diffuseDepth({ depth, weight: new Float32Array(depth.length), height, width }, 50)).every((d) => d === 0),
    ).toBe(true);
  });

  it("diffusion minimises what it says: the weighted residuals of every pixel cancel", async () => {
    const [height, width] = [33, 40];
    const random = new Random(3);
    const depth = Float32Array.from({ length: height * width }, () => 10 * random.uniform());
    const weight = Float32Array.from({ length: height * width }, () => 20 * random.uniform() ** 4);
    const d = await diffuseDepth({ depth, weight, height, width }, 5);
    let worst = 0;
    for (let y = 1; y + 1 < height; y++)
      for (let x = 1; x + 1 < width; x++) {
        const i = y * width + x;
        const pull = weight[i] * (depth[i] - d[i]);
        const bend = d[i - 1] + d[i + 1] + d[i - width] + d[i + width] - 4 * d[i];
        worst = Math.max(worst, Math.abs(pull + 5 * bend) / (weight[i] + 20));
      }
    expect(worst).toBeLessThan(0.02);
  });

  it("diffusion can be stopped between its sweeps", async () => {
    const map = { depth: new Float32Array(64), weight: new Float32Array(64).fill(1), height: 8, width: 8 };
    const stop = () => Promise.reject(new Error("stopped"));
    await expect(diffuseDepth(map, 50, stop)).rejects.toThrow("stopped");
  });

  it("photon noise is found to grow with the counts, and is even after stabilising", () => {
    const [height, width] = [128, 256];
    const random = new Random(8);
    // Read noise 6 counts, offset 100, gain 2 counts per photon: variance 36 + 2 (counts - 100).
    const mean = (i: number) => 100 + 4 * (i % width);
    const plane = Float32Array.from(
      { length: height * width },
      (_, i) => mean(i) + Math.sqrt(36 + 2 * (mean(i) - 100)) * random.normal(),
    );
    const survey = createNoiseSurvey();
    for (let z = 0; z < 3; z++) survey.add(plane, width);
    const model = survey.result([90, 1200]);
    expect(Math.abs(model.gain / 2 - 1)).toBeLessThan(0.1);
    const stabilise = stabiliser(model);
    const even = plane.map(stabilise);
    for (const x0 of [32, 128, 240]) {
      const part = even.filter((_, i) => Math.abs((i % width) - x0) < 8);
      const truth = Float32Array.from(part, (_, k) => stabilise(mean(x0 - 7 + (k % 15))));
      const variance = part.reduce((sum, v, k) => sum + (v - truth[k]) ** 2, 0) / part.length;
      expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(0.15);
    }
    const counts = [-50, 0, 90, 100, 150, 1000, 5000];
    const scale = counts.map(stabilise);
    for (let k = 1; k < scale.length; k++) expect(scale[k]).toBeGreaterThan(scale[k - 1]);
  });

  it("even noise is found to be even, whatever chance says", () => {
    const survey = createNoiseSurvey();
    for (let z = 0; z < 4; z++) survey.add(noise(1, 96, 96, 12, z).data, 96);
    const model = survey.result([960, 1040]);
    expect(model.gain).toBe(0);
    expect(Math.abs(model.typical / 12 - 1)).toBeLessThan(0.05);
  });

  it("colours run from violet to yellow, and dark places keep some", () => {
    const rgb = depthColours(Float32Array.of(1, 3, 1, 3), Float32Array.of(0, 0, 100, 100), [1, 3]);
    expect([...rgb.subarray(6)]).toEqual([68, 1, 84, 253, 231, 37]);
    expect([...rgb.subarray(0, 3)]).toEqual([22, 0, 28]);
  });
});

describe("fusion of other stacks", () => {
  it("noise has no depth: no pixel is confident", async () => {
    const { confidence, noise: sigma } = await fuse(stackSource(noise(9, 64, 64, 12)));
    expect(confidence.reduce((a, b) => a + b, 0) / confidence.length).toBeLessThan(0.01);
    expect(Math.abs(sigma / 12 - 1)).toBeLessThan(0.05);
  });

  it("transmitted light: two halves, in focus at planes 1 and 4, come from there", async () => {
    const [depth, height, width] = [6, 64, 80];
    const random = new Random(6);
    const white = { data: Float32Array.from({ length: height * width }, () => random.normal()), height, width };
    const data = new Float32Array(depth * height * width);
    for (let z = 0; z < depth; z++) {
      const [left, right] = [1, 4].map((focus) => gaussianFilter(white, 0.8 + Math.abs(z - focus)).data);
      for (let i = 0; i < height * width; i++)
        data[z * height * width + i] = 2000 + 300 * (i % width < 40 ? left[i] : right[i]) + 3 * random.normal();
    }
    const found = await fuse(stackSource({ data, depth, height, width, dtype: "uint16" }));
    expect(found.light).toBe("transmitted");
    const wrong = found.depth.filter(
      (d, i) => Math.abs((i % width) - 39.5) > 8 && Math.abs(d - (i % width < 40 ? 1 : 4)) > 0.5,
    );
    expect(wrong.length).toBeLessThan(0.01 * height * width);
  });

  it.skipIf(!haveRealData)(
    "the widefield nucleus: its depth, and less out-of-focus light around it than the maximum over planes has",
    async () => {
      const stack = await nucleus(1);
      const { image, depth, confidence, light } = await fuse(stackSource(stack));
      expect(light).toBe("fluorescence");
      const n = stack.height * stack.width;
      const best = stack.data.subarray(19 * n, 20 * n);
      const bright = Float32Array.from(best).sort()[Math.floor(0.95 * n)];
      let [inside, shallow] = [0, 0];
      for (let i = 0; i < n; i++)
        if (best[i] > bright) {
          inside++;
          if (Math.abs(depth[i] - 19.3) < 3 && confidence[i] === 1) shallow++;
        }
      expect(shallow / inside).toBeGreaterThan(0.95);
      // Outside, the maximum over planes collects out-of-focus light.
      let [ours, max] = [0, 0];
      for (let i = 0; i < n; i++) {
        if (best[i] > 0.2 * bright) continue;
        ours += image[i];
        max += Math.max(...Array.from({ length: stack.depth }, (_, z) => stack.data[z * n + i]));
      }
      expect(ours).toBeLessThan(0.85 * max);
    },
  );
});

describe("what has no focus inside the stack", () => {
  const [depth, height, width] = [9, 64, 64];
  /** A texture in focus at one plane, blurred by its distance from it. */
  function texture(focus: number): Stack {
    const random = new Random(12);
    const white = { data: Float32Array.from({ length: height * width }, () => random.normal()), height, width };
    const data = new Float32Array(depth * height * width);
    for (let z = 0; z < depth; z++)
      gaussianFilter(white, 0.8 + Math.abs(z - focus)).data.forEach((v, i) => {
        data[z * height * width + i] = 2000 + 300 * v + 3 * random.normal();
      });
    return { data, depth, height, width, dtype: "uint16" };
  }

  it.each([-2, 0, 8, 10])(
    "focus at plane %d of 9: every pixel is uncertain, and none comes from an outermost plane",
    async (focus) => {
      const found = await fuse(stackSource(texture(focus)));
      expect(found.confidence.filter((c) => c > minConfidence).length).toBeLessThan(0.01 * height * width);
      expect(Math.min(...found.depth)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...found.depth)).toBeLessThanOrEqual(depth - 2);
    },
  );

  it("focus at plane 3: it is confident and correct", async () => {
    const found = await fuse(stackSource(texture(3)));
    expect(found.confidence.filter((c) => c > minConfidence).length).toBeGreaterThan(0.98 * height * width);
    expect(Math.max(...found.depth.map((d) => Math.abs(d - 3)))).toBeLessThan(0.3);
  });
});

describe("fusion refuses", () => {
  const nothing = (depth: number, height: number, width: number): PlaneSource => ({
    depth,
    height,
    width,
    read: async (_, { count }) => new Float32Array(count * width),
  });

  it("one or two planes, and a field without an inside", async () => {
    await expect(fuse(nothing(1, 64, 64))).rejects.toThrow(/at least 3 planes.*got 1 of 64 x 64/);
    await expect(fuse(nothing(2, 64, 64))).rejects.toThrow(/at least 3 planes.*got 2 of 64 x 64/);
    await expect(fuse(nothing(4, 6, 64))).rejects.toThrow(/8 x 8/);
  });

  it("more memory than there may be, before anything is read", async () => {
    const source = { ...nothing(60, 20000, 20000), read: () => Promise.reject(new Error("was read")) };
    await expect(fuse(source)).rejects.toThrow(/60 planes of 20000 x 20000.*GiB.*parts/);
  });

  it("NaN, and to go on after an abort", async () => {
    const broken = noise(3, 16, 16, 1);
    broken.data[300] = Number.NaN;
    await expect(fuse(stackSource(broken))).rejects.toThrow(/NaN/);
    await expect(fuse(nothing(3, 16, 16), { signal: AbortSignal.abort() })).rejects.toThrow(/Stopped/);
  });

  it("no stack that is merely constant", async () => {
    const { image, confidence } = await fuse(nothing(3, 16, 16));
    expect(image.every((v) => v === 0)).toBe(true);
    expect(confidence.every((v) => v === 0)).toBe(true);
  });
});
