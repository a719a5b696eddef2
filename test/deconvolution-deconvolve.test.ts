/** Deconvolution as users call it: every method, edges, tiles, planes, memory, pixels that are no light; files and the verb. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { deconvolve } from "../src/classical/deconvolution/deconvolve.ts";
import type { DeconvolveOptions } from "../src/classical/deconvolution/deconvolve-options.ts";
import { planTiles } from "../src/classical/deconvolution/tiles.ts";
import { wiener } from "../src/classical/deconvolution/wiener.ts";
import { encodeImage } from "../src/image/encode-image.ts";
import type { Stack } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { imageOfStack } from "../src/image/stack-image.ts";
import { runCli } from "./helpers/run-cli.ts";
import { blurredTubes, gaussianPsf, psnr } from "./helpers/scenes.ts";
import { textsOf } from "./helpers/texts.ts";

/** What a camera of gain 2 and offset 100 makes of photons. */
function recorded(photons: number, size: number, seed: number) {
  const { image, psf, truth } = blurredTubes({ size, photons, seed });
  const stack: Stack = { ...image, data: image.data.map((v) => 100 + 2 * v), dtype: "uint16" };
  const counts = truth.data.map((v) => 2 * v);
  return { stack, psf, truth: counts, blurred: image.data.map((v) => 2 * v) };
}

describe("every method", () => {
  test.each([
    [{ method: "wiener" }, 1],
    [{ method: "richardson-lucy", iterations: 15 }, 15],
    [{ method: "richardson-lucy", iterations: 60, tv: 0.02 }, 60],
    [{ method: "richardson-lucy", iterations: 6, acceleration: true }, 6],
    [{ method: "consensus", gain: 2 }, undefined],
  ] as [DeconvolveOptions, number | undefined][])(
    "brings an image nearer to its truth, in its counts: %j",
    async (options, iterations) => {
      const { stack, psf, truth, blurred } = recorded(100, 96, 21);
      const done = await deconvolve(stack, psf, { ...options, offset: 100 });
      expect(psnr(done.stack.data, truth)).toBeGreaterThan(psnr(blurred, truth) + 1.5);
      expect(done.stack).toMatchObject({ depth: 1, height: 96, width: 96, dtype: "float32" });
      if (iterations) expect(done.iterations).toBe(iterations);
      else expect(done.stopped_by).toMatch(/divergence|settled|agreement/);
      expect(textsOf(done.warnings)).toEqual([]);
      const sum = (a: ArrayLike<number>) => Array.from(a).reduce((x, y) => x + y, 0);
      expect(sum(done.stack.data) / sum(blurred)).toBeCloseTo(1, 1);
    },
  );

  test("odd sizes, a plane of one row, and a PSF larger than the image", async () => {
    const psf = gaussianPsf([1, 31, 31], [1, 3, 3]);
    for (const [height, width] of [
      [17, 23],
      [1, 40],
      [5, 5],
    ]) {
      const data = Float32Array.from({ length: height * width }, (_, i) => 10 + (i % 7));
      const stack: Stack = { data, depth: 1, height, width, dtype: "float32" };
      for (const method of ["wiener", "richardson-lucy"] as const) {
        const { stack: result } = await deconvolve(stack, psf, { method, offset: 0 });
        expect(result.data).toHaveLength(height * width);
        expect(result.data.every(Number.isFinite)).toBe(true);
      }
    }
  });
});

