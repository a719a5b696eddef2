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

function keysOf(method: string): [string, Key][] {
  const { properties = {} } = z.toJSONSchema(methodOf(method).config, { io: "input" }) as Key;
  return Object.entries(properties);
}

const row = ([name, key]: [string, Key]): string => {
  const standard = key.default_in_words ?? (key.default === undefined ? "" : `\`${JSON.stringify(key.default)}\``);
  return `| \`${name}\` | ${kindOf(key)} | ${standard} | ${key.description ?? ""} |`;
};
const head = ["| key | value | default | meaning |", "|---|---|---|---|"];

function page(): string {
  const every = keysOf("deep-z").filter(([name]) =>
    methodNames.every((method) => keysOf(method).some(([k]) => k === name)),
  );
  const shared = every.filter(([name]) => name !== "method");
  const same = (name: string, key: Key): boolean =>
    shared.some(([k, one]) => k === name && row([k, one]) === row([name, key]));
  const sections = methodNames.flatMap((method) => {
    const { task, summary } = methodOf(method);
    const own = keysOf(method).filter(([name, key]) => !same(name, key));
    return [
      `## ${method}`,
      "",
      `Task: ${task}. ${summary[0].toUpperCase()}${summary.slice(1)}.`,
      "",
      ...head,
      ...own.map(row),
      "",
    ];
  });
  return [
    "# Keys of a training configuration",
    "",
    "This page lists every key of every method. The keys are written in a YAML file for `parfocal train --config FILE` (snake_case), or given as",
    "flags (`--batch-size 8`). Unknown keys are refused. Lengths are in um. The complete configuration is saved with the run, in config.yaml.",
    "",
    "The first table lists the keys that all methods share. The table of a method lists its other keys, and shared keys with another default or",
    "meaning.",
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

  test("all have a description", () => {
    const silent = methodNames.flatMap((method) =>
      keysOf(method).flatMap(([name, { description }]) => (description ? [] : [`${method}: ${name}`])),
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
