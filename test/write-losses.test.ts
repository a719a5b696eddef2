/** What whole counts cannot hold is counted and said; rescaled outputs hold all of it and say what their counts mean. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import type { ImageInfo, PixelType } from "../src/image/image.ts";
import { readImage } from "../src/image/open-image.node.ts";
import { createImageWriter, writeImage } from "../src/image/write-image.node.ts";
import { runCli, warningTexts } from "./helpers/run-cli.ts";
import { textsOf } from "./helpers/texts.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-losses-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let number = 0;
const fresh = (ending = "tif") => join(folder, `${number++}.${ending}`);
const info = (dtype: PixelType, shape = [3, 20, 30]): ImageInfo => ({
  axes: shape.length === 3 ? "ZYX" : "YX",
  shape,
  dtype,
  pixelSize: { y: 0.325, x: 0.325 },
});
const floats = (length: number, make: (random: Random, i: number) => number) => {
  const random = new Random(5);
  return Float32Array.from({ length }, (_, i) => make(random, i));
};

describe("losses are counted", () => {
  test("pixels outside the counts, exactly, and what is within half a count of them is not", async () => {
    const data = new Float32Array(1800).fill(100);
    data.fill(-7, 0, 90); // 5 %
    data.fill(300.5, 90, 126); // 2 %
    data.fill(-0.4, 200, 400);
    data.fill(255.4, 400, 500);
    const { loss, warnings } = await writeImage(fresh(), { ...info("uint8"), data });
    expect([loss?.below, loss?.above, loss?.pixels]).toEqual([0.05, 0.02, 1800]);
    expect(loss?.collapsed).toBe(0);
    expect(warnings).toHaveLength(1);
    expect(warnings[0].text).toMatch(/5\.0 % of the pixels lie below 0 \(down to -7\) and become 0/);
    expect(warnings[0].text).toMatch(/2\.0 % of the pixels lie above 255 \(up to 300\.5\) and become 255/);
    expect(warnings[0].text).toContain("`rescale`");
  });

  test("one pixel in a thousand is tolerated, more is not", async () => {
    const make = (bad: number) => floats(1800, (random, i) => (i < bad ? 70000 : random.integer(60000)));
    expect((await writeImage(fresh(), { ...info("uint16"), data: make(1) })).warnings).toEqual([]);
    expect((await writeImage(fresh(), { ...info("uint16"), data: make(2) })).warnings[0].text).toContain("above 65535");
  });

  test.each(["uint8", "uint16"] as const)("a stack of 0 to 1 in %s loses its grey levels", async (dtype) => {
    const data = floats(1800, (random) => random.uniform());
    const { loss, warnings } = await writeImage(fresh(), { ...info(dtype), data });
    // Values that lie farther from 0 or 1 than a quarter of the standard deviation, 0.072: all but two times that.
    expect(loss?.collapsed).toBeCloseTo(1 - 2 * 0.072, 1);
    expect(warnings[0].text).toMatch(
      /leaves 2 grey levels of the values from .* 8\d % of the pixels lose their detail/,
    );
    // Faint values lose as much: nothing is left of them.
    const faint = await writeImage(fresh(), { ...info(dtype), data: data.map((value) => 1e-4 * value) });
    expect([faint.loss?.levels, faint.warnings[0].text]).toEqual([
      1,
      expect.stringContaining("leaves 1 grey level of"),
    ]);
    expect(faint.loss?.collapsed).toBeGreaterThan(0.9);
  });

  test("whole numbers lose nothing, however few they are, nor does an image of many counts", async () => {
    for (const most of [2, 20, 60000]) {
      const data = floats(1800, (random) => random.integer(most));
      expect((await writeImage(fresh(), { ...info("uint16"), data })).warnings).toEqual([]);
    }
    const noise = floats(1800, (random) => 100 + 5 * random.normal());
    const { warnings, loss } = await writeImage(fresh(), { ...info("uint16"), data: noise });
    expect([warnings, loss?.collapsed]).toEqual([[], 0]);
    expect(loss?.deviation).toBeCloseTo(5, 0);
    expect((await writeImage(fresh(), { ...info("float32"), data: noise })).warnings).toEqual([]);
  });

  test("counts are counted over all rows, in whatever order they come", async () => {
    const writer = await createImageWriter(fresh(), info("uint8", [4, 5]));
    await writer.writeRows({}, 2, new Float32Array(10).fill(-3));
    await writer.writeRows({}, 0, new Float32Array(10).fill(20));
    expect((await writer.finish()).loss).toMatchObject({ below: 0.5, above: 0, pixels: 20, min: -3, max: 20 });
  });

  test("NaN where counts are written names plane and pixel", async () => {
    const data = new Float32Array(1800);
    data[2 * 600 + 4 * 30 + 17] = Number.NaN;
    const path = fresh();
    const error = await writeImage(path, { ...info("uint8"), data }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ParfocalError);
    expect((error as ParfocalError).fields).toEqual({ path, detail: "plane 2, pixel x 17, y 4 is NaN (not a number)" });
    expect(existsSync(path)).toBe(false);
  });
});

const python = "/usr/bin/python3";
const hasTifffile = spawnSync(python, ["-c", "import tifffile"]).status === 0;

describe("rescaled outputs", () => {
  const data = floats(1800, (random) => 0.1 * random.normal() - 0.02);
  const [min, max] = [Math.min(...data), Math.max(...data)];

  test.each([
    ["tif", "uint16", 65535],
    ["tif", "uint8", 255],
    ["ome.tif", "uint16", 65535],
    ["ome.tif", "uint8", 255],
  ] as const)("%s, %s: all counts are used, and the values come back", async (ending, dtype, most) => {
    const path = fresh(ending);
    const { rescale, warnings } = await writeImage(path, { ...info(dtype), data }, { rescale: true });
    expect([rescale?.offset, rescale?.scale]).toEqual([min, (max - min) / most]);
    expect(textsOf(warnings)).toEqual([]);
    const back = await readImage(path);
    expect(back.rescale).toEqual(rescale);
    expect([Math.min(...back.data), Math.max(...back.data)]).toEqual([0, most]);
    const { offset, scale } = back.rescale ?? { offset: Number.NaN, scale: Number.NaN };
    const worst = Math.max(...Array.from(back.data, (count, i) => Math.abs(offset + scale * count - data[i])));
    expect(worst).toBeLessThan(0.51 * scale);
    expect(back.pixelSize).toEqual({ y: 0.325, x: 0.325 });
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("a PNG says it as well", async () => {
    const path = fresh("png");
    const plane = data.subarray(0, 600);
    const { rescale } = await writeImage(path, { ...info("uint8", [20, 30]), data: plane }, { rescale: true });
    const back = await readImage(path);
    expect(back.rescale).toEqual(rescale);
    expect([Math.min(...back.data), Math.max(...back.data)]).toEqual([0, 255]);
  });

  test.skipIf(!hasTifffile)("other programs find it (skipped where Debian's python3-tifffile is absent)", async () => {
    const [imagej, ome] = [fresh("tif"), fresh("ome.tif")];
    const { rescale } = await writeImage(imagej, { ...info("uint16"), data }, { rescale: true });
    await writeImage(ome, { ...info("uint16"), data }, { rescale: true });
    const code =
      "import sys, json, tifffile\n" +
      "m = tifffile.TiffFile(sys.argv[1]).imagej_metadata\n" +
      "o = tifffile.xml2dict(tifffile.TiffFile(sys.argv[2]).ome_metadata)['OME']['StructuredAnnotations']['MapAnnotation']['Value']['M']\n" +
      "print(json.dumps([m['cf'], m['c0'], m['c1'], {e['K']: float(e['value']) for e in o}]))";
    const [cf, c0, c1, map] = JSON.parse(execFileSync(python, ["-c", code, imagej, ome], { encoding: "utf8" }));
    expect(cf).toBe(0);
    expect([c0, c1]).toEqual([rescale?.offset, rescale?.scale]);
    expect(map).toEqual(rescale);
  });

  test("an image of one value, NaN, and float32", async () => {
    const flat = fresh();
    const { rescale } = await writeImage(
      flat,
      { ...info("uint8"), data: new Float32Array(1800).fill(3.5) },
      { rescale: true },
    );
    expect(rescale).toEqual({ offset: 3.5, scale: 1 });
    expect(new Set((await readImage(flat)).data)).toEqual(new Set([0]));
    const bad = Float32Array.from(data);
    bad[31] = Number.POSITIVE_INFINITY;
    const unfit = await writeImage(fresh(), { ...info("uint8"), data: bad }, { rescale: true }).catch(
      (e: unknown) => e,
    );
    expect((unfit as ParfocalError).message).toContain("plane 0, pixel x 1, y 1 is infinite");
    const useless = await writeImage(fresh(), { ...info("float32"), data }, { rescale: true }).catch((e: unknown) => e);
    expect([(useless as ParfocalError).code, (useless as ParfocalError).message]).toEqual([
      "usage",
      expect.stringContaining("`dtype <uint8 or uint16>`"),
    ]);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

test("the command line warns, rescales, and inspect says what the counts mean", async () => {
  const calibration = { pixelSize: { y: 0.2, x: 0.2 }, optics: { na: 0.8, wavelength: 0.5 } };
  const data = floats(64 * 64, (random, i) => 100 + (i === 2080 ? 200000 : 100 * random.uniform()));
  await writeImage(join(folder, "in.ome.tif"), { axes: "YX", shape: [64, 64], dtype: "float32", data, ...calibration });
  const command = "deconvolve in.ome.tif --offset 0 --iterations 2 --dtype uint8 --force --json";
  const run = (more: string) => runCli(`${command} ${more}`.split(" "), { cwd: folder });
  const clipped = await run("-o clipped.tif");
  expect(JSON.parse(clipped.stdout).rescale).toBeUndefined();
  expect(warningTexts(clipped).join()).toMatch(
    /clipped\.tif: .* % of the pixels lie above 255 .*(`rescale`|--rescale)/,
  );
  const rescaled = await run("-o rescaled.tif --rescale");
  const made = JSON.parse(rescaled.stdout);
  expect(warningTexts(rescaled).join()).not.toContain("lie above");
  const seen = JSON.parse((await runCli(["inspect", "rescaled.tif", "--json"], { cwd: folder })).stdout);
  expect(seen.rescale).toEqual(made.rescale);
  expect(seen.pixel_size_um).toBe(0.2);
  expect(made.rescale.scale).toBeGreaterThan(1);
  const useless = await runCli(`${command} -o no.tif --rescale`.replace(" --dtype uint8", "").split(" "), {
    cwd: folder,
  });
  expect([useless.code, JSON.parse(useless.stdout).error.code]).toEqual([2, "usage"]);
});
