/** Folders of planes on the command line: `--pattern`, `--axes`, and what is said of names. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeImage, type Image, Random } from "./helpers/images.ts";
import { complaints, runCli, warningTexts } from "./helpers/run-cli.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-folders-"));
  const random = new Random(1);
  const plane = (level: number) =>
    Uint16Array.from({ length: 24 * 20 }, () => 1000 * (level + 1) + random.integer(400));
  const write = (name: string, image: Image) => writeFileSync(join(folder, name), encodeImage(name, image));
  const calibrated = { pixelSize: { y: 0.2, x: 0.2 }, dtype: "uint16" } as const;
  const files = (name: string, names: string[]) => {
    mkdirSync(join(folder, name));
    for (const [i, file] of names.entries())
      write(join(name, file), { ...calibrated, axes: "YX", shape: [24, 20], data: plane(i) });
  };
  files("signed", ["img_z-1.0um.tif", "img_z-0.5um.tif", "img_z+0.0um.tif", "img_z+0.5um.tif"]);
  files("gap", ["z1.tif", "z2.tif", "z3.tif", "z5.tif"]);
  files("two", ["c0_z0.tif", "c0_z1.tif", "c0_z2.tif", "c1_z0.tif", "c1_z1.tif", "c1_z2.tif"]);
  files("guess", ["a1_1.tif", "a1_2.tif", "a1_3.tif", "a2_1.tif", "a2_2.tif", "a2_3.tif"]);
  const data = new Uint16Array([0, 1, 2].flatMap((level) => [...plane(level)]));
  write("frames.tif", { ...calibrated, axes: "TYX", shape: [3, 24, 20], data });
  write("planes.tif", { ...calibrated, axes: "ZYX", shape: [3, 24, 20], zStep: 0.5, data });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function json(...args: string[]) {
  const run = await runCli([...args, "--json"], { cwd: folder });
  const warnings = run.code === 0 ? warningTexts(run) : [];
  return { code: run.code, document: JSON.parse(run.stdout), warnings, stderr: complaints(run) };
}

describe("inspect", () => {
  test("says the rule, the first and the last file, and which file is which plane", async () => {
    const { stdout } = await runCli(["inspect", "signed"], { cwd: folder });
    expect(stdout).toContain("img_z-1.0um.tif to img_z+0.5um.tif");
    expect(stdout).toContain('Planes are ordered by the number after "z", -1 to 0.5 um.');
    expect(stdout).toMatch(/z step +0\.5 um/);
    const { document } = await json("inspect", "signed");
    expect(document).toMatchObject({ axes: "ZYX", z_step_um: 0.5, planes_missing: [] });
    expect(document.planes).toEqual([
      { file: "img_z-1.0um.tif", z: 0, value: -1 },
      { file: "img_z-0.5um.tif", z: 1, value: -0.5 },
      { file: "img_z+0.0um.tif", z: 2, value: 0 },
      { file: "img_z+0.5um.tif", z: 3, value: 0.5 },
    ]);
    const two = await json("inspect", "two", "--channel", "1");
    expect(two.document.planes[4]).toEqual({ file: "c1_z1.tif", channel: 1, z: 1, value: 1 });
    expect((await json("inspect", "planes.tif")).document).toMatchObject({ planes: null, planes_rule: null });
  });

  test("says what is missing once, in the result; other commands say it on stderr unless they are to be quiet", async () => {
    const { document, warnings, stderr } = await json("inspect", "gap");
    expect(document.planes_missing).toEqual([4]);
    expect(warnings.filter((one) => one.includes("is missing: 4"))).toHaveLength(1);
    expect(stderr).toBe("");
    const args = ["autofocus", "gap", "--z-step", "1"];
    const other = await runCli(args, { cwd: folder });
    expect([other.code, other.stderr]).toEqual([0, expect.stringMatching(/^Warning: gap: A plane is missing: 4/)]);
    expect(complaints(await runCli([...args, "--quiet"], { cwd: folder }))).toBe("");
    const told = await json(...args);
    expect(told.stderr).toBe("");
    expect(told.warnings).toContainEqual(expect.stringMatching(/^gap: A plane is missing: 4/));
  });
});

describe("said by hand", () => {
  test("--pattern explains a folder, and is refused for a file", async () => {
    const guess = await json("inspect", "guess");
    expect([guess.code, guess.document.error.code, guess.document.error.fields.option]).toEqual([
      2,
      "usage",
      "--pattern",
    ]);
    const { document } = await json("inspect", "guess", "--pattern", "a{c}_{z}.tif");
    expect([document.axes, document.shape]).toEqual(["CZYX", [2, 3, 24, 20]]);
    const one = await json("inspect", "guess", "--pattern", "a2_{z}.tif");
    expect(one.document.planes.map(({ file }: { file: string }) => file)).toEqual(["a2_1.tif", "a2_2.tif", "a2_3.tif"]);
    const file = await json("inspect", "planes.tif", "--pattern", "a2_{z}.tif");
    expect([file.code, file.document.error.message]).toEqual([2, expect.stringMatching(/planes\.tif is a file/)]);
    const none = await json("inspect", "guess", "--pattern", "b{z}.tif");
    expect([none.code, none.document.error.message]).toEqual([2, expect.stringMatching(/none of its 6 image files/)]);
  });

  test("--axes calls frames planes, and the numbers in names what they are", async () => {
    expect((await json("inspect", "frames.tif")).document.axes).toBe("TYX");
    const { document } = await json("inspect", "frames.tif", "--axes", "ZYX");
    expect([document.axes, document.focus.curve.length]).toEqual(["ZYX", 3]);
    expect((await json("inspect", "guess", "--axes", "CZYX")).document.shape).toEqual([2, 3, 24, 20]);
    const wrong = await json("inspect", "frames.tif", "--axes", "CZYX");
    expect([wrong.code, wrong.document.error.message]).toEqual([
      2,
      expect.stringMatching(/has the axes TYX.*cannot be renamed to CZYX/),
    ]);
    const frames = await json("autofocus", "frames.tif", "--z-step", "1");
    expect([frames.code, frames.document.error.message]).toEqual([2, expect.stringMatching(/axes ZYX/)]);
    expect((await json("autofocus", "frames.tif", "--z-step", "1", "--axes", "ZYX")).code).toBe(0);
  });

  test("both hold for all images of a command with several", async () => {
    const pattern = ["--pattern", "a1_{z}.tif"];
    const scored = await json(
      "evaluate",
      "guess",
      "--truth",
      "planes.tif",
      "--input",
      "frames.tif",
      "--axes",
      "ZYX",
      ...pattern,
    );
    expect([scored.code, scored.stderr]).toEqual([0, ""]);
    const without = await json("evaluate", "planes.tif", "--truth", "planes.tif", ...pattern);
    expect([without.code, without.document.error.message]).toEqual([2, expect.stringMatching(/is a file/)]);
  });
});
