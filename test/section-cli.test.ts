/** `parfocal section` on simulated exposures whose truth is known: out-of-focus light is removed, what is in focus stays, and wrong input is refused. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { sectionFromSpeckle } from "../src/classical/sectioning/hilo.ts";
import { sectionFromGrid } from "../src/classical/sectioning/structured-illumination.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { score } from "../src/metrics/metrics.ts";
import { openImage, overrideCalibration, type PixelType, readImage, writeImage } from "../src/node.ts";
import { imageWithSpeckle } from "../src/optics/imaging/hilo.ts";
import { createImager } from "../src/optics/imaging/image-volume.ts";
import { createSpeckle } from "../src/optics/imaging/speckle.ts";
import { createGridMicroscope } from "../src/optics/imaging/structured-illumination.ts";
import { emptyVolume } from "../src/optics/phantom/volume.ts";
import type { Pupil } from "../src/optics/psf/pupil.ts";
import { sectionFile } from "../src/tasks/section-file.ts";
import { complaints, runCli } from "./helpers/run-cli.ts";
import { textsOf } from "./helpers/texts.ts";

const detection: Pupil = { na: 0.8, wavelength: 0.515, refractiveIndex: 1 };
const illumination: Pupil = { ...detection, wavelength: 0.488 };
const grid = { depth: 16, height: 120, width: 120, pixelSize: 0.15, sliceStep: 0.6, bottom: -1.2 };
const size = grid.height * grid.width;
/** The specimen lies at 0 um, background from 6 um on; planes are one step apart. */
const planes = [-0.6, 0, 0.6];
const offset = 100;
const electrons = 20000;
const gain = 2;

let folder: string;
const at = (name: string) => join(folder, name);
/** What is in focus at 0 um, and contrast of the grid there. */
let truth: Float32Array;
let contrast: number;
/** Pixels where nothing is in focus. */
let dark: number[];
/** Counts, `[planes][exposure]`. */
let phases: Uint16Array[][];
let speckled: Uint16Array[][];

const joined = (parts: readonly Uint16Array[]) => {
  const all = new Uint16Array(parts.length * size);
  parts.forEach((part, i) => {
    all.set(part, i * size);
  });
  return all;
};
const common = { dtype: "uint16", pixelSize: { y: 0.15, x: 0.15 }, zStep: 0.6 } as const;
const write = (name: string, axes: string, shape: number[], parts: readonly Uint16Array[]) =>
  writeImage(at(name), { ...common, axes, shape: [...shape, 120, 120], data: joined(parts) });
const byExposure = (all: Uint16Array[][]) => all[0].flatMap((_, j) => all.map((plane) => plane[j]));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-section-cli-"));
  const random = new Random(11);
  const focused = emptyVolume(grid);
  for (let n = 0; n < 26; n++) {
    const [y0, x0] = [random.between(16, 104), random.between(16, 104)];
    const angle = random.between(0, Math.PI);
    for (let t = -12; t <= 12; t += 0.25) {
      const [y, x] = [Math.round(y0 + t * Math.sin(angle)), Math.round(x0 + t * Math.cos(angle))];
      focused.data[2 * size + y * grid.width + x] = 1;
    }
  }
  // Background: a uniform layer and clouds, far out of focus.
  const volume = { ...focused, data: focused.data.slice() };
  for (const s of [12, 15]) {
    const clouds = Array.from({ length: 4 }, () => [random.between(0, 120), random.between(0, 120)]);
    for (let i = 0; i < size; i++) {
      const [y, x] = [Math.floor(i / grid.width), i % grid.width];
      const cloud = clouds.reduce((sum, [cy, cx]) => sum + Math.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 800), 0);
      volume.data[s * size + i] = 0.1 + cloud;
    }
  }
  const imager = createImager(detection, grid);
  const sharp = await imager.image(focused, [0]);
  const wide = await imager.image(volume, planes);
  const scale = electrons / wide.reduce((most, v) => Math.max(most, v), 0);
  truth = sharp.map((v) => gain * scale * v);
  const brightest = truth.reduce((most, v) => Math.max(most, v), 0);
  dark = Array.from({ length: size }, (_, i) => i).filter((i) => {
    const [y, x] = [Math.floor(i / grid.width), i % grid.width];
    return y > 12 && y < 108 && x > 12 && x < 108 && truth[i] < 0.02 * brightest;
  });
  const record = (light: Float32Array) =>
    Uint16Array.from(light, (v) => Math.round(offset + gain * (random.poisson(scale * v) + 1.5 * random.normal())));
  const microscope = createGridMicroscope(imager, illumination, { frequency: 0.4, orientation: 30 });
  contrast = microscope.contrast(0);
  // A stage that misses, and a lamp that flickers.
  const exposures = planes.map((_, z) => ({
    phases: [0.2 * z, 2.2943 + 0.2 * z, 4.1387 + 0.2 * z],
    intensities: [1.03, 0.98, 0.99],
  }));
  const raw = await microscope.image(volume, planes, exposures);
  const cut = (data: Float32Array, n: number) => data.subarray(n * size, (n + 1) * size);
  phases = planes.map((_, z) => [0, 1, 2].map((j) => record(cut(raw, 3 * z + j))));
  const speckle = createSpeckle(illumination, grid, new Random(5));
  const grains = await imageWithSpeckle(imager, speckle, volume, planes);
  speckled = planes.map((_, z) => [record(cut(wide, z)), record(cut(grains, z))]);

  await write("channels.tif", "ZCYX", [3, 3], phases.flat());
  await write("interleaved.tif", "ZYX", [9], phases.flat());
  await write("blocks.tif", "ZYX", [9], byExposure(phases));
  for (const j of [0, 1, 2])
    await write(
      `phase${j}.tif`,
      "ZYX",
      [3],
      phases.map((plane) => plane[j]),
    );
  await write("hilo.tif", "ZCYX", [3, 2], speckled.flat());
  await write(
    "hilo-backwards.tif",
    "ZCYX",
    [3, 3],
    speckled.flatMap(([uniform, grained], z) => [grained, phases[z][0], uniform]),
  );
  await write(
    "uniform.tif",
    "ZYX",
    [3],
    speckled.map(([uniform]) => uniform),
  );
  await write(
    "speckle.tif",
    "ZYX",
    [3],
    speckled.map(([, grained]) => grained),
  );
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

