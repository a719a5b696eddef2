/** `evaluate` beside the best recorded baseline: an output must be sharper, not only smoother. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import type { Plane, Stack } from "../src/image/image.ts";
import { againstBaseline } from "../src/metrics/against-baseline.ts";
import { givenStacks } from "../src/metrics/given-stacks.ts";
import { imageOfStack, writeImage } from "../src/node.ts";
import { compareStacks } from "../src/study/compare-stacks.ts";
import { runCli } from "./helpers/run-cli.ts";

const [height, width] = [96, 96];

/** Spots through a stack that goes out of focus linearly from plane `focus`. */
function spots(): Plane {
  const random = new Random(3);
  const data = new Float32Array(height * width);
  for (let k = 0; k < 90; k++) data[random.integer(data.length)] += 3000 + 3000 * random.uniform();
  return { data, height, width };
}
const points = spots();
const focus = 4;
const clean = Array.from({ length: 9 }, (_, z) => gaussianFilter(points, 1 + 0.6 * Math.abs(z - focus)));

/** With noise where a seed is given: 20 counts for one photon. */
function stackOf(planes: readonly Plane[], seed?: number): Stack {
  const random = new Random(seed ?? 0);
  const noisy = (value: number): number => (seed === undefined ? value : 20 * random.poisson((value + 200) / 20));
  const data = Float32Array.from(planes.flatMap((plane) => Array.from(plane.data, noisy)));
  return { data, depth: planes.length, height, width, zStep: 0.5, dtype: "float32" };
}

const recorded = stackOf(clean, 1);
const truth = stackOf([clean[focus]].map((plane) => ({ ...plane, data: plane.data.map((value) => value + 200) })));
const input = stackOf([clean[focus - 2]], 5);
const made = (plane: Plane, offset = 0): Stack => stackOf([{ ...plane, data: plane.data.map((v) => v + offset) }]);
/** Three quarters of the way to the truth. */
const sharper = made({
  height,
  width,
  data: truth.data.map((value, i) => 0.75 * value + 0.25 * input.data[i]),
});

describe("beside the best recorded baseline", () => {
  it("an output that is nearer to the truth is sharper, not only smoother", async () => {
    const found = await compareStacks({ output: sharper, truth, input });
    expect(found.againstBaseline).toMatchObject({ betterInPsnr: true, betterInDetail: true });
    expect(found.gain?.detail).toBeCloseTo(found.detail.output.mean - (found.baseline?.detail.value ?? 0), 9);
    expect(found.detail.output.bands).toHaveLength(3);
  });

  it("a denoised input wins PSNR over the input, and nothing over the baseline", async () => {
    const smooth = made(gaussianFilter({ data: input.data, height, width }, 0.7));
    const found = await compareStacks({ output: smooth, truth, input });
    expect(found.output.psnr).toBeGreaterThan((found.input?.psnr ?? 0) + 0.5);
    expect(found.gain?.psnr).toBeCloseTo(0, 6);
    expect(found.baseline?.psnr.name).toBe("input, smoothed by 0.7 px");
    expect(found.againstBaseline?.sentence).toMatch(/not better than the best recorded baseline/);
  });

  it("an output without noise, but as blurred, is denoised, not sharper", async () => {
    const denoised = made(clean[focus - 2], 200);
    const found = await compareStacks({ output: denoised, truth, input });
    expect(found.againstBaseline).toMatchObject({ betterInPsnr: true, betterInDetail: false });
    // Correlation rises with the noise gone, contrast does not.
    expect(found.gain?.detail).toBeGreaterThan(0.02);
    expect(Math.abs(found.gain?.contrast ?? 1)).toBeLessThan(0.02);
    expect(found.againstBaseline?.sentence).toMatch(
      /denoised or smoothed, but not sharper\. A model that refocuses must also gain detail/,
    );
  });

  it("says each of the four things", () => {
    const gains: [number, number, number, number, RegExp][] = [
      [1, 0.01, 0.1, 0.1, /sharper, not only smoother/],
      [
        1,
        0.01,
        0.1,
        0.01,
        /better than .* in PSNR \(\+1\.00 dB\) and SSIM .* only, but not in detail \(\+0\.100, contrast of detail \+0\.010\)/,
      ],
      [-1, 0, 0.1, 0.1, /better .* in detail \(\+0\.100, .*\), but worse in PSNR/],
      [-1, -0.01, 0, 0, /not better/],
      [-1, 0.01, 0, 0, /better than the best recorded baseline in SSIM \(\+0\.0100\) only/],
    ];
    for (const [psnr, ssim, detail, contrast, words] of gains)
      expect(againstBaseline({ psnr, ssim, detail, contrast }).sentence).toMatch(words);
  });
});