describe("wiener", () => {
  test("gives the truth of a smooth object back, and rings little where the edge cuts one", async () => {
    const psf = gaussianPsf([1, 13, 13], [1, 1.5, 1.5]);
    // A Gaussian of sigma 4 blurred by one of 1.5 is one of sqrt(18.25); one of them cut by the edge.
    const gaussian = (sigma: number) => (y: number, x: number) =>
      [
        [30, 30],
        [2, 50],
      ].reduce(
        (sum, [cy, cx]) => sum + (16 / sigma ** 2) * Math.exp(-0.5 * (((y - cy) ** 2 + (x - cx) ** 2) / sigma ** 2)),
        1,
      );
    const draw = (f: (y: number, x: number) => number) =>
      Float32Array.from({ length: 4096 }, (_, i) => 100 * f(i >> 6, i & 63));
    const truth = draw(gaussian(4));
    const image = draw(gaussian(Math.sqrt(18.25)));
    const result = await wiener({ depth: 1, height: 64, width: 64, data: image }, psf, { noiseToSignal: 0.01 });
    const off = (a: Float32Array, near: boolean) =>
      Math.max(
        ...a.map((v, i) =>
          Math.min(i >> 6, 63 - (i >> 6), i & 63, 63 - (i & 63)) < 8 === near ? Math.abs(v - truth[i]) : 0,
        ),
      );
    expect(off(result, false)).toBeLessThan(0.3 * off(image, false));
    expect(off(result, true)).toBeLessThan(off(image, true));
  });

  test("by itself finds a ratio of noise to signal about as good as the best one given", async () => {
    for (const photons of [20, 200, 5000]) {
      const { image, psf, truth } = blurredTubes({ size: 96, photons, seed: 22 });
      const quality = async (noiseToSignal?: number) => psnr(await wiener(image, psf, { noiseToSignal }), truth.data);
      const given = [1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001].map(quality);
      expect(await quality()).toBeGreaterThan(Math.max(...(await Promise.all(given))) - 0.7);
    }
  });
});

describe("tiles", () => {
  test.each(["richardson-lucy", "wiener"] as const)("give what the whole gives: %s", async (method) => {
    const { stack, psf } = recorded(300, 160, 23);
    const options = { method, offset: 100, ...(method === "wiener" ? { noise_to_signal: 0.02 } : { iterations: 20 }) };
    const whole = await deconvolve(stack, psf, options);
    const tiled = await deconvolve(stack, psf, { ...options, tile_size: 48 });
    expect([whole.tiles, tiled.tiles]).toEqual([1, 16]);
    const largest = Math.max(...whole.stack.data);
    const off = whole.stack.data.map((v, i) => Math.abs(v - tiled.stack.data[i]) / largest);
    expect(Math.max(...off)).toBeLessThan(0.05);
    expect(off.reduce((a, b) => a + b, 0) / off.length).toBeLessThan(0.001);
  });

  test("cover the field once, fit into memory, or are refused with the figure", () => {
    const work = { method: "richardson-lucy", edges: "extend", totalVariation: false, acceleration: false } as const;
    const image = { depth: 30, height: 1500, width: 1100 };
    const psf = { depth: 31, height: 61, width: 61 };
    const { tiles, bytes } = planTiles(image, psf, work, 2 ** 30);
    expect(tiles.length).toBeGreaterThan(1);
    expect(bytes).toBeLessThan(2 ** 30);
    const seen = new Uint8Array(1500 * 1100);
    for (const { keep, y, x, height, width } of tiles) {
      expect(keep.y >= y && keep.x >= x && keep.y + keep.height <= y + height && keep.x + keep.width <= x + width).toBe(
        true,
      );
      for (let row = keep.y; row < keep.y + keep.height; row++)
        for (let c = keep.x; c < keep.x + keep.width; c++) seen[row * 1100 + c]++;
    }
    expect(seen.every((times) => times === 1)).toBe(true);
    expect(() => planTiles(image, psf, work, 2 ** 28)).toThrow(
      /30 x 1500 x 1100 voxels with a PSF of 31 x 61 x 61, in tiles of 32 pixels, needs about 0\.\d+ GiB of memory, and 0\.250 GiB/,
    );
  });
});

