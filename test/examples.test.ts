/** Every method has an example configuration, and it is one. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { methodNames, resolveConfig } from "../src/index.ts";

describe("example configurations", () => {
  test.each(methodNames)("examples/%s.yaml", (method) => {
    const path = `examples/${method}.yaml`;
    expect(existsSync(path)).toBe(true);
    const text = readFileSync(path, "utf8");
    const given = parse(text);
    expect(given.method).toBe(method);
    expect(resolveConfig(given)).toMatchObject(given);
    // It says how it is used.
    expect(text).toMatch(new RegExp(`#   parfocal train .*--config ${method}\\.yaml`));
  });
});
