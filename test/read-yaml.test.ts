/** YAML of users: circles, bombs, names of JavaScript's own, and texts that keep a parser busy. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { keyAndValue } from "../src/cli/option-values.ts";
import { ParfocalError } from "../src/errors.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { loadModel } from "../src/models/model-folder.node.ts";
import { readYaml } from "../src/read-yaml.ts";
import { findRecipe } from "../src/simulate/recipe-file.ts";
import { changeRecipe } from "../src/simulate/recipe-flags.ts";
import { resolveRecipe } from "../src/simulate/resolve-recipe.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { resolveConfig } from "../src/train/config.ts";
import { readConfigFile } from "../src/train/config-file.ts";
import { readRunConfig } from "../src/train/run-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-yaml-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function failure(work: () => unknown): Promise<ParfocalError> {
  const error = await (async () => work())().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ParfocalError);
  return error as ParfocalError;
}

const bomb =
  "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]";
const circle = "name: x\nsize: &a [*a]\n";

describe("readYaml", () => {
  test("plain data, also as JSON, with aliases that end", () => {
    expect(readYaml("a: [1, 2.5]\nb: &x {c: true}\nd: *x\n", "t")).toEqual({
      a: [1, 2.5],
      b: { c: true },
      d: { c: true },
    });
    expect(readYaml('{"a": null, "b": "c"}', "t")).toEqual({ a: null, b: "c" });
    expect(readYaml("# why ? because ? of ? it\n", "t")).toBe(null);
  });

  test("a key called __proto__ is a key", () => {
    const value = readYaml("__proto__: {polluted: 1}\nconstructor: 2", "t") as object;
    expect([Object.keys(value), Object.getPrototypeOf(value)]).toEqual([
      ["__proto__", "constructor"],
      Object.prototype,
    ]);
    expect("polluted" in {}).toBe(false);
  });

  test.each([
    ["a circle", circle, "a value contains itself"],
    ["a circle of mappings", "a: &a {b: *a}", "a value contains itself"],
    ["a bomb", bomb, "alias"],
    ["an alias of nothing", "a: *b", "alias"],
    ["a key twice", "x: 1\ny: 2\nx: 3", "the key x occurs twice"],
    ["too deep", `${"[".repeat(60)}${"]".repeat(60)}`, "levels deep"],
    ["far too deep", "[".repeat(1e5), "a line has more than"],
    ["keys of keys", "? ".repeat(1e5), 'keys written as "? key"'],
    ["anchors", "&a ".repeat(1e5), "a line has more than"],
    ["too long", "a".repeat(2 ** 20 + 1), "characters"],
    ["a tab", "a:\n\tb: 1", "Tabs"],
  ])("%s is an error that says where and why, at once", async (_, text, says) => {
    const start = performance.now();
    const error = await failure(() => readYaml(text, "my.yaml"));
    expect([error.code, error.message.startsWith("my.yaml cannot be read as YAML: ")]).toEqual(["file.corrupt", true]);
    expect(error.message.toLowerCase()).toContain(says.toLowerCase());
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test("20 000 keys are read in seconds: no comparison of each with all others", () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: ${i}`).join("\n");
    expect(Object.keys(readYaml(text, "t") as object)).toHaveLength(20_000);
  }, 15_000);
});

describe("wherever YAML is read, a circle and a bomb are errors", () => {
  test.each([
    ["circle", circle],
    ["bomb", bomb],
  ])("%s", async (name, text) => {
    const path = join(folder, `${name}.yaml`);
    writeFileSync(path, text);
    for (const read of [findRecipe, readConfigFile])
      expect((await failure(() => read(fileStorage, path))).code).toBe("file.corrupt");
    writeFileSync(join(folder, "config.yaml"), text);
    expect((await failure(() => readRunConfig(fileStorage, folder))).code).toBe("file.corrupt");
    writeFileSync(join(folder, "model.yaml"), text);
    writeFileSync(join(folder, "model.onnx"), "");
    expect((await failure(() => loadModel(folder))).code).toBe("model.unfit");
    expect(() => keyAndValue("size=&a [*a]")).toThrow("as YAML has them");
  });
});

const beads = shippedRecipe("beads");

describe("names of JavaScript's own are names like others", () => {
  test.each(["__proto__", "constructor", "toString"])("%s in a recipe and in a configuration", async (name) => {
    const asKey = await failure(() => resolveRecipe({ ...beads, ...(readYaml(`${name}: 3`, "r") as object) }));
    expect([asKey.code, asKey.message.includes(name)]).toEqual(["usage", true]);
    const asKind = await failure(() => resolveRecipe({ ...beads, specimen: { kind: name } }));
    expect([asKind.code, asKind.message.includes("kind")]).toEqual(["usage", true]);
    const asPath = await failure(() => resolveRecipe(changeRecipe(beads, {}, [[`${name}.x`, 3]])));
    expect([asPath.code, asPath.message.includes(name)]).toEqual(["usage", true]);
    const asModel = await failure(() => resolveConfig({ method: name }));
    expect([asModel.code, asModel.message.includes(name)]).toEqual(["usage", true]);
    const inConfig = await failure(() => resolveConfig(readYaml(`${name}: 3`, "c") as Record<string, unknown>));
    expect([inConfig.code, inConfig.message.includes(name)]).toEqual(["usage", true]);
    expect("x" in {}).toBe(false);
  });
});
