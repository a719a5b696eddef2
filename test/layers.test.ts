/** Imports go one way and in no circles, and what shall run in a browser asks for nothing of Node. */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, test } from "vitest";

/** The folders in the order in which imports may go: each imports only from those before it. */
const order = [
  "array",
  "image",
  "graph",
  "run",
  "optics",
  "classical",
  "models",
  "simulate",
  "metrics",
  "figures",
  "study",
  "train",
  "tasks",
];

/** Who may import whom, beside themselves, what stands before them, and files of `src` that import nothing of ours but errors. */
const below: Record<string, readonly string[]> = {
  ...Object.fromEntries(order.map((folder, i) => [folder, order.slice(0, i)])),
  image: ["array"],
  graph: ["array"],
  run: ["array", "graph"],
  optics: ["array", "image"],
  classical: ["array", "image", "optics"],
  simulate: ["array", "image", "optics", "classical"],
  // Doors import tasks, and what writes numbers as text.
  cli: ["tasks", "array"],
};

const surfaces = ["index.ts", "node.ts", "browser.ts"];

/** The entry of a folder, which lists what users import from it. */
const isEntry = (path: string) => surfaces.includes(path) || /^[a-z]+\/index\.ts$/.test(path);

interface Import {
  from: string;
  to: string;
}

/** Every import and re-export of a source file: paths under src/, or names of packages. */
function importsOf(file: string, text: string): Import[] {
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*|\brequire(?:\.resolve)?\s*\(\s*)"([^"]+)"/g);
  return Array.from(found, ([, name]) => ({
    from: file,
    to: name.startsWith(".") ? posix.join(posix.dirname(file), name) : name,
  }));
}

const layerOf = (path: string) => path.split("/")[0];
const isOurs = (path: string) => path.endsWith(".ts");

function againstTheDirection({ from, to }: Import): boolean {
  if (!isOurs(to)) return false;
  const [above, target] = [layerOf(from), layerOf(to)];
  if (above === target || surfaces.includes(from)) return target === "cli" && above !== "cli";
  if (["errors.ts", "version.ts", "read-yaml.ts", "warning.ts"].includes(target)) return false;
  return !(below[above] ?? []).includes(target);
}

/** Only an entry may import an entry. A file that did would depend on a whole folder, and so would whoever bundles it. */
const importsAnEntry = ({ from, to }: Import): boolean => isEntry(to) && !surfaces.includes(from);

const portable = (path: string) => !path.endsWith(".node.ts") && path !== "node.ts" && layerOf(path) !== "cli";

function needsNode({ from, to }: Import): boolean {
  if (!portable(from)) return false;
  return to.startsWith("node:") || to === "onnxruntime-node" || (isOurs(to) && !portable(to));
}

/**
 * Finds files that import each other, directly or through other files. None of them can be read or tested without the others. Imports of
 * types count.
 * @returns each group sorted (Tarjan, SIAM J. Comput. 1, 146 (1972): strongly connected components)
 */
function circlesOf(imports: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): number => {
    const place = order.size;
    order.set(file, place);
    open.push(file);
    let low = place;
    for (const to of targets.get(file) ?? []) {
      if (!order.has(to)) low = Math.min(low, visit(to));
      else if (open.includes(to)) low = Math.min(low, order.get(to) as number);
    }
    if (low === place) {
      const group = open.splice(open.indexOf(file));
      if (group.length > 1 || targets.get(file)?.includes(file)) circles.push(group.sort());
    }
    return low;
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return circles;
}

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
const imports = files.flatMap((path) => importsOf(path, readFileSync(`src/${path}`, "utf8")));
const show = ({ from, to }: Import) => `${from} imports ${to}`;

describe("layers", () => {
  test("every folder has its place", () => {
    const folders = new Set(files.filter((path) => path.includes("/")).map(layerOf));
    expect([...folders].filter((folder) => !(folder in below))).toEqual([]);
  });

  test("imports go one way", () => {
    expect(imports.filter(againstTheDirection).map(show)).toEqual([]);
  });

  test("no file imports the entry of a folder, which is for users", () => {
    expect(imports.filter(importsAnEntry).map(show)).toEqual([]);
    const seen = (from: string, line: string) => importsOf(from, line).some(importsAnEntry);
    expect(seen("study/study.ts", 'import { ssim } from "../metrics/index.ts";')).toBe(true);
    expect(seen("cli/refocus.ts", 'import { runTask } from "../index.ts";')).toBe(true);
    expect(seen("index.ts", 'export * from "./metrics/index.ts";')).toBe(false);
    expect(seen("metrics/index.ts", 'export { ssim } from "./ssim.ts";')).toBe(false);
  });

  test("no imports go in a circle", () => {
    expect(circlesOf(imports.filter(({ to }) => isOurs(to)))).toEqual([]);
  });

  test("portable files need nothing of Node", () => {
    expect(imports.filter(needsNode).map(show)).toEqual([]);
  });

  test("every import names a file that is there", () => {
    const known = new Set(files);
    expect(imports.filter(({ to }) => isOurs(to) && !to.endsWith(".d.ts") && !known.has(to)).map(show)).toEqual([]);
  });

  test("circles of two files, of three through types, and of one are found, and none in a diamond", () => {
    const of = (text: Record<string, string>) =>
      circlesOf(Object.entries(text).flatMap(([file, line]) => importsOf(file, line)));
    expect(of({ "a/b.ts": 'import "./c.ts";', "a/c.ts": 'export * from "./b.ts";' })).toEqual([["a/b.ts", "a/c.ts"]]);
    const three = {
      "a/b.ts": 'import type { C } from "../c/c.ts";',
      "c/c.ts": 'const { d } = await import("./d.ts");',
      "c/d.ts": 'export type { B } from "../a/b.ts";',
      "e.ts": 'import { b } from "./a/b.ts";',
    };
    expect(of(three)).toEqual([["a/b.ts", "c/c.ts", "c/d.ts"]]);
    expect(of({ "a.ts": 'import { a } from "./a.ts";' })).toEqual([["a.ts"]]);
    const lines = 'import { b } from "./b.ts";\nimport { c } from "./c.ts";';
    expect(of({ "a.ts": lines, "b.ts": 'import "./d.ts";', "c.ts": 'import "./d.ts";' })).toEqual([]);
  });

  test.each([
    ["array/fft.ts", 'import { readImage } from "../image/open-image.node.ts";', [true, true]],
    ["image/image.ts", 'import { deepZ } from "../models/networks/deep-z.ts";', [true, false]],
    ["graph/graph.ts", 'export { Image } from "../image/image.ts";', [true, false]],
    ["cli/inspect.node.ts", 'import { readAll } from "../image/image-file.ts";', [true, false]],
    ["cli/inspect.node.ts", 'import { tasks } from "../tasks/tasks.ts";', [false, false]],
    ["index.ts", 'export { run } from "./cli/program.node.ts";', [true, true]],
    ["train/train.ts", 'const fs = await import("node:fs");', [false, true]],
    ["train/train.ts", 'import {\n  score,\n  ssim,\n} from "../metrics/metrics.ts";', [false, false]],
    ["image/file-storage.node.ts", 'import { mkdir } from "node:fs/promises";', [false, false]],
  ])("a guard that sees: %s: %s", (file, line, expected) => {
    const [one] = importsOf(file, line);
    expect([againstTheDirection(one), needsNode(one)]).toEqual(expected);
  });
});
