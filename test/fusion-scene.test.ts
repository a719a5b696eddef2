/** All-in-focus fusion against the truth of a simulated scene, and against the classical ways. */
import { beforeAll, describe, expect, it } from "vitest";
import { averages, halo, psnr, sharpest } from "../bench/fusion/compare.ts";
import { fusionScene } from "../bench/fusion/scene.ts";
import { coneSlope } from "../src/classical/cone-slope.ts";
import { type Fused, fuse } from "../src/classical/fusion/fuse.ts";
import { stackSource } from "../src/classical/fusion/plane-source.ts";
import { planeOf } from "../src/image/image.ts";

describe("bright beads at six depths over a dim texture", () => {
  const scene = fusionScene();
  const { stack, truth } = scene;
  const { max, mean } = averages(stack);
  const naive = sharpest(stack);
  let fused: Fused;
  beforeAll(async () => {
    fused = await fuse(stackSource(stack), { slope: coneSlope(stack) });
  });

  it("no rings: the error round the beads is less than half of that of any other way", () => {
    const ours = halo(fused.image, scene);
    for (const other of [naive, max, mean]) expect(ours).toBeLessThan(0.5 * halo(other, scene));
  });

  it("nearer to the truth than the sharpest plane of each pixel, a projection, or any single plane", () => {
    const ours = psnr(fused.image, truth.data);
    expect(ours).toBeGreaterThan(psnr(naive, truth.data) + 1.5);
    expect(ours).toBeGreaterThan(psnr(max, truth.data) + 10);
    expect(ours).toBeGreaterThan(psnr(mean, truth.data) + 10);
    for (let z = 0; z < stack.depth; z++) expect(ours).toBeGreaterThan(psnr(planeOf(stack, z).data, truth.data) + 8);
  });

  it("depth: of the beads to a third of a plane, of the texture away from them to a third", () => {
    for (const bead of scene.beads) {
      const at = Math.round(bead.y) * stack.width + Math.round(bead.x);
      expect(Math.abs(fused.depth[at] - bead.z)).toBeLessThan(0.34);
      expect(fused.confidence[at]).toBe(1);
    }
    const off = fused.depth.filter((d, i) => scene.distance[i] > 20 && Math.abs(d - scene.depth[i]) > 0.34);
    expect(off.length / scene.distance.filter((d) => d > 20).length).toBeLessThan(0.05);
  });

  it("every pixel lies between those of the two planes next to its depth", () => {
    const n = stack.width * stack.height;
    for (let i = 0; i < n; i++) {
      const low = Math.min(stack.depth - 2, Math.floor(fused.depth[i]));
      const [a, b] = [stack.data[low * n + i], stack.data[(low + 1) * n + i]];
      expect(fused.image[i]).toBeGreaterThanOrEqual(Math.min(a, b) - 1e-2);
      expect(fused.image[i]).toBeLessThanOrEqual(Math.max(a, b) + 1e-2);
    }
  });

  it("seams are lost in the noise: where depth changes, neighbours differ from the truth by no more than four sigma", () => {
    const { width, height } = stack;
    const error = fused.image.map((v, i) => v - truth.data[i]);
    let [squares, count] = [0, 0];
    for (let y = 0; y < height; y++)
      for (let x = 0; x + 1 < width; x++) {
        const i = y * width + x;
        if (Math.abs(fused.depth[i] - fused.depth[i + 1]) < 0.25 || scene.distance[i] < 2) continue;
        squares += (error[i] - error[i + 1]) ** 2;
        count++;
      }
    expect(count).toBeGreaterThan(50);
    // Two pixels of noise give sqrt(2) sigma.
    expect(Math.sqrt(squares / count)).toBeLessThan(4 * fused.noise);
  });

  it("is the same by bands, up to rounding", async () => {
    const banded = await fuse(stackSource(stack), { slope: coneSlope(stack), bandRows: 24 });
    const off = Math.max(...banded.image.map((v, i) => Math.abs(v - fused.image[i])));
    expect(off).toBeLessThan(0.05 * fused.noise);
  });

  it("hardly depends on the slope of the cone", async () => {
    for (const slope of [1.5, 5])
      expect(halo((await fuse(stackSource(stack), { slope })).image, scene)).toBeLessThan(0.5 * halo(naive, scene));
  });
});

describe("other scenes", () => {
  it("a tilted texture: the depth map is a ramp", async () => {
    const scene = fusionScene({ texture: [3, 9], seed: 4 });
    const { depth } = await fuse(stackSource(scene.stack), { slope: coneSlope(scene.stack) });
    let [squares, count] = [0, 0];
    depth.forEach((d, i) => {
      if (scene.distance[i] < 20) return;
      squares += (d - scene.depth[i]) ** 2;
      count++;
    });
    expect(Math.sqrt(squares / count)).toBeLessThan(0.6);
  });

  it("a few photons: still nearer to the truth than the sharpest plane of each pixel", async () => {
    const scene = fusionScene({ photons: 300, seed: 3 });
    const { image } = await fuse(stackSource(scene.stack), { slope: coneSlope(scene.stack) });
    expect(psnr(image, scene.truth.data)).toBeGreaterThan(psnr(sharpest(scene.stack), scene.truth.data) + 1);
    expect(halo(image, scene)).toBeLessThan(halo(sharpest(scene.stack), scene));
  });
});
