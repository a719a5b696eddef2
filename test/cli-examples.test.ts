/** Commands in the documents and in --help are true: cheap ones are run, the others are at least understood. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { saveModel } from "../src/models/model-folder.node.ts";
import { taskNames } from "../src/tasks/tasks.ts";
import { commandFor } from "./helpers/commands.ts";
import { encodeImage, type Image, Random } from "./helpers/images.ts";
import { runCli } from "./helpers/run-cli.ts";
import { tinyAutofocusModel } from "./helpers/tiny-autofocus-model.ts";
import { tinyHologramModel } from "./helpers/tiny-hologram-model.ts";
import { tinySectionModel } from "./helpers/tiny-section-model.ts";

const documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/recipes.md", "docs/folders.md"];

/** Every `parfocal ...` line of a text, without comments. */
function commandsIn(text: string): string[] {
  return Array.from(text.matchAll(/^ *(?:npx )?parfocal ([^#\n]+)/gm), ([, command]) => command.trim());
}

const inDocuments = documents.flatMap((path) =>
  Array.from(readFileSync(path, "utf8").matchAll(/```sh\n(.*?)```/gs), ([, block]) => commandsIn(block)).flat(),
);

/** Verbs whose examples take seconds, on the files below. The others need minutes, or a model. */
const cheap = [
  "inspect",
  "autofocus",
  "fuse",
  "deconvolve",
  "section",
  "reconstruct",
  "psf",
  "simulate",
  "evaluate",
  "doctor",
];
const cheapInDocuments = inDocuments.filter((line) => cheap.includes(line.split(" ")[0]));
const heavyInDocuments = inDocuments.filter((line) => !cheap.includes(line.split(" ")[0]));

let folder: string;
let examples: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-examples-"));
  const random = new Random(3);
  const noise = (length: number) => Uint16Array.from({ length }, () => 100 + random.integer(3000));
  const write = (name: string, image: Image) => writeFileSync(join(folder, name), encodeImage(name, image));
  const calibrated = { pixelSize: { y: 0.325, x: 0.325 }, zStep: 1, dtype: "uint16" } as const;
  const size = 32 * 32;
  const truth = noise(3 * size);
  write("stack.tif", {
    ...calibrated,
    axes: "CZYX",
    shape: [2, 3, 32, 32],
    data: new Uint16Array([...noise(3 * size), ...truth]),
  });
  write("truth.tif", { ...calibrated, axes: "ZYX", shape: [3, 32, 32], data: truth });
  write("refocused.tif", { ...calibrated, axes: "ZYX", shape: [3, 32, 32], data: noise(3 * size) });
  write("frames.tif", { ...calibrated, axes: "TYX", shape: [3, 32, 32], data: truth });
  write("blurred.tif", { ...calibrated, axes: "YX", shape: [32, 32], data: noise(size) });
  const bead = (i: number) =>
    Math.exp(-0.2 * ((Math.floor(i / 225) - 1) ** 2 + ((Math.floor(i / 15) % 15) - 7) ** 2 + ((i % 15) - 7) ** 2));
  write("bead.tif", {
    ...calibrated,
    axes: "ZYX",
    shape: [3, 15, 15],
    data: Uint16Array.from({ length: 675 }, (_, i) => 100 + 5000 * bead(i)),
  });
  const fringes = Uint16Array.from(noise(size), (v, i) => 5000 + v / 10 + 3000 * Math.cos((i % 32) * 1.3 + i / 40));
  write("hologram.tif", { ...calibrated, axes: "YX", shape: [32, 32], data: fringes });
  write("single.tif", { ...calibrated, axes: "YX", shape: [32, 32], data: noise(size) });
  write("inline.tif", { ...calibrated, axes: "YX", shape: [32, 32], data: noise(size) });
  const focusModel = tinyAutofocusModel();
  await saveModel(join(folder, "runs", "autofocus", "version_0"), focusModel.info, focusModel.onnx);
  const hologramModel = tinyHologramModel({}, "untrained");
  await saveModel(join(folder, "runs", "hologram", "version_0"), hologramModel.info, hologramModel.onnx);
  for (const [name, kind] of [
    ["unet", "unet"],
    ["care", "laplace"],
  ] as const) {
    const model = tinySectionModel(kind);
    await saveModel(join(folder, "runs", name, "version_0"), model.info, model.onnx);
  }
  write("brightfield.tif", { ...calibrated, zStep: 2, axes: "ZYX", shape: [3, 32, 32], data: noise(3 * size) });
  write("grid.tif", { ...calibrated, axes: "CYX", shape: [3, 32, 32], data: noise(3 * size) });
  // All planes of one exposure, then all of the next.
  write("pages.tif", { ...calibrated, axes: "ZYX", shape: [6, 32, 32], data: noise(6 * size) });
  write("speckle.tif", { ...calibrated, axes: "CYX", shape: [2, 32, 32], data: noise(2 * size) });
  for (const name of ["uniform.tif", "laser.tif"])
    write(name, { ...calibrated, axes: "ZYX", shape: [3, 32, 32], data: noise(3 * size) });
  mkdirSync(join(folder, "planes"));
  for (const z of [0, 1, 2])
    write(join("planes", `z${z}.png`), { axes: "YX", shape: [32, 32], dtype: "uint16", data: noise(size) });
  const helps = await Promise.all(taskNames.map((name) => runCli([name, "--help"])));
  examples = helps.flatMap(({ stdout }) => commandsIn(stdout.slice(stdout.indexOf("Examples:"))));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs commands in the order in which they are written: one may need what another has made. */
async function runAll(commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const run = await runCli(command.split(" "), { cwd: folder });
    expect({ command, code: run.code, stderr: run.stderr.replace(/^Warning: .*\n/gm, "") }).toEqual({
      command,
      code: 0,
      stderr: expect.not.stringContaining("parfocal:"),
    });
    if (command.includes("--json")) expect(JSON.parse(run.stdout)).toBeTypeOf("object");
    else expect(run.stdout.length).toBeGreaterThan(20);
  }
}

/** What is wrong with the options of a command, by commander's own account. */
async function misunderstood(line: string): Promise<string[]> {
  const command = await commandFor(line);
  return command ? command.parseOptions(command.args).unknown : [line.split(" ")[0]];
}

describe("examples", () => {
  test("every verb has some, and every document names verbs that are there", () => {
    const shown = new Set(examples.map((line) => line.split(" ")[0]));
    expect([...shown].sort()).toEqual([...taskNames].sort());
    expect(inDocuments.length).toBeGreaterThan(3);
  });

  test("all are understood", async () => {
    const all = [...examples, ...inDocuments].filter((line) => !/^<(verb|command)>/.test(line));
    const wrong = await Promise.all(
      all.map(async (line) => (await misunderstood(line)).map((what) => `${line}: ${what}`)),
    );
    expect(wrong.flat()).toEqual([]);
    expect(await misunderstood("train stack.tif --patches 3")).toEqual(["--patches", "3"]);
  });

  test("those of --help run", { timeout: 300_000 }, async () => {
    // Simulations first: an example of evaluate judges what an example of simulate made.
    const order = [
      "simulate",
      "inspect",
      "autofocus",
      "fuse",
      "deconvolve",
      "section",
      "reconstruct",
      "psf",
      "evaluate",
      "doctor",
    ];
    const verbOf = (line: string) => line.split(" ")[0];
    const cheapOnes = examples.filter((line) => cheap.includes(verbOf(line)));
    expect(cheapOnes.length).toBeGreaterThan(8);
    await runAll(cheapOnes.sort((a, b) => order.indexOf(verbOf(a)) - order.indexOf(verbOf(b))));
  });

  test("those of the documents run", { timeout: 300_000 }, async () => {
    rmSync(join(folder, "simulated"), { recursive: true, force: true });
    await runAll(cheapInDocuments);
    expect(heavyInDocuments.filter((line) => !/^(train|refocus|demo|study|generalise)\b/.test(line))).toEqual([]);
  });
});