describe("planes of a stack", () => {
  test("separately, or by a PSF of one plane, are as each by itself", async () => {
    const one = recorded(100, 48, 24);
    const two = recorded(100, 48, 25);
    const data = new Float32Array([...one.stack.data, ...two.stack.data]);
    const stack = { ...one.stack, depth: 2, data };
    const options = { iterations: 8, offset: 100 };
    const each = await Promise.all([one.stack, two.stack].map((s) => deconvolve(s, one.psf, options)));
    const expected = new Float32Array(each.flatMap((r) => [...r.stack.data]));
    expect((await deconvolve(stack, one.psf, options)).stack.data).toEqual(expected);
    const deep = gaussianPsf([3, 17, 17], [0.7, 2, 2]);
    const separate = await deconvolve(stack, deep, { ...options, planes_separately: true });
    separate.stack.data.forEach((v, i) => {
      expect(Math.abs(v - expected[i])).toBeLessThan(0.5);
    });
    const together = await deconvolve(stack, deep, options);
    expect(together.stack.data).not.toEqual(separate.stack.data);
  });
});

describe("pixels and options that are not as they should be", () => {
  const psf = gaussianPsf([1, 9, 9], [1, 1.5, 1.5]);
  const plane = (value: (i: number) => number, dtype: Stack["dtype"] = "uint16"): Stack => ({
    data: Float32Array.from({ length: 64 * 64 }, (_, i) => value(i)),
    depth: 1,
    height: 64,
    width: 64,
    dtype,
  });

  test("saturated pixels and too high an offset are told, NaN and darkness refused", async () => {
    const saturated = await deconvolve(
      plane((i) => (i % 100 === 0 ? 65535 : 500)),
      psf,
      { iterations: 1, offset: 0 },
    );
    expect(textsOf(saturated.warnings).join()).toMatch(/41 pixels \(1\.0 %\) are saturated at 65535/);
    const high = await deconvolve(
      plane((i) => i % 1000),
      psf,
      { iterations: 1, offset: 900 },
    );
    expect(textsOf(high.warnings).join()).toMatch(/below the offset of 900/);
    expect(high.stack.data.every((v) => v >= 0)).toBe(true);
    await expect(
      deconvolve(
        plane((i) => (i === 7 ? Number.NaN : 1), "float32"),
        psf,
      ),
    ).rejects.toThrow(/deconvolved: plane 0, pixel x 7, y 0 is NaN/);
    await expect(
      deconvolve(
        plane(() => 100),
        psf,
        { offset: 100 },
      ),
    ).rejects.toThrow(/no pixel is above the offset/);
  });

  test("negative pixels count as dark", async () => {
    const { stack } = await deconvolve(
      plane((i) => (i % 64 === 32 ? 50 : -3), "float32"),
      psf,
      { offset: 0 },
    );
    expect(stack.data.every((v) => v >= 0)).toBe(true);
  });

  test("what is not known of the camera is estimated aloud, or asked for", async () => {
    const { stack, psf: kernel } = recorded(200, 128, 26);
    const done = await deconvolve(stack, kernel, { method: "consensus", iterations: 3 });
    expect(done.gain).toBeGreaterThan(1.5);
    expect(done.gain).toBeLessThan(2.5);
    expect(textsOf(done.warnings).join("\n")).toMatch(
      /offset of the camera is not known.*\n.*gain of the camera is not known/,
    );
    await expect(
      deconvolve(
        plane((i) => 100 + (i % 64)),
        psf,
        { method: "consensus" },
      ),
    ).rejects.toThrow(/`gain`/);
  });

  test("options that do nothing are refused, and wrong ones named", async () => {
    const image = plane(() => 100);
    await expect(deconvolve(image, psf, { method: "wiener", tv: 0.01 })).rejects.toThrow(
      /`tv` has no effect with wiener/,
    );
    await expect(deconvolve(image, psf, { tv: 1 })).rejects.toThrow(/`tv` is 1/);
    await expect(deconvolve(image, psf, { iteration: 3 } as DeconvolveOptions)).rejects.toThrow(
      /one of method, iterations/,
    );
    await expect(deconvolve(image, { ...psf, width: 8 })).rejects.toThrow(/odd sides/);
  });

  test("stops when it is told to, and tells how far it is", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const control = {
      signal: controller.signal,
      onProgress: ({ done }: { done: number }) => {
        seen.push(done);
        if (done === 5) controller.abort();
      },
    };
    await expect(
      deconvolve(
        plane((i) => i % 100),
        psf,
        { iterations: 50, offset: 0 },
        control,
      ),
    ).rejects.toThrow(/Stopped/);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("parfocal deconvolve", () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const depth = 5;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "parfocal-deconvolve-"));
    const random = new Random(27);
    const calibrated = { pixelSize: { y: 0.1, x: 0.1 }, zStep: 0.3, dtype: "uint16" as const };
    const data = Float32Array.from({ length: depth * 40 * 44 }, (_, i) => 100 + random.poisson(20 + (i % 44)));
    const stack: Stack = { ...calibrated, depth, height: 40, width: 44, data };
    writeFileSync(at("stack.tif"), encodeImage("stack.tif", imageOfStack(stack, "stack.tif")));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const optics = ["--na", "0.9", "--wavelength", "0.5", "--refractive-index", "1"];
  test("writes a calibrated float32 stack and one JSON document, and keeps what is there", async () => {
    const args = [
      "deconvolve",
      at("stack.tif"),
      ...optics,
      "--iterations",
      "3",
      "--offset",
      "100",
      "-o",
      at("out.tif"),
    ];
    const run = await runCli([...args, "--json", "--quiet"]);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const json = JSON.parse(run.stdout);
    expect(json).toMatchObject({
      output: at("out.tif"),
      method: "richardson-lucy",
      iterations: 3,
      offset: 100,
      tiles: 1,
    });
    expect(json.seconds).toBeGreaterThan(0);
    expect(json.psf.shape[0]).toBe(7);
    const file = await openImage(at("out.tif"));
    expect(file).toMatchObject({ dtype: "float32", zStep: 0.3 });
    const stack = await readStack(file);
    await file.close();
    expect([stack.depth, stack.height, stack.width]).toEqual([depth, 40, 44]);
    expect(Math.max(...stack.data)).toBeGreaterThan(30);
    expect(await runCli(args)).toMatchObject({ code: 2, stderr: expect.stringContaining("exists already") });
  });

  test("takes a measured PSF; asks for optics that are missing; knows no other method", async () => {
    const psf = gaussianPsf([5, 15, 15], [0.8, 1.5, 1.5]);
    const bead: Stack = {
      ...psf,
      data: psf.data.map((v) => 100 + 5e5 * v),
      dtype: "uint16",
      pixelSize: { y: 0.1, x: 0.1 },
      zStep: 0.3,
    };
    writeFileSync(at("bead.tif"), encodeImage("bead.tif", imageOfStack(bead, "bead.tif")));
    const run = await runCli([
      "deconvolve",
      at("stack.tif"),
      "--psf",
      at("bead.tif"),
      "--iterations",
      "2",
      "-o",
      at("m.tif"),
      "--json",
    ]);
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout).psf.source).toBe(at("bead.tif"));
    const missing = await runCli(["deconvolve", at("stack.tif"), "-o", at("x.tif")]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("--na") });
    const unknown = await runCli(["deconvolve", at("stack.tif"), ...optics, "--method", "magic", "-o", at("x.tif")]);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("magic") });
    const memory = await runCli([
      "deconvolve",
      at("stack.tif"),
      ...optics,
      "--max-memory",
      "0.0001",
      "-o",
      at("x.tif"),
    ]);
    expect(memory).toMatchObject({ code: 2, stderr: expect.stringContaining("GiB") });
  });

  test("Ctrl-C ends it with 130 and leaves nothing behind", async () => {
    const args = ["deconvolve", at("stack.tif"), ...optics, "--iterations", "100000", "-o", at("never.tif")];
    const run = await runCli(args, { onStart: (child) => setTimeout(() => child.kill("SIGINT"), 2500) });
    expect(run.code).toBe(130);
    await expect(openImage(at("never.tif"))).rejects.toThrow();
  });
});
