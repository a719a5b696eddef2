/** Damaged files: always an error that says so, never zeros, a stack trace, a hang or a huge allocation. */
// cspell:ignore Pixelz
import { readdirSync, readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { memorySource } from "../src/array/bytes.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import { crc32 } from "../src/image/crc32.ts";
import { encodeImage } from "../src/image/encode-image.ts";
import type { Image } from "../src/image/image.ts";
import { readAll } from "../src/image/image-file.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { decodeLzw } from "../src/image/tiff-lzw.ts";

const folder = "test/fixtures/image/tiffs";

function sample(dtype: "uint8" | "uint16" | "float32", axes = "ZCYX", shape = [3, 2, 19, 23]): Image {
  const length = shape.reduce((a, b) => a * b);
  const random = new Random(7);
  const values = Float32Array.from({ length }, () => random.integer(256));
  const data = dtype === "float32" ? values : dtype === "uint8" ? Uint8Array.from(values) : Uint16Array.from(values);
  return { axes, shape, dtype, data, pixelSize: { y: 0.3, x: 0.3 }, zStep: 0.5 };
}

const files = new Map<string, Uint8Array>([
  ["ours.tif", encodeImage("ours.tif", sample("uint16"))],
  ["ours.ome.tif", encodeImage("ours.ome.tif", sample("float32"))],
  ["ours8.png", encodeImage("ours8.png", sample("uint8", "YX", [31, 37]))],
  ["ours16.png", encodeImage("ours16.png", sample("uint16", "YX", [31, 37]))],
  ...readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))] as const),
]);

const expectedCodes = new Set(["file.corrupt", "file.unsupported", "file.missing", "image.unfit"]);

/** The image, or the error; throws for an error of any other kind. */
async function attempt(name: string, bytes: Uint8Array): Promise<Image | ParfocalError> {
  try {
    const file = await openImageSource(memorySource(name, bytes));
    const pixels = file.shape.reduce((a, b) => a * b, 1);
    // What a file of this size can hold with the strongest compression: more must have been refused.
    expect(pixels).toBeLessThan(bytes.length * 2 ** 18);
    return await readAll(file);
  } catch (error) {
    if (error instanceof ParfocalError && expectedCodes.has(error.code)) {
      expect(error.message).toContain(name);
      return error;
    }
    throw error;
  }
}

test("truncated anywhere: an error, or the pixels are all there", async () => {
  const random = new Random(1);
  let errors = 0;
  let tries = 0;
  for (const [name, bytes] of files) {
    const whole = await attempt(name, bytes);
    if (whole instanceof ParfocalError) continue;
    const cuts = [
      0,
      1,
      3,
      4,
      7,
      8,
      9,
      15,
      bytes.length - 1,
      ...Array.from({ length: 25 }, () => random.integer(bytes.length)),
    ];
    for (const cut of cuts) {
      const result = await attempt(name, bytes.slice(0, cut));
      tries++;
      if (result instanceof ParfocalError) errors++;
      else expect([name, cut, result.data]).toEqual([name, cut, whole.data]);
    }
  }
  // Only what lies behind the last pixel (padding, a text) may be missing without an error.
  expect(errors).toBeGreaterThan(0.9 * tries);
});

test("bytes changed in the first 600 and the last 300: an error, or an image", async () => {
  const random = new Random(2);
  let errors = 0;
  for (const [name, bytes] of files) {
    for (let i = 0; i < 60; i++) {
      const damaged = bytes.slice();
      const head = random.uniform() < 0.7;
      const at = head
        ? random.integer(Math.min(600, bytes.length))
        : bytes.length - 1 - random.integer(Math.min(300, bytes.length));
      for (let n = 0; n <= random.integer(3); n++) damaged[Math.min(at + n, bytes.length - 1)] = random.integer(256);
      if ((await attempt(name, damaged)) instanceof ParfocalError) errors++;
    }
  }
  expect(errors).toBeGreaterThan(files.size * 10);
});

test("compressed pixels changed: never another picture where there is a checksum", async () => {
  const random = new Random(3);
  for (const name of ["deflate_u16_tiles.tif", "deflate_pred3_f32_tiles.tif", "ours8.png", "ours16.png"]) {
    const bytes = files.get(name) as Uint8Array;
    const whole = (await attempt(name, bytes)) as Image;
    let errors = 0;
    for (let i = 0; i < 60; i++) {
      const damaged = bytes.slice();
      damaged[Math.floor(bytes.length * random.between(0.3, 0.9))] ^= 1 << random.integer(8);
      const result = await attempt(name, damaged);
      if (result instanceof ParfocalError) errors++;
      else expect(result.data).toEqual(whole.data);
    }
    expect(errors).toBeGreaterThan(40);
  }
});