async function section(args: string) {
  const run = await runCli(["section", ...args.split(" "), "--json"], { cwd: folder });
  expect({ code: run.code, stderr: complaints(run) }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(run.stdout);
}
const middle = async (name: string) => {
  const { data, dtype } = await readImage(at(name));
  expect(dtype).toBe("float32");
  return Float32Array.from(data.subarray(size, 2 * size));
};
const against = (data: Float32Array, factor = 1) => {
  const picture = (values: Float32Array) => ({ data: values, height: 120, width: 120 });
  const dataRange = truth.reduce((most, v) => Math.max(most, v), 0);
  return score(picture(data.map((v) => v / factor)), picture(truth), { dataRange });
};
const meanIn = (data: Float32Array, where: readonly number[]) =>
  where.reduce((sum, i) => sum + data[i], 0) / where.length;

describe("sections of simulated exposures", () => {
  test("a grid: nearer to what is in focus than the widefield image, and without out-of-focus light", async () => {
    const done = await section("channels.tif --method sim --offset 100 --widefield wf.tif -o sim.tif");
    expect(done).toMatchObject({
      output: "sim.tif",
      widefield: "wf.tif",
      method: "sim",
      exposures: "channels",
      planes: 3,
    });
    expect(done.warnings).toEqual([]);
    expect(done.planes_with_grid).toBeGreaterThanOrEqual(1);
    // 0.4 of the cut-off 2 NA / lambda, to whole periods in 18 um and to half a line of the spectrum.
    expect(Math.abs(done.period_um - 0.488 / (0.4 * 2 * 0.8))).toBeLessThan(0.03);
    expect(Math.abs(Math.abs(done.orientation_degrees) - 30)).toBeLessThan(4);
    expect(done.brightness[1][0]).toBeCloseTo(1.03, 2);
    expect(done.phases[1][1]).toBeCloseTo(2.2943, 1);
    const [cut, wide] = [await middle("sim.tif"), await middle("wf.tif")];
    const [of, beside] = [against(cut, contrast), against(wide)];
    expect(of.pearson).toBeGreaterThan(0.9);
    expect(of.pearson).toBeGreaterThan(beside.pearson + 0.2);
    expect(of.psnr).toBeGreaterThan(beside.psnr + 10);
    // What is left where nothing is in focus is noise: sqrt(pi / 3) of that of the exposures (Neil's length is never below 0).
    const background = meanIn(wide, dark);
    const noise = Math.sqrt((Math.PI / 3) * (gain * background + (gain * 1.5) ** 2));
    expect(meanIn(cut, dark)).toBeLessThan(1.1 * noise);
    expect(meanIn(cut, dark)).toBeLessThan(0.02 * background);
  });

  test("speckle: nearer to what is in focus than the uniform image, without out-of-focus light, in the same counts", async () => {
    const optics = "--na 0.8 --wavelength 0.515 --laser-wavelength 0.488 --gain 2 --read-noise 1.5 --offset 100";
    const done = await section(`hilo.tif --method hilo ${optics} --widefield uni.tif -o hilo-out.tif`);
    expect(done).toMatchObject({ method: "hilo", planes: 3, warnings: [] });
    const [cut, wide] = [await middle("hilo-out.tif"), await middle("uni.tif")];
    const [of, beside] = [against(cut), against(wide)];
    expect(of.pearson).toBeGreaterThan(beside.pearson + 0.1);
    expect(of.psnr).toBeGreaterThan(beside.psnr + 10);
    expect(Math.abs(meanIn(cut, dark))).toBeLessThan(0.06 * meanIn(wide, dark));
    expect(Array.from(wide)).toEqual(Array.from(speckled[1][0], (v) => v - offset));
    const sum = (data: Float32Array) => data.reduce((all, v) => all + v, 0);
    expect(done.in_focus[1]).toBeCloseTo(sum(cut) / sum(wide), 4);
  });

  test("exposures are found in channels, pages of both orders and files, by number and by axis", async () => {
    const make = async (names: string[], method: "sim" | "hilo", options = {}) => {
      const files = await Promise.all(names.map((name) => openImage(at(name))));
      const done = await sectionFile(
        fileStorage,
        files,
        method,
        at("found.tif"),
        { offset },
        { ...options, force: true },
      );
      for (const file of files) await file.close();
      return { ...done, data: (await readImage(at("found.tif"))).data };
    };
    const channels = await make(["channels.tif"], "sim");
    const others = [
      await make(["interleaved.tif"], "sim", { axis: "z" }),
      await make(["blocks.tif"], "sim", { order: "blocks" }),
      await make(["phase0.tif", "phase1.tif", "phase2.tif"], "sim"),
    ];
    expect(others.map(({ exposures }) => exposures)).toEqual(["pages", "pages", "files"]);
    for (const { data } of others) expect(data).toEqual(channels.data);
    const hilo = await make(["hilo.tif"], "hilo");
    expect(textsOf(hilo.warnings).join()).toMatch(/`na`, `wavelength` and `pixel_size`/);
    const again = [
      await make(["hilo-backwards.tif"], "hilo", { uniform: 2, speckle: 0 }),
      await make(["uniform.tif", "speckle.tif"], "hilo"),
      await make(["speckle.tif", "uniform.tif"], "hilo", { uniform: 1 }),
    ];
    for (const { data } of again) expect(data).toEqual(hilo.data);
  });

  test("plane by plane gives what the whole stack gives", async () => {
    const cubes = (all: Uint16Array[]) => Float32Array.from(joined(all));
    const stack = { planes: 3, height: 120, width: 120 };
    const whole = sectionFromGrid({ ...stack, data: cubes(phases.flat()) }, { offset });
    const file = await openImage(at("channels.tif"));
    const done = await sectionFile(
      fileStorage,
      [file],
      "sim",
      at("plane.tif"),
      { offset },
      { widefield: at("plane-wf.tif") },
    );
    await file.close();
    const apart = (a: ArrayLike<number>, b: Float32Array) => b.reduce((m, v, i) => Math.max(m, Math.abs(v - a[i])), 0);
    expect(apart((await readImage(at("plane.tif"))).data, whole.section)).toBeLessThan(0.01);
    expect(apart((await readImage(at("plane-wf.tif"))).data, whole.widefield)).toBeLessThan(0.01);
    expect(done.phases).toEqual(whole.phases);
    expect(done.brightness).toEqual(whole.brightness);

    const both = { uniform: cubes(speckled.map(([u]) => u)), speckle: cubes(speckled.map(([, s]) => s)) };
    const opened = await openImage(at("hilo.tif"));
    for (const known of [{}, { na: 0.8, wavelength: 0.515 }]) {
      const optics = "na" in known ? { pixelSize: 0.15, detection } : undefined;
      const expected = sectionFromSpeckle({ ...stack, ...both }, { offset, optics });
      const settings = { force: true };
      const one = await sectionFile(
        fileStorage,
        [overrideCalibration(opened, known)],
        "hilo",
        at("one.tif"),
        { offset },
        settings,
      );
      expect(one.eta).toBeCloseTo(expected.eta, 6);
      expect(apart((await readImage(at("one.tif"))).data, expected.section)).toBeLessThan(0.01);
    }
    await opened.close();
  });

  test("calibration is kept, and whole counts are rounded where they are asked for", async () => {
    await section("channels.tif --method sim --offset 100 --dtype uint16 --widefield wf16.ome.tif -o sim16.ome.tif");
    for (const name of ["sim16.ome.tif", "wf16.ome.tif"]) {
      const image = await readImage(at(name));
      expect(image).toMatchObject({
        axes: "ZYX",
        shape: [3, 120, 120],
        dtype: "uint16" satisfies PixelType,
        zStep: 0.6,
      });
      expect(image.pixelSize?.x).toBeCloseTo(0.15, 6);
    }
    const text = await runCli("section hilo.tif --method hilo --na 0.8 --wavelength 0.515 -o t.tif".split(" "), {
      cwd: folder,
    });
    expect(text.stdout).toMatch(/in focus .* % of the light/);
  });
});

describe("what cannot be sectioned", () => {
  test.each<[string, RegExp, number?]>([
    [
      "hilo.tif --method sim",
      /hilo\.tif has 2 channels, 1 time and 3 planes; expected three exposures as 3 channels, 3 times or/,
    ],
    ["phase0.tif phase1.tif --method sim", /three exposures: give one file with all of them, or 3 files; got 2/],
    [
      "phase0.tif phase1.tif interleaved.tif --method sim",
      /phase0\.tif has 3 planes of 120 x 120 pixels and interleaved\.tif 9 planes of 120 x 120/,
      1,
    ],
    ["uniform.tif --method hilo", /uniform\.tif has 1 channel, 1 time and 3 planes; expected two exposures/],
    ["hilo.tif --method hilo --uniform 0 --speckle 0", /have the same number 0; give different ones/],
    ["hilo.tif --method hilo --speckle 5", /hilo\.tif has 2 channels/],
    ["channels.tif --method sim --speckle 1", /--speckle means nothing to sim/],
    ["channels.tif --method sim --phases z --order blocks --channel 7", /channel/],
    ["channels.tif --method sim --phases c --order blocks", /--order blocks is for pages and has no effect/],
    ["channels.tif --method sim --phases t", /expected three exposures as 3 times/],
    ["phase0.tif phase1.tif phase2.tif --method sim --phases z", /--phases is for exposures in a single file/],
    ["channels.tif --method sim --widefield never.tif", /cannot both be never\.tif/],
    ["channels.tif --method sim --gain 2", /gain has no effect on sim/],
    ["channels.tif", /--method/],
  ])("%s", async (args, sentence, code = 2) => {
    const run = await runCli(["section", ...args.split(" "), "-o", "never.tif"], { cwd: folder });
    expect(run.stderr).toMatch(sentence);
    expect(run.code).toBe(code);
    expect(readdirSync(folder).filter((name) => name.includes("never"))).toEqual([]);
  });

  test("outputs that exist are kept, both of them", async () => {
    const before = (await readImage(at("channels.tif"))).data;
    const args = "section channels.tif --method sim -o new.tif --widefield channels.tif".split(" ");
    const run = await runCli(args, { cwd: folder });
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/channels\.tif is an image that is being read/);
    expect((await readImage(at("channels.tif"))).data).toEqual(before);
    expect(readdirSync(folder)).not.toContain("new.tif");
  });

  test("pixels that are no numbers are named", async () => {
    const data = Float32Array.from(joined(phases.flat()));
    data[4 * size + 7] = Number.NaN;
    await writeImage(at("nan.tif"), { ...common, dtype: "float32", axes: "ZCYX", shape: [3, 3, 120, 120], data });
    const run = await runCli("section nan.tif --method sim -o never.tif".split(" "), { cwd: folder });
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/nan\.tif: plane 1, channel 1, pixel x 7, y 0 is NaN/);
  });

  test("a stop leaves nothing behind", async () => {
    const before = readdirSync(folder);
    const file = await openImage(at("channels.tif"));
    const stop = new AbortController();
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      expect(total).toBe(9);
      if (done === 8) stop.abort();
    };
    const names = { widefield: at("never-wf.tif"), signal: stop.signal, onProgress };
    await expect(sectionFile(fileStorage, [file], "sim", at("never.tif"), {}, names)).rejects.toMatchObject({
      code: "interrupted",
    });
    await file.close();
    expect(readdirSync(folder)).toEqual(before);
  });

  test("where no grid is, that is said", async () => {
    const random = new Random(8);
    const even = Array.from({ length: 3 }, () => Uint16Array.from({ length: size }, () => 500 + random.integer(30)));
    await write("even.tif", "CYX", [3], even);
    const done = await section("even.tif --method sim -o even-out.tif");
    expect(done.warnings).toEqual([{ code: expect.any(String), text: expect.stringMatching(/No grid is visible/) }]);
    expect(done).toMatchObject({ planes: 1, planes_with_grid: 0 });
  });
});
