/** All-in-focus fusion of thick specimens: no plates from the outermost planes, and nearer to the truth than any recorded plane. */
import { beforeAll, describe, expect, it } from "vitest";
import { psnr } from "../bench/fusion/compare.ts";
import { fuseByWavelets } from "../bench/fusion/complex-wavelet.ts";
import { bestPlane, detailCorrelation, outerShare } from "../bench/fusion/scores.ts";
import { type FusionSpecimen, simulateSpecimen } from "../bench/fusion/specimens.ts";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { coneSlope } from "../src/classical/cone-slope.ts";
import { type Fused, fuse, minConfidence } from "../src/classical/fusion/fuse.ts";
import { stackSource } from "../src/classical/fusion/plane-source.ts";
import { planeOf, type Stack } from "../src/image/image.ts";

const fuseStack = (stack: Stack) => fuse(stackSource(stack), { slope: coneSlope(stack) });

/** Share of the neighbours along x whose depths differ by more than two planes, the edges of plates, and the largest difference. */
function cliffs({ depth, width }: Fused): { share: number; highest: number } {
  let [count, highest] = [0, 0];
  for (let i = 0; i + 1 < depth.length; i++) {
    if ((i + 1) % width === 0) continue;
    const step = Math.abs(depth[i + 1] - depth[i]);
    if (step > 2) count++;
    highest = Math.max(highest, step);
  }
  return { share: count / depth.length, highest };
}

describe("simulated nuclei", () => {
  const seeds = [2, 4];
  const made: { specimen: FusionSpecimen; fused: Fused }[] = [];
  beforeAll(async () => {
    for (const seed of seeds) {
      const specimen = await simulateSpecimen("nuclei", { seed, size: 160, planes: 21, specimen: { nuclei: 20 } });
      made.push({ specimen, fused: await fuseStack(specimen.stack) });
    }
  });

  it("no pixel comes from an outermost plane, and hardly any bright one from the outer three", () => {
    for (const { specimen, fused } of made) {
      expect(Math.min(...fused.depth)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...fused.depth)).toBeLessThanOrEqual(specimen.stack.depth - 2);
      expect(outerShare(fused.image, fused.depth, specimen.stack.depth)).toBeLessThan(0.01);
    }
  });

  it("no plates: hardly any cliffs in the depth, and none as high as a plate", () => {
    for (const { fused } of made) {
      const { share, highest } = cliffs(fused);
      expect(share).toBeLessThan(0.002);
      expect(highest).toBeLessThan(5);
    }
  });

  it("nearer to the truth than the best recorded plane, in counts and in detail", () => {
    const means = { ours: 0, best: 0, middle: 0, detail: 0, bestDetail: 0 };
    for (const { specimen, fused } of made) {
      const { stack, atSpecimen, middle } = specimen;
      const share = 1 / seeds.length;
      const counts = (image: Float32Array) => psnr(image, atSpecimen);
      const detail = (image: Float32Array) => detailCorrelation(image, atSpecimen, stack.width);
      means.ours += share * counts(fused.image);
      means.best += share * bestPlane(stack, counts).score;
      means.middle += share * counts(planeOf(stack, middle).data);
      means.detail += share * detail(fused.image);
      means.bestDetail += share * bestPlane(stack, detail).score;
    }
    expect(means.ours).toBeGreaterThan(means.best);
    expect(means.ours).toBeGreaterThan(means.middle + 1);
    expect(means.detail).toBeGreaterThan(means.bestDetail);
  });
});

describe("a bright disc without any texture, thicker than the depth of field", () => {
  const [depth, height, width] = [15, 96, 96];
  let fused: Fused;
  const inside: number[] = [];
  beforeAll(async () => {
    const random = new Random(5);
    const data = new Float32Array(depth * height * width);
    const disc = new Float32Array(height * width);
    for (let i = 0; i < disc.length; i++) {
      const distance = Math.hypot(Math.floor(i / width) - 48, (i % width) - 48);
      disc[i] = Math.min(1, Math.max(0, 30.5 - distance));
      if (distance < 20) inside.push(i);
    }
    // In focus at plane 7; photon noise.
    for (let z = 0; z < depth; z++)
      gaussianFilter({ data: disc, height, width }, 0.8 + 0.8 * Math.abs(z - 7)).data.forEach((v, i) => {
        const photons = 20 + 1000 * v;
        data[z * disc.length + i] = 100 + 2 * (photons + Math.sqrt(photons) * random.normal());
      });
    fused = await fuse(stackSource({ data, depth, height, width, dtype: "uint16" }));
  });

  it("takes its depth from its edge, and is marked as uncertain", () => {
    for (const i of inside) expect(Math.abs(fused.depth[i] - 7)).toBeLessThan(2);
    const own = inside.filter((i) => fused.confidence[i] > minConfidence);
    expect(own.length / inside.length).toBeLessThan(0.5);
    const edge = Array.from(fused.depth, (_, i) => i).filter(
      (i) => Math.abs(Math.hypot(Math.floor(i / width) - 48, (i % width) - 48) - 30) < 2,
    );
    expect(edge.filter((i) => fused.confidence[i] > minConfidence).length / edge.length).toBeGreaterThan(0.9);
  });
});

describe("what it is compared with", () => {
  it("complex wavelets give a plane back where all planes are the same, and find an in-focus half in each of two planes", () => {
    const [height, width] = [60, 70];
    const random = new Random(9);
    const white = { data: Float32Array.from({ length: height * width }, () => 100 * random.normal()), height, width };
    const [sharp, blurred] = [0.7, 3].map((sigma) => gaussianFilter(white, sigma).data);
    const halves = [0, 1].map((side) => sharp.map((v, i) => (i % width < 35 === (side === 0) ? v : blurred[i])));
    const stackOf = (planes: Float32Array[]): Stack => {
      const data = new Float32Array(planes.length * height * width);
      planes.forEach((plane, z) => {
        data.set(plane, z * plane.length);
      });
      return { data, depth: planes.length, height, width, dtype: "float32" };
    };
    const same = fuseByWavelets(stackOf([sharp, sharp]), 4).image;
    expect(same).toEqual(sharp);
    const fused = fuseByWavelets(stackOf(halves), 4);
    const wrong = fused.depth.filter((z, i) => Math.abs((i % width) - 34.5) > 6 && z !== (i % width < 35 ? 0 : 1));
    expect(wrong.length).toBeLessThan(0.15 * height * width);
    expect(psnr(fused.image, sharp)).toBeGreaterThan(Math.max(...halves.map((half) => psnr(half, sharp))) + 6);
  });
});
