/** Files that hold several images at the command line, and what readers warn of. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { greyEntries, handTiff } from "./helpers/hand-tiff.ts";
import { runCli, warningTexts } from "./helpers/run-cli.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-image-"));
  const image = (name: string, from: number, planes: number) =>
    `<Image Name="${name}"><Pixels DimensionOrder="XYZCT" Type="uint8" SizeX="16" SizeY="16" SizeZ="${planes}" SizeC="1" SizeT="1" PhysicalSizeX="0.2" PhysicalSizeY="0.2" PhysicalSizeZ="0.5">` +
    `<TiffData IFD="${from}" PlaneCount="${planes}"/>${Array.from({ length: planes }, (_, z) => `<Plane TheZ="${z}" TheC="0" TheT="0" PositionZ="${z * z}" PositionZUnit="µm"/>`).join("")}</Pixels></Image>`;
  const description = `<OME>${image("left", 0, 2)}${image("right", 2, 4)}</OME>`;
  const pages = Array.from({ length: 6 }, (_, n) => ({
    entries: greyEntries(16, 16, 8, n === 0 ? [{ tag: 270, type: 2, values: description }] : []),
    strips: [Uint8Array.from({ length: 256 }, (_, i) => (i * (n + 3)) % 200)],
  }));
  writeFileSync(join(folder, "two.ome.tif"), handTiff(pages));
  writeFileSync(join(folder, "one.tif"), handTiff(pages.slice(1, 5)));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("inspect says how many images there are, and reads the one that is asked for", async () => {
  const run = await runCli(["inspect", "two.ome.tif", "--json"], { cwd: folder });
  const first = JSON.parse(run.stdout);
  expect([first.images, first.image, first.image_names, first.shape]).toEqual([2, 0, ["left", "right"], [2, 16, 16]]);
  expect(warningTexts(run)).toEqual(expect.arrayContaining([expect.stringContaining("2 images")]));
  const text = (await runCli(["inspect", "two.ome.tif", "--series", "1"], { cwd: folder })).stdout;
  expect(text).toMatch(/image +1 of 2, from 0 \(right\)/);
  expect(text).toMatch(/heights +0, 1, 4, 9 um/);
  expect(text).toMatch(/not evenly spaced \(1 to 5 um apart\)/);
  const one = JSON.parse((await runCli(["inspect", "one.tif", "--json"], { cwd: folder })).stdout);
  expect([one.images, one.image, one.image_names, one.z_positions_um]).toEqual([1, 0, null, null]);
});

test("an image that is not there is wrong use", async () => {
  for (const [name, image, sentence] of [
    ["two.ome.tif", "2", "image"],
    ["one.tif", "1", "image"],
    ["two.ome.tif", "x", "--series"],
  ]) {
    const { code, stderr } = await runCli(["inspect", name, "--series", image], { cwd: folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  }
});

test("other commands tell what the reader warns of, unless --quiet; a number is meant for the files that hold several", async () => {
  const args = ["evaluate", "one.tif", "--truth", "two.ome.tif", "--series", "1", "--z-step", "1"];
  const loud = await runCli(args, { cwd: folder });
  expect([loud.code, loud.stderr]).toEqual([
    0,
    expect.stringContaining("Warning: two.ome.tif: The planes are not evenly"),
  ]);
  expect((await runCli([...args, "--quiet"], { cwd: folder })).stderr).not.toContain("evenly");
});
