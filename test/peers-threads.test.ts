/** Situations from issue threads of programs of this field, which are named, and some of our own; and what Parfocal makes of them. */
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openImage } from "../src/node.ts";
import { greyEntries, handTiff } from "./helpers/hand-tiff.ts";
import { encodeImage } from "./helpers/images.ts";
import { runCli } from "./helpers/run-cli.ts";
import { blurredStack } from "./helpers/tiny.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const json = async (...args: string[]) => {
  const run = await runCli([...args, "--json", "--quiet"], { cwd: folder });
  return { code: run.code, ...JSON.parse(run.stdout) };
};

const stack = blurredStack(7, 83, 61, 5);
const counts = Uint16Array.from(stack.data);
const calibration = { zStep: 1, pixelSize: { y: 0.3, x: 0.3 } };
const config = {
  ...{
    input_offsets: [0],
    distance_range: [-2, 2],
    architecture: {
      down: [
        [4, 4],
        [8, 8],
      ],
      up: [8],
    },
  },
  ...{ patch_size: 16, batch_size: 2, num_steps: 2, steps_per_epoch: 2 },
};
let model: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-threads-"));
  const info = { axes: "ZYX", shape: [7, 83, 61], dtype: "uint16", ...calibration } as const;
  writeFileSync(at("s.tif"), encodeImage("s.tif", { ...info, data: counts }));
  writeFileSync(at("config.yaml"), JSON.stringify(config));
  model = (await json("train", "s.tif", "--config", "config.yaml", "--device", "cpu")).model;
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("a stack of more planes than pixels across (cellpose 1020)", async () => {
  const tall = blurredStack(60, 24, 24, 30);
  const info = { axes: "ZYX", shape: [60, 24, 24], dtype: "uint16", ...calibration } as const;
  writeFileSync(at("tall.tif"), encodeImage("tall.tif", { ...info, data: Uint16Array.from(tall.data) }));
  expect(await json("inspect", "tall.tif")).toMatchObject({ axes: "ZYX", shape: [60, 24, 24] });
});

test("OME-XML without SizeT, with an order of four letters and an old file name (ilastik 1310)", async () => {
  const block = (z: number) =>
    `<TiffData FirstC="0" FirstZ="${z}" IFD="${z}" PlaneCount="1"><UUID FileName="old.tiff">urn:uuid:1</UUID></TiffData>`;
  const xml =
    `<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2015-01" UUID="urn:uuid:1"><Image ID="Image:0">` +
    `<Pixels DimensionOrder="XYCZ" ID="Pixels:0" SizeC="1" SizeX="8" SizeY="8" SizeZ="3" Type="uint8">${[0, 1, 2].map(block).join("")}</Pixels></Image></OME>`;
  const pages = [0, 1, 2].map((z) => ({
    entries: greyEntries(8, 8, 8, z === 0 ? [{ tag: 270, type: 2, values: xml }] : []),
    strips: [new Uint8Array(64).fill(z + 1)],
  }));
  writeFileSync(at("exported.ome.tif"), handTiff(pages));
  const file = await openImage(at("exported.ome.tif"));
  expect(file).toMatchObject({ axes: "ZYX", shape: [3, 8, 8] });
  expect((await file.readPlane({ z: 2 }))[0]).toBe(3);
  await file.close();
});

test("images whose sides no network divides keep their size and type (CAREamics 363, 415, 741, 787)", async () => {
  const made = await json("refocus", "s.tif", "--model", model, "--input-planes", "3", "--z=-1:1:1", "-o", "odd.tif");
  expect(made.code).toBe(0);
  const file = await openImage(at("odd.tif"));
  expect(file).toMatchObject({ axes: "ZYX", shape: [3, 83, 61], dtype: "uint16", pixelSize: { x: 0.3 } });
  await file.close();
});

