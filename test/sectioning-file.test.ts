/** Sections of files: exposures are found wherever a microscope puts them, and what cannot be done is refused before work. */
// cspell:ignore offfset

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { findExposures } from "../src/classical/sectioning/exposure-source.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { type Image, openImage, overrideCalibration, readImage, writeImage } from "../src/node.ts";
import { sectionFile } from "../src/tasks/section-file.ts";
import { runCli } from "./helpers/run-cli.ts";
import { textsOf } from "./helpers/texts.ts";

const [planes, height, width] = [4, 40, 48];
const size = height * width;
/** Exposure j of plane z: a blob in focus under a grid of 8 pixels, over uniform background; 100 counts without light. */
const exposure = (z: number, j: number) =>
  Uint16Array.from({ length: size }, (_, i) => {
    const blob = Math.exp(-((Math.floor(i / width) - 20) ** 2 + ((i % width) - 12 - 6 * z) ** 2) / 60);
    return Math.round(100 + 4000 + 3000 * blob * (1 + 0.8 * Math.cos(2 * Math.PI * ((i % width) / 8 + j / 3))));
  });
const all = (order: readonly (readonly [number, number])[]) => {
  const data = new Uint16Array(order.length * size);
  order.forEach(([z, j], n) => {
    data.set(exposure(z, j), n * size);
  });
  return data;
};
const indices = (count: number) => Array.from({ length: count }, (_, i) => i);
const byPlane = indices(planes).flatMap((z) => indices(3).map((j) => [z, j] as const));
const byExposure = indices(3).flatMap((j) => indices(planes).map((z) => [z, j] as const));

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-section-"));
  const common = { dtype: "uint16", pixelSize: { y: 0.2, x: 0.2 }, zStep: 0.7 } as const;
  const write = (name: string, axes: string, shape: number[], data: Uint16Array) =>
    writeImage(at(name), { ...common, axes, shape, data } as Image);
  await write("channels.tif", "ZCYX", [planes, 3, height, width], all(byPlane));
  await write("times.tif", "TZYX", [3, planes, height, width], all(byExposure));
  await write("pages.tif", "ZYX", [3 * planes, height, width], all(byPlane));
  for (const j of indices(3)) {
    await write(`phase${j}.tif`, "ZYX", [planes, height, width], all(byExposure.filter(([, own]) => own === j)));
  }
  await write("seven.tif", "ZYX", [7, height, width], all(byPlane.slice(0, 7)));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function withFiles<T>(
  names: readonly string[],
  use: (files: Awaited<ReturnType<typeof openImage>>[]) => Promise<T>,
) {
  const files = await Promise.all(names.map((name) => openImage(at(name))));
  try {
    return await use(files);
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

describe("sections of files", () => {
  test.each([[["channels.tif"]], [["times.tif"]], [["pages.tif"]], [["phase0.tif", "phase1.tif", "phase2.tif"]]])(
    "exposures are found in %j",
    async (names) => {
      await withFiles(names, async (files) => {
        const source = findExposures(files, { numbers: indices(3), what: "three exposures" });
        expect(source.planes).toBe(planes);
        for (const z of indices(planes)) {
          for (const j of indices(3)) expect(Uint16Array.from(await source.read(z, j))).toEqual(exposure(z, j));
        }
      });
    },
  );

  test("a grid's section has the blob and not the background, with the calibration of the file", async () => {
    const done = await withFiles(["channels.tif"], (files) =>
      sectionFile(fileStorage, files, "sim", at("s.tif"), { offset: 100 }),
    );
    const image = await readImage(at("s.tif"));
    expect(image).toMatchObject({ axes: "ZYX", shape: [planes, height, width], dtype: "float32", zStep: 0.7 });
    expect(image.pixelSize?.x).toBeCloseTo(0.2, 6);
    for (const z of indices(planes)) {
      const peak = image.data[z * size + 20 * width + 12 + 6 * z];
      expect(peak / (0.8 * 3000)).toBeCloseTo(1, 1);
      expect(image.data[z * size]).toBeLessThan(0.02 * peak);
    }
    expect(done.period_pixels).toBeGreaterThan(7);
    expect(done.period_pixels).toBeLessThan(9);
    expect(textsOf(done.warnings)).toEqual([]);
  });

  test("HiLo takes its weight from the optics where they are known, and says where they are not", async () => {
    const random = new Random(2);
    const noise = () => Uint16Array.from({ length: size }, () => 500 + random.integer(100));
    const data = new Uint16Array([...noise(), ...noise()]);
    const image: Image = { axes: "CYX", shape: [2, height, width], dtype: "uint16", data };
    await writeImage(at("hilo.tif"), image);
    const unknown = await withFiles(["hilo.tif"], (files) => sectionFile(fileStorage, files, "hilo", at("h1.tif")));
    expect(textsOf(unknown.warnings).join()).toMatch(/`na`, `wavelength` and `pixel_size`/);
    const known = await withFiles(["hilo.tif"], ([file]) =>
      sectionFile(
        fileStorage,
        [overrideCalibration(file, { na: 0.8, wavelength: 0.515, pixelSize: 0.15 })],
        "hilo",
        at("h2.tif"),
      ),
    );
    // 12.72 with a laser of 0.488 um: measured against simulated layers in imaging-speckle.test.ts.
    expect(known.eta).toBeGreaterThan(11.5);
    expect(known.eta).toBeLessThan(13.5);
    expect(textsOf(known.warnings)).toEqual([]);
  });

  test("what cannot be done is refused, before an output is touched", async () => {
    const attempt = (names: string[], method: "hilo" | "sim", options = {}, output = "never.tif") =>
      withFiles(names, (files) => sectionFile(fileStorage, files, method, at(output), options));
    await expect(attempt(["seven.tif"], "sim")).rejects.toThrow(
      /seven.tif has 1 channel, 1 time and 7 planes; expected three/,
    );
    await expect(attempt(["phase0.tif", "phase1.tif"], "sim")).rejects.toThrow(/got 2/);
    await expect(attempt(["phase0.tif", "seven.tif", "phase1.tif"], "sim")).rejects.toThrow(
      /can be compared only pixel by pixel/,
    );
    await expect(attempt(["channels.tif"], "sim", { sigma: 1 })).rejects.toThrow(/`sigma` has no effect on sim/);
    await expect(attempt(["pages.tif"], "hilo", { correct: false })).rejects.toThrow(/`correct` has no effect on hilo/);
    await expect(attempt(["pages.tif"], "sim", { offfset: 1 })).rejects.toThrow(/one of offset, sigma/);
    await expect(attempt(["channels.tif"], "sim", {}, "pages.tif")).rejects.toMatchObject({ code: "output.exists" });
    await expect(attempt(["channels.tif"], "sim", {}, "stack.png")).rejects.toMatchObject({ code: "usage" });
    await expect(readImage(at("never.tif"))).rejects.toMatchObject({ code: "file.missing" });
  });

  test("the command prints what it did", async () => {
    const args = ["section", "times.tif", "--method", "sim", "--no-correct", "-o", "cli.tif", "--json"];
    const { code, stdout } = await runCli(args, { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ output: "cli.tif", method: "sim", planes, seconds: expect.any(Number) });
    const again = await runCli(args.slice(0, -1), { cwd: folder });
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/--force/);
    const wrong = await runCli(["section", "times.tif", "--method", "magic", "-o", "x.tif"], { cwd: folder });
    expect(wrong.code).toBe(2);
  });
});
