/** docs/training-keys.md lists every key of every method's configuration; `npx vitest run test/training-keys.test.ts -u` writes it. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { methodNames, methodOf } from "../src/index.ts";

interface Key {
  type?: string;
  description?: string;
  default?: unknown;
  default_in_words?: string;
  enum?: readonly unknown[];
  const?: unknown;
  prefixItems?: readonly Key[];
  items?: Key;
  properties?: Record<string, Key>;
}

function kindOf(key: Key): string {
  if (key.const !== undefined) return `\`${key.const}\``;
  if (key.enum) return key.enum.map((word) => `\`${word}\``).join(", ");
  if (key.prefixItems) return `${key.prefixItems.length} numbers`;
  if (key.type === "array") return `list of ${key.items?.type ?? "values"}s`;
  if (key.type === "object") return "keys of the network";
  return key.type === "integer" ? "whole number" : (key.type ?? "any");
}

function keysOf(model: string): [string, Key][] {
  const { properties = {} } = z.toJSONSchema(methodOf(model).config, { io: "input" }) as Key;
  return Object.entries(properties);
}

const row = ([name, key]: [string, Key]): string => {
  const standard = key.default_in_words ?? (key.default === undefined ? "" : `\`${JSON.stringify(key.default)}\``);
  return `| \`${name}\` | ${kindOf(key)} | ${standard} | ${key.description ?? ""} |`;
};
const head = ["| key | value | default | meaning |", "|---|---|---|---|"];

function page(): string {
  const every = keysOf("deep-z").filter(([name]) =>
    methodNames.every((model) => keysOf(model).some(([k]) => k === name)),
  );
  const shared = every.filter(([name]) => name !== "model");
  const same = (name: string, key: Key): boolean =>
    shared.some(([k, one]) => k === name && row([k, one]) === row([name, key]));
  const sections = methodNames.flatMap((model) => {
    const { task, summary } = methodOf(model);
    const own = keysOf(model).filter(([name, key]) => !same(name, key));
    return [`## ${model}`, "", `Task ${task}. ${summary}.`, "", ...head, ...own.map(row), ""];
  });
  return [
    "# Keys of a training's configuration",
    "",
    "Every key of every method, as `parfocal train --config FILE` takes it (YAML, snake_case) and as flags (`--batch-size 8`). Unknown keys are",
    "refused. Lengths in um. The whole configuration is kept with the run, in config.yaml. The first table holds for all methods; a",
    "method's own table shows its other keys, and those whose default differs.",
    "",
    "## All methods",
    "",
    ...head,
    ...shared.map(row),
    "",
    ...sections,
  ].join("\n");
}

describe("the keys of trainings", () => {
  test("are all in docs/training-keys.md", async () => {
    await expect(page()).toMatchFileSnapshot("../docs/training-keys.md");
  });

  test("all say what they mean", () => {
    const silent = methodNames.flatMap((model) =>
      keysOf(model).flatMap(([name, { description }]) => (description ? [] : [`${model}: ${name}`])),
    );
    expect(silent).toEqual([]);
  });

  test.each(methodNames)("%s takes its own defaults", (method) => {
    const { config } = methodOf(method);
    const complete = config.parse({ method });
    expect(complete).toMatchObject({ method, seed: 0 });
    expect(config.parse(complete)).toEqual(complete);
    expect(config.safeParse({ method, learning_rat: 1 }).success).toBe(false);
  });
});
