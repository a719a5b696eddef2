/** Reading TIFF: files that tifffile, imagecodecs and libtiff wrote, and the real data. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { blobSource, memorySource } from "../src/array/bytes.ts";
import { type ImageFile, readAll, readStack } from "../src/image/image-file.ts";
import { openImage, readImage } from "../src/image/open-image.node.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { failure } from "./helpers/failure.ts";

interface Expected {
  planes: number;
  height: number;
  width: number;
  modulus?: number;
  shift?: number;
  scale?: number;
  ramp?: number;
  tolerance?: number;
  dtype?: string;
  axes?: string;
  order?: string;
  sizes?: [number, number, number];
  pixel?: [number, number];
  zStep?: number;
  interval?: number;
  channels?: string[];
  error?: string;
  says?: string;
}

const folder = "test/fixtures/image";
const index = JSON.parse(readFileSync(`${folder}/tiffs.json`, "utf8")) as Record<string, Expected>;

/** The formula of make_tiffs.py. */
function pixel(e: Expected, page: number, y: number, x: number): number {
  if (e.ramp !== undefined) return (e.ramp * (x + y)) % 256;
  return (((7 * x + 13 * y + 101 * page + ((x * y) % 17)) % (e.modulus ?? 1)) + (e.shift ?? 0)) * (e.scale ?? 1);
}

function planeOf(e: Expected, page: number, x0 = 0, y0 = 0, width = e.width, height = e.height): number[] {
  return Array.from({ length: width * height }, (_, i) => pixel(e, page, y0 + Math.floor(i / width), x0 + (i % width)));
}

/** Channel, z and time of a page, from the order of the axes (fastest first) and their sizes [C, Z, T]. */
function positionOf(e: Expected, page: number) {
  const [C, Z, T] = e.sizes ?? [1, e.planes, 1];
  const size: Record<string, number> = { C, Z, T };
  const at: Record<string, number> = {};
  let rest = page;
  for (const axis of e.order ?? "CZT") {
    at[axis] = rest % size[axis];
    rest = Math.floor(rest / size[axis]);
  }
  return { channel: at.C, z: at.Z, time: at.T };
}

function far(actual: Float32Array, expected: number[]): number {
  expect(actual.length).toBe(expected.length);
  return actual.reduce((worst, value, i) => Math.max(worst, Math.abs(value - Math.fround(expected[i]))), 0);
}

describe("files of other programs", () => {
  for (const [name, e] of Object.entries(index)) {
    test(name, async () => {
      const path = `${folder}/tiffs/${name}.tif`;
      if (e.error !== undefined) {
        const error = await failure(readImage(path));
        expect(error.code).toBe(e.error);
        expect(error.message).toContain(e.says);
        expect(error.message).toContain(path);
        return;
      }
      const file = await openImage(path);
      expect(file.axes).toBe(e.axes ?? (e.planes > 1 ? "ZYX" : "YX"));
      expect(file.shape.reduce((a, b) => a * b)).toBe(e.planes * e.height * e.width);
      expect(file.shape.slice(-2)).toEqual([e.height, e.width]);
      const guess = e.modulus !== undefined && e.modulus > 256 ? "uint16" : "uint8";
      expect(file.dtype).toBe(e.dtype ?? guess);
      expect(file.pixelSize).toEqual(e.pixel && { y: expect.closeTo(e.pixel[0], 9), x: expect.closeTo(e.pixel[1], 9) });
      expect(file.zStep).toEqual(e.zStep === undefined ? undefined : expect.closeTo(e.zStep, 12));
      expect(file.frameInterval).toBe(e.interval);
      expect(file.channelNames).toEqual(e.channels);
      for (let page = 0; page < e.planes; page++) {
        const at = positionOf(e, page);
        expect(far(await file.readPlane(at), planeOf(e, page))).toBeLessThanOrEqual(e.tolerance ?? 0);
        const region = { x: 5, y: 3, width: e.width - 7, height: e.height - 6 };
        const part = await file.readPlane(at, region);
        const wanted = planeOf(e, page, region.x, region.y, region.width, region.height);
        expect(far(part, wanted)).toBeLessThanOrEqual(e.tolerance ?? 0);
      }
      await file.close();
    });
  }

  test("the same from a Blob and from memory", async () => {
    const bytes = readFileSync(`${folder}/tiffs/ome_tczyx.tif`);
    const fromBlob = await readAll(await openImageSource(blobSource(new Blob([bytes]), "a.tif")));
    const fromMemory = await readAll(await openImageSource(memorySource("a.tif", bytes)));
    expect(fromBlob).toEqual(fromMemory);
    expect(fromBlob.data).toEqual((await readImage(`${folder}/tiffs/ome_tczyx.tif`)).data);
    expect(fromBlob.data.some((value) => value > 0)).toBe(true);
  });
});

