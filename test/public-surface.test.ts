/** What users import: it is there, it works, and the portable part needs no Node. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as anywhere from "../src/index.ts";
import * as node from "../src/node.ts";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));

describe("public surface", () => {
  test("the version is that of the package", () => {
    expect(anywhere.version).toBe(manifest.version);
  });

  test("node has all that index has, and files", () => {
    const names = Object.keys(anywhere);
    expect(names.filter((name) => !(name in node))).toEqual([]);
    expect(names).not.toContain("openImage");
    expect(Object.keys(node)).toEqual(expect.arrayContaining(["openImage", "writeImage", "simulateRecipe"]));
  });

  test("browser has all that index has, and worker threads", async () => {
    const browser = await import("../src/browser.ts");
    expect(Object.keys(anywhere).filter((name) => !(name in browser))).toEqual([]);
    expect(Object.keys(browser)).toEqual(expect.arrayContaining(["browserContext", "openSuperposePoolWeb"]));
    expect(Object.keys(browser)).not.toContain("nodeContext");
  });

  const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name).filter((name) => name !== "cli");

  test("every folder is an entry, and all of it is in index.ts", async () => {
    for (const name of names) {
      expect(manifest.exports[`./${name}`]).toBe(`./dist/${name}/index.js`);
      const entry: object = await import(`../src/${name}/index.ts`);
      const missing = Object.keys(entry).filter((key) => !(key in anywhere));
      expect({ name, missing }).toEqual({ name, missing: [] });
    }
    const others = [".", "./browser", "./node"];
    expect(Object.keys(manifest.exports).sort()).toEqual([...others, ...names.map((name) => `./${name}`)].sort());
  });

  test("folders export their names one by one, so that their entries can be read", () => {
    for (const name of names) {
      const text = readFileSync(`src/${name}/index.ts`, "utf8");
      expect(text).not.toMatch(/export \*|export default|\.node\.ts/);
    }
  });

  test("the README imports what is there", () => {
    const imports = [...readFileSync("README.md", "utf8").matchAll(/import \{ (.*?) \} from "parfocal(?:\/\w+)?"/g)];
    expect(imports).not.toHaveLength(0);
    for (const [, names] of imports) for (const name of names.split(", ")) expect(Object.keys(node)).toContain(name);
  });

  test("every error code is in the documents, with its exit code", () => {
    const codes = [...readFileSync("src/errors.ts", "utf8").matchAll(/^ {2}"?([a-z.]+)"?: \{/gm)].map(
      ([, code]) => code,
    );
    expect(codes).toContain("file.corrupt");
    const rows = [...readFileSync("docs/errors.md", "utf8").matchAll(/^\| `([a-z.]+)` \|.*\| (\d+) \|$/gm)];
    expect(rows.map(([, code]) => code).sort()).toEqual(codes.sort());
    for (const [, code, exit] of rows) {
      const { exitCode } = new anywhere.ParfocalError(code as anywhere.ErrorCode, "", {} as never);
      expect({ code, exitCode }).toEqual({ code, exitCode: Number(exit) });
    }
  });

  test("simulate, encode, open, measure, compare: the story without files", async () => {
    const { images } = await anywhere.simulateField("beads", {
      size: 40,
      planes: 5,
      beads: 6,
      depth_range: [0, 0],
      diameter: [0.5, 1.5],
      seed: 3,
    });
    const { stack, truth } = images.stack;
    const bytes = anywhere.encodeImage("beads.tif", anywhere.imageOfStack(stack, "beads.tif"));
    const file = await anywhere.openImageSource(anywhere.memorySource("beads.tif", bytes));
    const { focus, info } = await anywhere.inspectImage(file);
    expect(info.zStep).toBe(1);
    expect(focus?.best?.plane).toBe(2);
    const read = await anywhere.readStack(file);
    expect(read.data).toEqual(stack.data);
    const { output, planes } = await anywhere.compareStacks({ output: read, truth });
    expect(planes).toHaveLength(5);
    expect(output.pearson).toBeGreaterThan(0.9);
    expect(output.pearson).toBeLessThan(1);
  });
});

describe("package-lock.json", () => {
  test("lists what every platform needs: npm ci refuses a lock file that does not", () => {
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});