test("a target with other pixels than its stack (ZeroCostDL4Mic 304)", async () => {
  const large = blurredStack(7, 166, 122, 5);
  const info = {
    axes: "ZYX",
    shape: [7, 166, 122],
    dtype: "uint16",
    zStep: 1,
    pixelSize: { y: 0.15, x: 0.15 },
  } as const;
  writeFileSync(at("fine.tif"), encodeImage("fine.tif", { ...info, data: Uint16Array.from(large.data) }));
  const { code, error } = await json("train", "s.tif", "--task", "section", "--target", "fine.tif");
  expect(code).toBe(1);
  expect(error.message).toMatch(/61.*122|83.*166/);
});

test("a resolution that is the largest number (large_image 1062)", async () => {
  const info = {
    axes: "ZYX",
    shape: [7, 83, 61],
    dtype: "uint16",
    zStep: 1,
    pixelSize: { y: 1 / 2 ** 31, x: 1 / 2 ** 31 },
  } as const;
  writeFileSync(at("bogus.tif"), encodeImage("bogus.tif", { ...info, data: counts }));
  const { pixel_size_um, warnings } = await json("inspect", "bogus.tif");
  expect(pixel_size_um).toBeNull();
  expect(warnings.map(({ text }: { text: string }) => text).join()).toMatch(
    /Pixel size of the file is not used: 4\.6\d+e-10 um is not a pixel/,
  );
});

describe("outputs", () => {
  test("an input is never replaced, by whatever name it is called", async () => {
    symlinkSync("s.tif", at("again.tif"));
    const before = readFileSync(at("s.tif"));
    for (const name of ["s.tif", "./again.tif"]) {
      const { code, error } = await json("fuse", "s.tif", "-o", name, "--force");
      expect([code, error.code, error.fields.option]).toEqual([2, "usage", "--output"]);
      expect(error.message).toContain("is an image that is being read");
    }
    expect(readFileSync(at("s.tif"))).toEqual(before);
  });

  test("a link stays a link, and what it points to is replaced", async () => {
    mkdirSync(at("store"), { recursive: true });
    writeFileSync(at("store/real.tif"), "");
    symlinkSync("store/real.tif", at("link.tif"));
    expect((await json("fuse", "s.tif", "-o", "link.tif", "--force")).code).toBe(0);
    expect(lstatSync(at("link.tif")).isSymbolicLink()).toBe(true);
    const file = await openImage(at("store/real.tif"));
    expect(file.shape).toEqual([83, 61]);
    await file.close();
  });
});

describe("numbers that no machine has", () => {
  test("a batch that memory has no room for is refused (cryoCARE_pip 20)", async () => {
    const started = performance.now();
    const { code, error } = await json("train", "s.tif", "--config", "config.yaml", "--batch-size", "1000000");
    expect([code, error.code]).toEqual([2, "usage"]);
    expect(error.message).toMatch(/needs about .* GiB of memory.*--batch-size/);
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  test("a hundred thousand threads are refused, at once", async () => {
    const { code, error } = await json(
      ...[
        "refocus",
        "s.tif",
        "--model",
        model,
        "--input-planes",
        "3",
        "--z",
        "1",
        "--threads",
        "100000",
        "-o",
        "t.tif",
      ],
    );
    expect([code, error.code]).toEqual([2, "usage"]);
    expect(error.message).toMatch(/--threads must be a whole number from 1 to \d+/);
  });
});

test("a model is known by its folder, its run, or one of its files; a folder of runs names one", async () => {
  const refocus = (name: string) =>
    json("refocus", "s.tif", "--model", name, "--input-planes", "3", "--z", "1", "-o", "m.tif", "--force");
  const run = join(model, "..");
  for (const name of [model, run, join(model, "model.yaml"), join(model, "model.onnx")]) {
    expect((await refocus(name)).code).toBe(0);
  }
  expect((await refocus(join(run, ".."))).error.message).toMatch(
    /[Gg]ive one of its runs, such as runs\/refocus\/version_0/,
  );
  expect((await refocus("nothing")).error.message).toMatch(/nothing is not a folder\. Give the folder of a model/);
});
