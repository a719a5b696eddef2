/** Errors about pixels name the file, the plane and the pixel. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { focusMapOfFile } from "../src/classical/focus/focus-map-file.ts";
import { ParfocalError } from "../src/errors.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import type { ImageFile } from "../src/image/image-file.ts";
import { readFinitePlane } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { pixelName } from "../src/image/pixel-place.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { inspectImage } from "../src/metrics/inspect.ts";
import { normalisationOfFile } from "../src/models/apply/normalisation-of-file.ts";
import { surfaceOf } from "../src/models/apply/surface.ts";
import { readComparable } from "../src/study/read-comparable.ts";
import { deconvolveFile } from "../src/tasks/deconvolve-file.ts";
import { fuseFile } from "../src/tasks/fuse-file.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { measureBeadsFile } from "../src/tasks/psf-files.ts";
import { reconstructFile } from "../src/tasks/reconstruct-file.ts";
import { sectionFile } from "../src/tasks/section-file.ts";
import { readSamples } from "../src/train/data/read-samples.ts";
import { textsOf } from "./helpers/texts.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-pixel-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size = 64;
/** A stack with one pixel that is no number: plane 2, x 17, y 40. */
async function holed(value: number, axes = "ZYX", planes = 5): Promise<string> {
  const random = new Random(2);
  const data = Float32Array.from({ length: planes * size * size }, () => 100 + 50 * random.uniform());
  data[2 * size * size + 40 * size + 17] = value;
  const path = join(folder, `${axes}-${Number.isNaN(value) ? "nan" : "inf"}-${planes}.tif`);
  const calibration = {
    pixelSize: { y: 0.3, x: 0.3 },
    zStep: 1,
    optics: { na: 0.8, wavelength: 0.5, refractiveIndex: 1 },
  };
  await writeImage(
    path,
    { axes, shape: [planes, size, size], dtype: "float32", data, ...calibration },
    { force: true },
  );
  return path;
}

const optics = { na: 0.8, wavelength: 0.5, refractiveIndex: 1 };
const output = join(folder, "out.tif");
const work: Record<string, (file: ImageFile) => Promise<unknown>> = {
  deconvolve: (file) => deconvolveFile(fileStorage, { ...file, optics }, output),
  fuse: (file) => fuseFile(fileStorage, file, output),
  "focus map": (file) => focusMapOfFile(file),
  "normalisation of a model": (file) =>
    normalisationOfFile(file, { channel: 0, time: 0 }, { norm_pmin: 1, norm_pmax: 99 }),
  "phase from planes": (file) => reconstructFile(fileStorage, { ...file, optics }, output, { method: "tie" }),
  "a bead": (file) => measureBeadsFile(nodeContext, { ...file, optics }, { optics: { na: 0.8 }, fit: [] }),
  evaluate: (file) => readComparable([file, file], {}),
  training: (file) => readSamples([file], {}),
};

describe.each([
  ["NaN", Number.NaN, "NaN (not a number)"],
  ["infinity", Number.POSITIVE_INFINITY, "infinite"],
] as const)("%s", (_name, value, said) => {
  test.each(Object.keys(work))("%s", async (name) => {
    const path = await holed(value);
    const file = await openImage(path);
    const error = await work[name](file).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await file.close();
    expect(error).toBeInstanceOf(ParfocalError);
    const { code, message, fields } = error as ParfocalError;
    expect([code, fields]).toEqual(["image.unfit", { path, detail: `plane 2, pixel x 17, y 40 is ${said}` }]);
    expect(message).toBe(`${path}: plane 2, pixel x 17, y 40 is ${said}; mask or replace such pixels first.`);
  });
});

test("exposures of sectioning, whose planes are channels", async () => {
  const path = await holed(Number.NaN, "CYX", 3);
  const file = await openImage(path);
  await expect(sectionFile(fileStorage, [file], "sim", output)).rejects.toMatchObject({
    code: "image.unfit",
    fields: { path, detail: "channel 2, pixel x 17, y 40 is NaN (not a number)" },
  });
  await file.close();
});

test("a map of distances with cells that have none", async () => {
  const path = await holed(Number.NaN);
  const file = await openImage(path);
  const plane: ImageFile = {
    ...file,
    axes: "YX",
    shape: [size, size],
    readPlane: (_index, region) => file.readPlane({ z: 2 }, region),
  };
  const read = surfaceOf(plane, { width: size, height: size });
  await expect(read({ x: 10, y: 30, width: 20, height: 20 })).rejects.toMatchObject({
    fields: { path, detail: "pixel x 17, y 40 is NaN (not a number)" },
  });
  expect(await read({ x: 0, y: 0, width: 20, height: 20 })).toHaveLength(400);
  await expect(readFinitePlane(file, { z: 2 }, { x: 17, y: 40, width: 1, height: 1 })).rejects.toMatchObject({
    fields: { detail: "plane 2, pixel x 17, y 40 is NaN (not a number)" },
  });
  await file.close();
});

test("inspect says where the first is", async () => {
  const file = await openImage(await holed(Number.NaN));
  const { warnings } = await inspectImage(file);
  await file.close();
  expect(textsOf(warnings).join()).toContain("NaN or infinite (the first is plane 2, pixel x 17, y 40). Mask");
});

test("names of pixels", () => {
  expect(pixelName(3 * 20 + 7, { path: "a", width: 5, height: 4, z: 2 })).toBe("plane 5, pixel x 2, y 1");
  expect(pixelName(7, { path: "a", width: 5, x0: 100, y0: 200, channel: 1, time: 3 })).toBe(
    "channel 1, time 3, pixel x 102, y 201",
  );
});
