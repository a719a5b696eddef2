/** Values that float32 cannot tell apart are said, by inspect and by whatever reads them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { levelWarnings } from "../src/image/level-warnings.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { inspectImage } from "../src/metrics/inspect.ts";
import { python } from "./helpers/python.ts";
import { runCli, warningTexts } from "./helpers/run-cli.ts";
import { textsOf } from "./helpers/texts.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-levels-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("only where levels are lost, and how many are left", () => {
  const warn = (storedType: string | undefined, min: number, max: number) =>
    levelWarnings({ path: "a.tif", ...(storedType && { storedType }) }, { min, max }).join();
  expect(warn("uint32", 4e9, 4e9 + 1000)).toMatch(/numbers are 256 apart there: at most 4 grey levels are left/);
  expect(warn("int32", -(2 ** 25), -(2 ** 25) + 100)).toMatch(/numbers are 4 apart there: at most 26 grey/);
  expect(warn("uint32", 0, 2 ** 24)).toBe("");
  expect(warn("uint32", 0, 4e9)).toBe("");
  expect(warn("float64", 1e9, 1e9 + 1)).toContain("float64");
  expect(warn(undefined, 4e9, 4e9 + 1000)).toBe("");
  expect(warn("int16", -32768, 32767)).toBe("");
});

const tifffile = python("tifffile", "numpy");

describe.skipIf(!tifffile)("files of other programs (skipped where Debian's python3-tifffile is absent)", () => {
  beforeAll(() => {
    tifffile?.(
      `import sys, numpy as np, tifffile
r = np.random.default_rng(0); a = r.integers(0, 1000, (4, 40, 50)); f = sys.argv[1]
for name, v in (('u32', (a + 4_000_000_000).astype('u4')), ('small', a.astype('u4')), ('i16', (a - 500).astype('i2')), ('f64', (a / 1000).astype('f8'))):
    tifffile.imwrite(f + '/' + name + '.tif', v, photometric='minisblack')`,
      [folder],
    );
  });

  test("inspect", async () => {
    for (const [name, stored, count] of [
      ["u32", "uint32", 1],
      ["small", "uint32", 0],
      ["i16", "int16", 0],
      ["f64", "float64", 0],
    ] as const) {
      const file = await openImage(join(folder, `${name}.tif`));
      const { warnings, exposure, info } = await inspectImage(file);
      await file.close();
      expect([name, info.storedType, info.dtype]).toEqual([name, stored, "float32"]);
      expect(textsOf(warnings).filter((sentence) => sentence.includes("grey levels"))).toHaveLength(count);
      if (name === "i16") expect(exposure[0]).toMatchObject({ min: -500, max: 499 });
    }
  });

  test("a command that reads them", async () => {
    const args = ["u32.tif", "--na", "0.8", "--wavelength", "0.5", "--pixel-size", "0.2", "--z-step", "1"];
    const run = await runCli(["deconvolve", ...args, "--iterations", "1", "-o", "out.tif", "--json"], { cwd: folder });
    const said = warningTexts(run).filter((sentence) => sentence.includes("grey levels are left"));
    expect(said).toHaveLength(1);
  });
});