test("LZW codes beyond the table", () => {
  const bits: number[] = [];
  let width = 9;
  const put = (code: number) => {
    for (let k = width - 1; k >= 0; k--) bits.push((code >> k) & 1);
  };
  put(256);
  put(1);
  for (let size = 258; size < 3000; ) {
    put(1 + (size++ % 200));
    if (size + 1 >= 1 << width && width < 12) width++;
  }
  const packed = () =>
    Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
      Number.parseInt(
        bits
          .slice(8 * i, 8 * i + 8)
          .join("")
          .padEnd(8, "0"),
        2,
      ),
    );
  // Up to here the codes are right: each one stands for its own byte.
  expect([...decodeLzw(packed(), 2743)]).toEqual([1, ...Array.from({ length: 2742 }, (_, i) => 1 + ((i + 258) % 200))]);
  put(4095);
  put(4095);
  expect(() => decodeLzw(packed(), 10000)).toThrow(RangeError);
});

describe("chosen places", () => {
  /** A TIFF of ours (little-endian, classic) with the value of a tag of its first directory replaced. */
  function withTag(name: string, id: number, value: number): Uint8Array {
    const bytes = (files.get(name) as Uint8Array).slice();
    const view = new DataView(bytes.buffer);
    const at = view.getUint32(4, true);
    for (let i = 0; i < view.getUint16(at, true); i++) {
      const entry = at + 2 + 12 * i;
      if (view.getUint16(entry, true) === id) view.setUint32(entry + 8, value, true);
    }
    return bytes;
  }

  async function message(name: string, bytes: Uint8Array): Promise<string> {
    const result = await attempt(name, bytes);
    expect(result).toBeInstanceOf(ParfocalError);
    return (result as ParfocalError).message;
  }

  test.each([
    ["width 2^31", 256, 2 ** 31, "cannot hold"],
    ["width 0", 256, 0, "impossible"],
    ["height 2^32 - 1", 257, 2 ** 32 - 1, "lists 1 of them"],
    ["strips of 1 row", 278, 1, "lists"],
    ["strip beyond the end", 273, 2 ** 31, "file ends at byte"],
    ["strip shorter than the page", 279, 100, "cannot hold"],
    ["strip never written", 273, 0, "never written"],
    ["compression LERC", 259, 34887, "LERC"],
  ])("%s", async (_what, id, value, says) => {
    const name = "ours.tif";
    expect(await message(name, withTag(name, id, value))).toContain(says);
  });

  test("a circle of directories", async () => {
    const bytes = (files.get("ours.tif") as Uint8Array).slice();
    const view = new DataView(bytes.buffer);
    const first = view.getUint32(4, true);
    view.setUint32(first + 2 + 12 * view.getUint16(first, true), first, true);
    expect(await message("ours.tif", bytes)).toContain("circular");
  });

  test("ImageJ and OME descriptions that promise more than there is", async () => {
    const change = (name: string, from: string, to: string) => {
      const text = Buffer.from(files.get(name) as Uint8Array).toString("latin1");
      expect(text).toContain(from);
      return new Uint8Array(Buffer.from(text.replace(from, to), "latin1"));
    };
    expect(await message("ours.tif", change("ours.tif", "slices=3", "slices=4"))).toContain("4 slices");
    expect(
      await message("ours.tif", change("ours.tif", "images=6\nchannels=2\nslices=3", "images=8\nchannels=2\nslices=4")),
    ).toContain("states 8 planes");
    expect(await message("ours.ome.tif", change("ours.ome.tif", 'SizeZ="3"', 'SizeZ="9"'))).toContain(
      "describes 18 planes",
    );
    expect(await message("ours.ome.tif", change("ours.ome.tif", "</Pixels>", "</Pixelz>"))).toContain("OME-XML");
    expect(await message("ours.ome.tif", change("ours.ome.tif", "XYCZT", "XYCCT"))).toContain("dimension order");
    expect(await message("ours.ome.tif", change("ours.ome.tif", 'SizeX="23"', 'SizeX="24"'))).toContain("24 x 19");
    const truncated = (files.get("imagej_one_directory.tif") as Uint8Array).slice(0, -1);
    expect(await message("imagej_one_directory.tif", truncated)).toContain("states 6 planes");
  });

  test("a PNG with too few rows, though every checksum is right", async () => {
    const good = files.get("ours8.png") as Uint8Array;
    const header = good.slice(0, 33);
    const chunk = (type: string, body: Uint8Array) => {
      const out = Buffer.alloc(12 + body.length);
      out.writeUInt32BE(body.length, 0);
      out.write(type, 4, "latin1");
      out.set(body, 8);
      out.writeUInt32BE(crc32([out.subarray(4, 8 + body.length)]), 8 + body.length);
      return out;
    };
    const rows = new Uint8Array(38 * 20);
    const file = Buffer.concat([header, chunk("IDAT", deflateSync(rows)), chunk("IEND", new Uint8Array(0))]);
    expect(await message("short.png", file)).toContain("expected 1178");
  });
});