describe("what is read of a plane", () => {
  /** A source that counts bytes. */
  async function counted(path: string): Promise<{ file: ImageFile; bytes(): number }> {
    const inner = memorySource(path, readFileSync(path));
    let bytes = 0;
    const read = (offset: number, length: number) => {
      bytes += length;
      return inner.read(offset, length);
    };
    return { file: await openImageSource({ name: path, size: inner.size, read }), bytes: () => bytes };
  }

  test("rows of an uncompressed page and no more", async () => {
    const { file, bytes } = await counted(`${folder}/tiffs/strips_u16_be.tif`);
    const before = bytes();
    await file.readPlane({ z: 0 }, { x: 3, y: 9, width: 4, height: 2 });
    expect(bytes() - before).toBe(2 * 30 * 2);
  });

  test("a compressed tile once for neighbouring regions", async () => {
    const { file, bytes } = await counted(`${folder}/tiffs/deflate_u16_tiles.tif`);
    await file.readPlane({}, { x: 0, y: 0, width: 8, height: 4 });
    const before = bytes();
    await file.readPlane({}, { x: 8, y: 4, width: 8, height: 4 });
    expect(bytes()).toBe(before);
    await file.readPlane({}, { x: 60, y: 40, width: 8, height: 4 });
    expect(bytes()).toBeGreaterThan(before);
  });

  test("regions outside the image are refused", async () => {
    const { file } = await counted(`${folder}/tiffs/tiles_u8.tif`);
    for (const region of [
      { x: 60, y: 0, width: 11, height: 5 },
      { x: 0, y: 0, width: 0, height: 5 },
      { x: 0.5, y: 0, width: 5, height: 5 },
      { x: -1, y: 0, width: 5, height: 5 },
    ]) {
      expect((await failure(file.readPlane({}, region))).code).toBe("usage");
    }
  });
});

const data = "../shared/data";
describe.skipIf(!existsSync(data))("real data (skipped where ../shared/data is absent)", () => {
  const cases: [string, string, number[], string, number | undefined, number | undefined][] = [
    ["nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif", "ZCYX", [45, 2, 130, 133], "uint16", 0.51188, 0.49941],
    ["beads_confocal_41z/Bead_Image1_crop.tif", "ZYX", [41, 150, 150], "uint8", 0.0224919, 0.125],
    ["dfnn_mitochondria/stack_mitochondria.tif", "ZYX", [34, 800, 256], "uint16", 0.1053, 0.05],
    ["dfnn_mitochondria/single_mitochondria.tif", "ZYX", [15, 800, 256], "uint16", undefined, undefined],
    ["dhm_cell/on_axis.tif", "ZYX", [12, 768, 768], "uint16", undefined, undefined],
    ["dhm_cell/reference.tif", "YX", [768, 768], "uint16", undefined, undefined],
    ["isl_neurons_phase13/phase_contrast_z13.tif", "ZYX", [13, 512, 512], "uint16", undefined, undefined],
    ["isl_neurons_phase13/confocal_maxproj_dapi_map2_nfh.tif", "CYX", [3, 512, 512], "uint16", undefined, undefined],
    // The bounding box of its description says 13.8125 um over 255 pixels and 7.2 um over 24 steps.
    ["pyotf_bead_air/psf_wl520nm_z300nm_x130nm_na0.85_n1.0.tif", "ZYX", [25, 256, 256], "uint16", 0.0541667, 0.3],
  ];
  test.each(cases)("%s", async (name, axes, shape, dtype, pixelSize, zStep) => {
    const file = await openImage(`${data}/${name}`);
    expect([file.axes, file.shape, file.dtype]).toEqual([axes, shape, dtype]);
    expect(file.pixelSize?.x).toEqual(pixelSize === undefined ? undefined : expect.closeTo(pixelSize, 5));
    expect(file.pixelSize?.y).toEqual(file.pixelSize?.x);
    expect(file.zStep).toEqual(zStep === undefined ? undefined : expect.closeTo(zStep, 5));
    await file.close();
  });

  test("every TIFF opens, and its last plane is there", async () => {
    let count = 0;
    for (const path of readdirSync(data, { recursive: true, encoding: "utf8" }).filter((name) => /\.tif$/.test(name))) {
      const file = await openImage(`${data}/${path}`);
      const last = Object.fromEntries([...file.axes].map((axis, i) => [axis, file.shape[i] - 1]));
      const plane = await file.readPlane({ channel: last.C ?? 0, z: last.Z ?? 0, time: last.T ?? 0 });
      expect(Math.max(...plane.subarray(0, 10000))).toBeGreaterThan(0);
      await file.close();
      count++;
    }
    expect(count).toBeGreaterThan(10);
  });

  test("one channel of the nucleus as a stack", async () => {
    const path = `${data}/nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif`;
    const file = await openImage(path);
    const stack = await readStack(file, { channel: 1 });
    expect([stack.depth, stack.height, stack.width, stack.dtype]).toEqual([45, 130, 133, "uint16"]);
    const image = await readImage(path);
    const size = 130 * 133;
    for (const z of [0, 22, 44]) {
      const plane = image.data.subarray((2 * z + 1) * size, (2 * z + 2) * size);
      expect([...stack.data.subarray(z * size, (z + 1) * size)]).toEqual([...plane]);
    }
    const none = await failure(readStack(file));
    expect([none.code, none.exitCode]).toEqual(["usage", 2]);
    expect(none.message).toContain("2 channels");
    expect(none.message).toContain("`channel`");
    expect((await failure(readStack(file, { channel: 2 }))).message).toContain("2 channels, 0 to 1");
    expect((await failure(readStack(file, { channel: 0, signal: AbortSignal.abort() }))).code).toBe("interrupted");
    await file.close();
  });
});
