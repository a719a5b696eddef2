/** `parfocal fuse` and `parfocal autofocus`, as users run them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fusionScene } from "../bench/fusion/scene.ts";
import { readImage } from "../src/node.ts";
import { encodeImage, type Image } from "./helpers/images.ts";
import { runCli } from "./helpers/run-cli.ts";

let folder: string;
const scene = fusionScene({ size: 64, seed: 2 });
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-fusion-"));
  const { data, depth, height, width, pixelSize, zStep } = scene.stack;
  const image: Image = {
    axes: "ZYX",
    shape: [depth, height, width],
    dtype: "uint16",
    data: Uint16Array.from(data),
    ...(pixelSize && { pixelSize }),
  };
  const write = (name: string, one: Image) => writeFileSync(join(folder, name), encodeImage(name, one));
  write("stack.tif", { ...image, ...(zStep && { zStep }) });
  write("bare.tif", image);
  write("one.tif", { ...image, axes: "YX", shape: [height, width], data: image.data.slice(0, height * width) });
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => runCli(args, { cwd: folder });

describe("fuse", () => {
  test("writes the image, its depth in um and in colours, and says where", async () => {
    const { code, stdout } = await run(
      "fuse",
      "stack.tif",
      "--z-step",
      "0.5",
      "--na",
      "0.6",
      "-o",
      "out.tif",
      "--json",
    );
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      output: "out.tif",
      depth: "out_depth.tif",
      colours: "out_depth.png",
      uncertain: "out_uncertain.tif",
      light: "fluorescence",
    });
    const image = await readImage(join(folder, "out.tif"));
    expect(image).toMatchObject({ axes: "YX", shape: [64, 64], dtype: "uint16" });
    expect(image.pixelSize?.x).toBeCloseTo(0.325, 6);
    const depth = await readImage(join(folder, "out_depth.tif"));
    expect(depth.dtype).toBe("float32");
    for (const { x, y, z } of scene.beads)
      expect(Math.abs(depth.data[Math.round(y) * 64 + Math.round(x)] - 0.5 * z)).toBeLessThan(0.5);
    const mask = await readImage(join(folder, "out_uncertain.tif"));
    expect(mask).toMatchObject({ axes: "YX", shape: [64, 64], dtype: "uint8" });
    expect(new Set(mask.data).size).toBe(2);
    const uncertain = Array.from(mask.data).filter((v) => v === 255).length;
    expect(uncertain / mask.data.length).toBeCloseTo(1 - result.confident, 6);
    for (const { x, y } of scene.beads) expect(mask.data[Math.round(y) * 64 + Math.round(x)]).toBe(0);
    const png = decode(readFileSync(join(folder, "out_depth.png")));
    expect([png.width, png.height, png.channels, png.depth]).toEqual([64, 64, 3, 8]);
  });

  test.each([
    ["depth.tif", "float32"],
    ["uncertain.tif", "uint8"],
  ])("an output that exists (%s) is refused before any work; --force replaces it", async (ending, dtype) => {
    const name = ending.replace(".tif", "");
    const there = join(folder, `${name}_${ending}`);
    writeFileSync(there, "mine");
    const refused = await run("fuse", "stack.tif", "-o", `${name}.tif`);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/_(depth|uncertain)\.tif exists already.*--force/);
    expect(existsSync(join(folder, `${name}.tif`))).toBe(false);
    expect(readFileSync(there, "utf8")).toBe("mine");
    expect((await run("fuse", "stack.tif", "-o", `${name}.tif`, "--force", "--quiet")).code).toBe(0);
    expect((await readImage(there)).dtype).toBe(dtype);
  });

  test.each([
    [["fuse", "bare.tif", "-o", "x.tif"], 2, /bare\.tif: 13 planes but no z step.*--z-step/],
    [["fuse", "one.tif", "-o", "x.tif"], 1, /needs a stack of at least 3 planes/],
    [["fuse", "stack.tif", "-o", "x.jpg"], 2, /x\.jpg: images are written as/],
    [["fuse", "stack.tif", "-o", "x.tif", "--light", "neon"], 2, /fluorescence or transmitted/],
  ])("%j is refused", async (args, code, message) => {
    const refused = await run(...args);
    expect(refused.code).toBe(code);
    expect(refused.stderr).toMatch(message);
    expect(existsSync(join(folder, "x.tif"))).toBe(false);
  });
});

describe("autofocus", () => {
  test("tells the focus of the field and of regions, in um", async () => {
    const { code, stdout } = await run("autofocus", "stack.tif", "--z-step", "0.5", "--tile", "16", "--json");
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ method: "tenengrad", direction_confidence: null });
    expect(found.defocus_um).toBeCloseTo(0.5 * found.best_position, 3);
    expect(found.curve).toHaveLength(13);
    expect(found.map.defocus_um).toHaveLength(found.map.y_px.length);
    // Regions of 16 pixels contain out-of-focus light of their neighbours as well; most beads are the sharpest thing in theirs.
    const right = scene.beads.filter(({ x, y, z }) =>
      found.map.y_px.some((cy: number, row: number) =>
        found.map.x_px.some((cx: number, column: number) => {
          const um: number | null = found.map.defocus_um[row][column];
          return Math.abs(cy - y) < 8 && Math.abs(cx - x) < 8 && um !== null && Math.abs(um - 0.5 * z) < 0.3;
        }),
      ),
    );
    expect(right.length).toBeGreaterThanOrEqual(4);
  });

  test("in words", async () => {
    const { code, stdout } = await run("autofocus", "stack.tif", "--tile", "32", "--method", "band_power", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toMatch(/focus +[\d.]+ um above the first plane \(plane [\d.]+\), by band_power/);
    expect(stdout).toMatch(/regions +\d+ of \d+ of 32 pixels/);
  });

  test.each([
    [["autofocus", "one.tif"], 1, /a single plane.*a model trained/],
    [["autofocus", "bare.tif"], 2, /no z step.*--z-step/],
    [["autofocus", "stack.tif", "--tile", "65"], 2, /tiles of 65 pixels.*3 to 64/],
    [["autofocus", "stack.tif", "--method", "guess"], 2, /tenengrad, brenner/],
  ])("%j is refused", async (args, code, message) => {
    const refused = await run(...args);
    expect(refused.code).toBe(code);
    expect(refused.stderr).toMatch(message);
  });
});
