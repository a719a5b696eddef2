/** The documents: their code runs, and the files that they name and link to exist. */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeImage, imageOfStack, memorySource, openImageSource, simulateField } from "../src/index.ts";
import { guideBlocks } from "./helpers/guide.ts";
import { runCli } from "./helpers/run-cli.ts";

const documents = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path.replaceAll("\\", "/")}`),
];

const programs = Array.from(readFileSync("README.md", "utf8").matchAll(/```ts\n(.*?)```/gs), ([, text]) => text);

/** The commands of the README, without comments. */
const commands = Array.from(readFileSync("README.md", "utf8").matchAll(/^npx parfocal ([^#\n]+)/gm), ([, line]) =>
  line.trim(),
);

/** Commands that train, with what makes them take seconds: a few small steps instead of minutes, on small fields. */
const training = [
  { starts: "train stack.tif --channel 1 --na", less: "" },
  { starts: "train stack.tif --channel 1 --target-channel", less: "" },
  { starts: "train holograms", less: "--pool-fields 1 --set size=128 --set fields=3" },
];

describe("the README", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "parfocal-readme-"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(resolve("."), join(folder, "node_modules", "parfocal"), "junction");
    const { images } = await simulateField("beads", { size: 64, planes: 13, beads: 6, seed: 3 });
    const { stack } = images.stack;
    const { data, depth, height, width } = stack;
    // The stack has two channels, as that of the README.
    const two = new Float32Array(2 * data.length);
    two.set(data);
    two.set(data, data.length);
    const image = imageOfStack(stack, "stack.tif");
    const shape = [2, depth, height, width];
    const stackFile = encodeImage("stack.tif", { ...image, axes: "CZYX", shape, dtype: "float32", data: two });
    writeFileSync(join(folder, "stack.tif"), stackFile);
    const pair = { ...stack, depth: 2, data: new Float32Array(2 * height * width) };
    for (const [i, plane] of [5, 7].entries())
      pair.data.set(data.subarray(plane * height * width, (plane + 1) * height * width), i * height * width);
    writeFileSync(join(folder, "pair.tif"), encodeImage("pair.tif", imageOfStack({ ...pair, zStep: 2 }, "pair.tif")));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("leads from a stack to refocused planes and a report on the model", { timeout: 300_000 }, async () => {
    for (const { starts, less } of training) {
      const [command] = commands.filter((line) => line.startsWith(starts));
      const short = `${command.replace(/ --max-minutes \d+/, "")} --num-steps 2 --patch-size 32 --batch-size 2 ${less}`;
      const run = await runCli(short.trim().split(" "), { cwd: folder });
      // A model that saw two batches is of no use, and the exit code says so.
      expect({ command, code: run.code, stderr: run.stderr }).toMatchObject({ code: expect.toBeOneOf([0, 3]) });
    }
    for (const name of ["refocus", "study"]) {
      const [command] = commands.filter((line) => line.startsWith(`${name} `));
      const run = await runCli(command.split(" "), { cwd: folder });
      expect({ command, code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    }
    const bytes = readFileSync(join(folder, "refocused.tif"));
    const file = await openImageSource(memorySource("refocused.tif", bytes));
    expect([file.axes, file.shape]).toEqual(["ZYX", [17, 64, 64]]);
    rmSync(join(folder, "refocused.tif"));
    expect(readFileSync(join(folder, "study", "index.html"), "utf8").includes("<h1>")).toBe(true);
  });

  /** Runs a program in a folder in which the package is installed. */
  async function run(text: string): Promise<string> {
    const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ESNext } });
    writeFileSync(join(folder, "program.mjs"), outputText);
    const { stdout } = await promisify(execFile)(process.execPath, ["program.mjs"], { cwd: folder });
    return stdout;
  }

  test("trains a model and refocuses with it", { timeout: 120_000 }, async () => {
    // A few small steps instead of five minutes.
    const short = programs[0].replace("max_minutes: 5", "num_steps: 4, patch_size: 32, batch_size: 2");
    expect(short).not.toBe(programs[0]);
    const stdout = await run(short);
    expect(stdout).toMatch(/step 4 of 4, loss \d/);
    expect(stdout).toContain("[ -2, -1, 1, 3 ]");
    const bytes = readFileSync(join(folder, "refocused.tif"));
    const file = await openImageSource(memorySource("refocused.tif", bytes));
    expect([file.axes, file.shape]).toEqual(["ZYX", [4, 64, 64]]);
  });

  test("simulates and compares", { timeout: 60_000 }, async () => {
    const [psnr, ssim] = (await run(programs[1])).trim().split(" ").map(Number);
    expect(psnr).toBeGreaterThan(20);
    expect(ssim).toBeGreaterThan(0.3);
    expect(ssim).toBeLessThan(1);
  });

  test("has no other program", () => {
    expect(programs).toHaveLength(2);
  });
});

describe.each(documents)("%s", (path) => {
  const text = readFileSync(path, "utf8");

  test("links to files that exist", () => {
    const links = Array.from(text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g), ([, to]) => to);
    const broken = links.filter((to) => !/^[a-z]+:/.test(to) && !existsSync(join(dirname(path), to)));
    expect(broken).toEqual([]);
  });

  test("names source files that exist", () => {
    const named = Array.from(
      text.matchAll(/(?<![\w./-])(?:(?:src|test)\/[\w./-]*\w|(?:bench|figures)\/[\w./-]*\.ts\b)/g),
      ([name]) => name,
    );
    // A guide may create files, and name them then.
    const created = guideBlocks(text).map((block) => block.path);
    expect(named.filter((name) => !existsSync(name) && !created.includes(name))).toEqual([]);
  });
});