describe("several inputs", () => {
  const expected = stackOf(clean.map((plane) => ({ ...plane, data: plane.data.map((value) => value + 200) })));

  it("are planes of a stack, each as far from a expected plane as the z step says", () => {
    const given = givenStacks([recorded], expected, { inputPlanes: [2, 6] });
    expect(given.map(({ distances }) => distances?.slice(0, 3))).toEqual([
      [-1, -0.5, 0],
      [-3, -2.5, -2],
    ]);
    expect([...given[1].stack.data]).toEqual([...recorded.data.subarray(6 * height * width, 7 * height * width)]);
    const two = stackOf([clean[0], clean[8]]);
    const placed = givenStacks([recorded], two, { inputPlanes: [2, 6], distances: [-1, 3] });
    expect(placed.map(({ distances }) => distances)).toEqual([
      [-1, 3],
      [-3, 1],
    ]);
    expect(givenStacks([recorded], two, { inputPlanes: [2, 6] })[0].distances).toBeUndefined();
  });

  it("interpolate where the expected plane lies between them, and planes that were given are no comparison", async () => {
    const mixed = Float32Array.from(recorded.data);
    const size = height * width;
    const plane = (z: number): Float32Array => recorded.data.subarray(z * size, (z + 1) * size);
    // The fourth plane is three quarters of the second and a quarter of the sixth.
    mixed.set(
      plane(2).map((value, i) => 0.75 * value + 0.25 * plane(6)[i]),
      3 * size,
    );
    const all = { ...recorded, data: mixed };
    const inputs = givenStacks([recorded], all, { inputPlanes: [2, 6] });
    const found = await compareStacks({ output: all, truth: all, inputs });
    expect(found.planes[3].baseline?.psnr).toMatchObject({ name: "interpolation" });
    expect(found.planes[3].baseline?.psnr.value).toBeGreaterThan(100);
    expect(found.planes[2].baseline?.psnr).toEqual({ name: "input plane 1", value: Number.POSITIVE_INFINITY });
    expect(Number.isFinite(found.baseline?.psnr.value)).toBe(true);
  });

  it("are refused where they cannot be placed", () => {
    expect(() => givenStacks([recorded, recorded], expected, { inputPlanes: [1] })).toThrow(
      /a single `input`, but 2 were given/,
    );
    expect(() => givenStacks([recorded], expected, { inputPlanes: [9] })).toThrow(
      /planes 0 to 8, but `input_planes` are 9/,
    );
    expect(() => givenStacks([recorded], expected, { inputPlanes: [1], distances: [2] })).toThrow(
      /9 planes, but 1 distances/,
    );
    expect(() => givenStacks([recorded], expected, { distances: [2] })).toThrow(/`input_planes`, so give those too/);
    const { zStep: _, ...flat } = recorded;
    expect(() => givenStacks([flat], truth, { inputPlanes: [1], distances: [2] })).toThrow(/`z_step <your z step>`/);
  });
});

describe("without the noise of the truth", () => {
  const bright = clean.map((plane) => ({ ...plane, data: plane.data.map((value) => value + 200) }));

  it("PSNR is that against the clean truth; null where noise decides", async () => {
    const output = stackOf(bright.map((plane) => gaussianFilter(plane, 6)));
    const [noisy, ideal] = [recorded, stackOf(bright)];
    const dataRange = 1000;
    const against = await compareStacks({ output, truth: noisy }, { dataRange });
    const pooled = await compareStacks({ output, truth: ideal }, { dataRange });
    const error = pooled.planes.reduce((sum, one) => sum + 10 ** (-one.output.psnr / 10), 0) / pooled.planes.length;
    const exact = -10 * Math.log10(error);
    expect(against.output.psnr).toBeLessThan(exact - 1);
    expect(Math.abs((against.psnrNoiseFree.output ?? 0) - exact)).toBeLessThan(0.8);
    expect((await compareStacks({ output: ideal, truth: noisy })).psnrNoiseFree.output).toBeUndefined();
  });
});

describe("parfocal evaluate", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "parfocal-evaluate-"));
    const write = (name: string, stack: Stack) => writeImage(join(folder, name), imageOfStack(stack, name));
    await write("stack.tif", recorded);
    await write("sharper.tif", sharper);
    await write("truth.tif", truth);
    await write("input.tif", input);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const evaluate = (...args: string[]) =>
    runCli(["evaluate", "sharper.tif", "--truth", "truth.tif", ...args], { cwd: folder });

  it("ends with one sentence, and keeps its JSON", async () => {
    const { stdout, code } = await evaluate("--input", "input.tif");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").at(-1)).toMatch(/^The output is better than .* sharper, not only smoother\.$/);
    const json = JSON.parse((await evaluate("--input", "input.tif", "--json")).stdout);
    expect(Object.keys(json.output).sort()).toEqual(["ms_ssim", "nrmse", "pearson", "psnr", "ssim"]);
    expect(json.baseline.psnr).toEqual({ value: expect.any(Number), name: expect.stringMatching(/^input/) });
    expect(json.detail.output.mean).toBeGreaterThan(json.detail.input.mean);
    expect(json.better_than_baseline).toEqual({ psnr: true, detail: true });
    expect(json.psnr_noise_free).toHaveProperty("baseline");
    const alone = JSON.parse((await evaluate("--json")).stdout);
    expect(alone).toMatchObject({ input: null, baseline: null, sentence: null });
  });

  it("takes planes of a stack, or several files", async () => {
    const planes = ["--input", "stack.tif", "--input-planes", "2,6", "--distances", "1", "--json"];
    const placed = JSON.parse((await evaluate(...planes)).stdout);
    expect(placed.baseline.psnr.name).toMatch(/^interpolation|^input plane/);
    const files = JSON.parse((await evaluate("--input", "input.tif", "--input", "truth.tif", "--json")).stdout);
    expect(files.baseline.psnr.name).toBe("input plane 2");
    const refused = await evaluate("--input-planes", "2");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/give --input as well/);
  });
});
