/** docs/warnings.md lists every kind of warning; `npx vitest run test/warning-kinds.test.ts -u` writes it. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { warningKinds } from "../src/warning.ts";

test("the document lists every kind of warning", async () => {
  const rows = Object.entries(warningKinds).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  const page = [
    "# Warnings",
    "",
    "A warning says what to know before trusting a result. The command line prints its sentences on stderr. With `--json`, the result has a list `warnings` of",
    '`{"code", "text"}`. Programs should go by the code, which stays the same when a sentence is worded better.',
    "",
    "| code | means |",
    "|---|---|",
    ...rows,
    "",
  ].join("\n");
  await expect(page).toMatchFileSnapshot("../docs/warnings.md");
});

test("every kind is used", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const source = files
    .filter((path) => path !== "warning.ts")
    .map((path) => readFileSync(`src/${path}`, "utf8"))
    .join("\n");
  const unused = Object.keys(warningKinds).filter((code) => !source.includes(`"${code}"`));
  expect(unused).toEqual([]);
});
