/** `parfocal study` as users type it: the folder that it writes, several stacks, and what it says of wrong input. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cropStack } from "../src/image/crop.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { imageOfStack, saveModel, writeImage } from "../src/node.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { complaints, runCli, warningTexts } from "./helpers/run-cli.ts";
import { tinyModel } from "./helpers/tiny-model.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-study-cli-"));
  const recipe = { ...shippedRecipe("beads"), size: 72, planes: 7, pixel_size: 0.3 };
  const write = async (name: string, stack: Stack): Promise<void> => {
    await writeImage(at(name), imageOfStack(stack, name));
  };
  const simulator = createSimulator(recipe);
  const first = (await simulator.field(1)).images.stack.stack;
  await write("beads.tif", first);
  await write("others.tif", (await simulator.field(2)).images.stack.stack);
  await write("two.tif", { ...first, data: first.data.slice(0, 2 * 72 * 72), depth: 2 });
  await write("wide.tif", cropStack(first, [0, 72], [0, 68]));
  await write("moved.tif", cropStack(first, [0, 72], [4, 72]));
  await write("small.tif", cropStack(first, [0, 40], [0, 72]));
  await write("plane.tif", { ...first, data: planeOf(first, 0).data.slice(), depth: 1 });
  const { info, onnx } = tinyModel({ distance_range: [-3, 3] }, "untrained");
  await saveModel(at("model"), info, onnx);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("parfocal study", () => {
  test("writes a page with everything in it, figures and numbers, and refuses to write over them", async () => {
    const args = ["study", "beads.tif", "--model", "model", "--model", "model", "-o", "study"];
    const done = await runCli([...args, "--json"], { cwd: folder });
    expect(complaints(done)).toBe("");
    expect(done.code).toBe(0);
    const { verdicts, headlines, report } = JSON.parse(done.stdout);
    expect(headlines["tiny 1"]).toMatchObject({
      use: false,
      sentence: "Do not use it: it returns its input unchanged.",
    });
    // An untrained residual network gives its input back.
    expect(Object.keys(verdicts)).toEqual(["tiny 1", "tiny 2"]);
    expect(verdicts["tiny 1"].direction).toMatchObject({ good: false, value: 0 });
    const page = readFileSync(at(report), "utf8");
    // The headline stands before everything else.
    const [first, second] = ["Do not use it: it returns its input unchanged.", "<table>"].map((text) =>
      page.indexOf(text),
    );
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(second);
    const described = JSON.parse(readFileSync(at("study/study.json"), "utf8"));
    expect(described.headlines).toEqual(headlines);
    const { bins } = described.by_distance["tiny 1"];
    for (const { psnr_gain_over_input, given } of bins) if (!given) expect(psnr_gain_over_input).toBeCloseTo(0, 3);
    expect(page).toContain("parfocal study beads.tif --model model --model model -o study");
    expect(page).not.toMatch(/<script|src="(?!data:)/);
    for (const name of [
      "figures/stack.png",
      "figures/psnr-refocus.svg",
      "study.json",
      "profiles.csv",
      "quality-control.csv",
    ]) {
      expect({ name, there: existsSync(at(join("study", name))) }).toEqual({ name, there: true });
    }
    const figures = readdirSync(at("study/figures"));
    const charts = figures.filter((name) => name.endsWith(".svg"));
    expect(charts.map((name) => name.replace(/svg$/, "png")).filter((name) => !figures.includes(name))).toEqual([]);
    const { width, height } = decode(readFileSync(at("study/figures/psnr-refocus.png")));
    expect([width, height]).toEqual([1280, 640]);
    const rows = readFileSync(at("study/scores.csv"), "utf8").trim().split("\n");
    expect(rows[0]).toMatch(/^candidate,plane,z_um,.*input_psnr,output_psnr/);
    for (const row of rows.slice(1)) {
      const [input, output] = row.split(",").slice(6, 8).map(Number);
      if (Number.isFinite(input)) expect(output).toBeCloseTo(input, 3);
    }
    const again = await runCli(args, { cwd: folder });
    expect(again.code).toBe(2);
    expect(complaints(again)).toMatch(/exists.*--force/);
  });

  test("of several stacks: a page for each, and the matrix", async () => {
    const args = ["study", "beads.tif", "others.tif", "--model", "model", "--no-classical", "-o", "several", "--json"];
    const done = await runCli(args, { cwd: folder });
    expect(done.code).toBe(0);
    const { generalisation } = JSON.parse(done.stdout);
    expect(generalisation.map(({ stack }: { stack: string }) => stack)).toEqual(["beads", "others"]);
    for (const { gain_db, gain_over_input_db } of generalisation) {
      expect(gain_over_input_db).toBeCloseTo(0, 3);
      // What is recorded can be smoothed.
      expect(gain_db).toBeLessThanOrEqual(0.001);
    }
    const { headlines } = JSON.parse(done.stdout);
    expect(headlines.others.tiny).toMatchObject({ use: false, for: "nothing", distances_um: [] });
    const page = readFileSync(at("several/index.html"), "utf8");
    expect(page).toContain('href="others/index.html"');
    expect(existsSync(at("several/others/index.html"))).toBe(true);
  });

  test("tells of a truth that lies beside the stack, and moves it", async () => {
    const args = ["study", "wide.tif", "--truth", "moved.tif", "--model", "model", "--no-classical", "--force"];
    const beside = await runCli([...args, "-o", "registered", "--json"], { cwd: folder });
    expect(warningTexts(beside).join()).toMatch(/truth is shifted by -4\.\d pixels in x.*--register/);
    const moved = await runCli([...args, "-o", "registered", "--register", "--json"], { cwd: folder });
    expect(moved.code).toBe(0);
    expect(warningTexts(moved).join()).not.toMatch(/truth is shifted/);
  });

  test.each<[string, string[], RegExp]>([
    ["no model", ["beads.tif"], /--model/],
    ["a model that is not there", ["beads.tif", "--model", "nowhere"], /nowhere/],
    ["two planes", ["two.tif", "--model", "model"], /has 2 planes.*both sides of focus/],
    ["a single plane", ["plane.tif", "--model", "model"], /has 1 plane;/],
    ["a small field", ["small.tif", "--model", "model"], /40 x 72 pixels.*48 x 48/],
    [
      "a truth of other planes",
      ["beads.tif", "--model", "model", "--truth", "two.tif"],
      /truth has 2 planes .*beads\.tif 7 planes/,
    ],
    [
      "a structure outside",
      ["beads.tif", "--model", "model", "--structure", "900,3"],
      /structure at 900,3 lies outside/,
    ],
    ["a plane that is not there", ["beads.tif", "--model", "model", "--sharpest", "7"], /planes 0 to 6/],
    [
      "a truth for several stacks",
      ["beads.tif", "others.tif", "--model", "model", "--truth", "beads.tif"],
      /several were given/,
    ],
  ])("refuses %s in a sentence, and leaves nothing", async (_, args, message) => {
    const done = await runCli(["study", ...args, "-o", "refused"], { cwd: folder });
    expect(done.code).not.toBe(0);
    expect(complaints(done)).toMatch(message);
    expect(complaints(done)).not.toMatch(/\n\s+at /);
    expect(existsSync(at("refused/index.html"))).toBe(false);
  });
});
