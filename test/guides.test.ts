/** The guides in docs/guides: they are followed in a copy of the source, which must then compile and work. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeImage, imageOfStack, simulateField } from "../src/index.ts";
import { followGuide, guideBlocks } from "./helpers/guide.ts";

const guides = ["add-an-operator", "add-a-specimen", "add-a-task", "add-a-method"];
const read = (guide: string): string => readFileSync(`docs/guides/${guide}.md`, "utf8");

/** A copy of what the guides change, beside links to the rest. */
const root = mkdtempSync(join(tmpdir(), "parfocal-guides-"));
const programs = join(root, "programs");

/** The programs for Node, with a few small steps instead of minutes. */
const forNode = guideBlocks(read("from-node")).map(({ path = "", text }) => {
  return { path, text: text.replace("num_steps: 500", "num_steps: 4, patch_size: 32, batch_size: 2") };
});

beforeAll(async () => {
  cpSync("src", join(root, "src"), { recursive: true });
  cpSync("examples", join(root, "examples"), { recursive: true });
  cpSync("test", join(root, "test"), { recursive: true, filter: (path) => !path.includes("fixtures") });
  for (const path of ["node_modules", "dist", "docs"]) symlinkSync(resolve(path), join(root, path), "junction");
  for (const path of ["package.json", "tsconfig.json", "vitest.config.ts"]) cpSync(path, join(root, path));
  for (const guide of guides) followGuide(read(guide), root);

  mkdirSync(join(programs, "node_modules"), { recursive: true });
  symlinkSync(resolve("."), join(programs, "node_modules", "parfocal"), "junction");
  for (const { path, text } of forNode) writeFileSync(join(programs, path), text);
  const readme = Array.from(readFileSync("README.md", "utf8").matchAll(/```ts\n(.*?)```/gs), ([, text]) => text);
  for (const [i, text] of readme.entries()) writeFileSync(join(programs, `readme-${i}.ts`), text);
  followGuide(read("in-a-browser"), programs);
  const { images } = await simulateField("beads", { size: 64, planes: 13, beads: 6, seed: 3 });
  const stack = imageOfStack(images.stack.stack, "stack.tif");
  writeFileSync(join(programs, "stack.tif"), encodeImage("stack.tif", stack));
});
afterAll(() => rmSync(root, { recursive: true }));

async function run(args: readonly string[], cwd: string): Promise<string> {
  // The settings of the test run that this is a part of are not for the programs.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^VITEST|^NODE_ENV$/.test(key)));
  const running = promisify(execFile)(process.execPath, args, { cwd, env, maxBuffer: 2 ** 26 });
  const { stdout } = await running.catch((error: { stdout?: string; stderr?: string }) => {
    throw new Error(`${args.join(" ")}:\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

test("a guide whose lines are not in the source cannot be followed", () => {
  expect(() => followGuide("```diff src/version.ts\n no such line\n+another\n```\n", root)).toThrow(/occur 0 times/);
});

test("what was added by the guides and their programs compile", { timeout: 180_000 }, async () => {
  const own = ["graph-cases", "spot-grid.test", "project.test", "learned-filter.test"].map((name) => `test/${name}.ts`);
  const entries = ["node", "browser", "index"].map((name) => [
    name === "index" ? "parfocal" : `parfocal/${name}`,
    [`./src/${name}.ts`],
  ]);
  const compilerOptions = { paths: Object.fromEntries(entries) };
  const config = { extends: "./tsconfig.json", compilerOptions, include: ["src", "programs/*.ts", ...own] };
  writeFileSync(join(root, "tsconfig.guides.json"), JSON.stringify(config));
  await run([resolve("node_modules/typescript/bin/tsc"), "-p", "tsconfig.guides.json"], root);
});

test("the operator, the specimen, the task and the method work", { timeout: 180_000 }, async () => {
  /** Tests of each file, by words of their names; the others of the file are not run. */
  const tests = [
    ["graph-gradients", "Softsign"],
    ["graph-onnx", "Softsign"],
    ["run-native", "Softsign"],
    ["phantom-contract", "spot-grid"],
    ["spot-grid", "a grid of spots"],
    ["project", "the brightest values"],
    ["examples", "learned-filter"],
    ["learned-filter", "a learned filter"],
  ];
  const names = [...new Set(tests.map(([, name]) => name))].join("|");
  const files = tests.map(([file]) => `test/${file}.test.ts`);
  const text = await run(
    [resolve("node_modules/vitest/vitest.mjs"), "run", "--reporter=json", "-t", names, ...files],
    root,
  );
  const { testResults } = JSON.parse(text.slice(text.indexOf("{"))) as {
    testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[];
  };
  for (const [file, name] of tests) {
    const results = testResults.find((one) => one.name.endsWith(`/${file}.test.ts`))?.assertionResults ?? [];
    const status = results.filter(({ fullName }) => fullName.includes(name)).map((one) => one.status);
    expect({ file, status: [...new Set(status)] }).toEqual({ file, status: ["passed"] });
  }
});

/** Runs a program of the guide in a folder in which the package is installed. */
async function start(path: string): Promise<string> {
  const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext };
  const { outputText } = ts.transpileModule(readFileSync(join(programs, path), "utf8"), { compilerOptions });
  writeFileSync(join(programs, "program.mjs"), outputText);
  return run(["program.mjs"], programs);
}

test("programs for Node have 30 lines, about", () => {
  const lines = forNode[0].text.split("\n").filter((line) => line !== "" && !line.startsWith("//"));
  expect(lines.length).toBeLessThanOrEqual(32);
  for (const { text } of forNode) expect(text).toContain("num_steps: 4,");
});

test("a program trains, refocuses and scores by functions", { timeout: 120_000 }, async () => {
  const text = await start("train-and-score.ts");
  expect(text).toMatch(/step 4 of 4, loss \d/);
  const scores = [...text.matchAll(/plane (\d): PSNR ([\d.]+) dB recorded at plane 4, ([\d.]+) dB refocused/g)];
  expect(scores.map(([, plane]) => plane)).toEqual(["3", "5", "7"]);
  for (const [, , before, after] of scores) {
    expect(Number(before)).toBeGreaterThan(10);
    expect(Number(after)).toBeGreaterThan(10);
    expect(after).not.toBe(before);
  }
});

test("a program trains and refocuses by tasks", { timeout: 120_000 }, async () => {
  expect(await start("tasks.ts")).toContain("refocused to -1, 1, 3 um");
});
