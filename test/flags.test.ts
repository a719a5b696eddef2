import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inFlags } from "../src/cli/failure.node.ts";
import { withFlags } from "../src/cli/flags.ts";
import { writeImage } from "../src/node.ts";
import { allOptionNames } from "./helpers/commands.ts";
import { runCli } from "./helpers/run-cli.ts";

const names = await allOptionNames();

test("options that stand in backquotes become flags; everything else stays", () => {
  expect(withFlags("give `pixel_size <your pixel size>` (um), or `range=0:35`.", names)).toBe(
    "give --pixel-size <your pixel size> (um), or --range=0:35.",
  );
  expect(withFlags("run `npm install onnxruntime-node`; `toString` and z_step stay", names)).toBe(
    "run `npm install onnxruntime-node`; `toString` and z_step stay",
  );
});

test("the field of an error names the flag, and stays a word where there is none", () => {
  const failure = { exitCode: 2, code: "usage", message: "Give `z_step <your z step>`." };
  expect(inFlags({ ...failure, fields: { option: "z_step", got: 1 } }, names)).toMatchObject({
    message: "Give --z-step <your z step>.",
    fields: { option: "--z-step", got: 1 },
  });
  expect(inFlags({ ...failure, fields: { option: "carrier" } }, names).fields).toEqual({ option: "carrier" });
});

test("the command line names flags where the library names options", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parfocal-flags-"));
  const data = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => (i * 7919) % 101);
  await writeImage(join(folder, "s.tif"), { axes: "ZYX", shape: [3, 32, 32], dtype: "float32", data });
  const run = await runCli(["fuse", "s.tif", "-o", "o.tif", "--json"], { cwd: folder });
  const { error } = JSON.parse(run.stdout);
  expect(error).toMatchObject({ code: "calibration.missing", fields: { option: "--z-step" } });
  expect(error.message).toContain("--z-step <your z step>");
  expect(run.stderr).toContain("--z-step <your z step>");
});

test("no text of the library names a flag", () => {
  const library = new URL("../src/", import.meta.url);
  const files = readdirSync(library, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.startsWith("cli"),
  );
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap((file) =>
    readFileSync(new URL(file, library), "utf8")
      .split("\n")
      .filter((line) => /(?:^|[\s"'`(])--[a-z][a-z-]+/.test(line) && !/^\s*(?:\/\/|\/?\*)/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  // Decrements are no flags.
  expect(found.filter((line) => !/\(--[a-zA-Z]+ ===/.test(line))).toEqual([]);
});
