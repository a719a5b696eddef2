/** Compressed strips: a decoder fills exactly the known size, or there is an error. */
// cspell:ignore ffda
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { memorySource } from "../src/array/bytes.ts";
import { ParfocalError } from "../src/errors.ts";
import { readAll } from "../src/image/image-file.ts";
import { checkJpeg } from "../src/image/jpeg-check.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { decompress } from "../src/image/tiff-compression.ts";

const fixture = (name: string) => new Uint8Array(readFileSync(`test/fixtures/image/tiffs/${name}.tif`));

/** The pixels, or the error; anything else is thrown. */
async function attempt(bytes: Uint8Array): Promise<number[] | ParfocalError> {
  try {
    return [...(await readAll(await openImageSource(memorySource("a.tif", bytes)))).data];
  } catch (error) {
    if (error instanceof ParfocalError) return error;
    throw error;
  }
}

/** A strip through a decoder. */
const decoded = (compression: number, strip: number[] | Uint8Array, width: number, rows: number, height = rows) =>
  decompress(
    compression,
    Uint8Array.from(strip),
    { needed: width * rows, whole: width * height, width, height },
    "a.tif",
  );

async function message(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error("nothing was thrown"),
    (reason: Error) => reason,
  );
  expect(error).toBeInstanceOf(ParfocalError);
  return error.message;
}

describe("zstd", () => {
  const frame = fixture("zstd_checksum").slice(122);

  test("a checksum is compared: any changed byte is found", async () => {
    const bytes = fixture("zstd_checksum");
    const whole = await attempt(bytes);
    expect(whole).toHaveLength(2000);
    let errors = 0;
    for (let at = 122; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 << (at % 8);
      const result = await attempt(damaged);
      if (result instanceof ParfocalError) errors++;
      // A bit that nothing depends on.
      else expect(result).toEqual(whole);
    }
    expect(errors).toBeGreaterThan(0.98 * (bytes.length - 122));
  });

  test("without a checksum: an error, or the same answer whatever was decoded in between", async () => {
    const bytes = fixture("zstd_u16");
    const at = bytes.findIndex((byte, i) => byte === 0x28 && bytes[i + 1] === 0xb5 && bytes[i + 2] === 0x2f);
    let read = 0;
    for (let i = at; i < bytes.length; i += 1) {
      const damaged = bytes.slice();
      damaged[i] ^= 0x80;
      const first = await attempt(damaged);
      if (first instanceof ParfocalError) continue;
      read++;
      await attempt(fixture("zstd_checksum"));
      expect(await attempt(damaged)).toEqual(first);
    }
    expect(read).toBeLessThan(bytes.length - at);
  });

  test("a frame behind the frame, cut frames, too little and too much: errors", async () => {
    expect(await decoded(50000, frame, 4000, 1)).toHaveLength(4000);
    // The decoder of geotiff returned memory of other strips for this one.
    expect(await message(decoded(50000, [...frame, 1, 2, 3, 4, 5, 6, 7, 8], 4000, 1))).toMatch(/does not decompress/);
    for (let cut = 0; cut < frame.length; cut += 7) {
      expect(await message(decoded(50000, frame.slice(0, cut), 4000, 1))).toMatch(/does not decompress/);
    }
    expect(await message(decoded(50000, frame, 4001, 1))).toMatch(/4000 bytes, expected 4001/);
    expect(await message(decoded(50000, frame, 3999, 1))).toMatch(/does not decompress/);
    // The last strip of a page, padded to the height of the others.
    expect(await decoded(50000, frame, 100, 10, 40)).toHaveLength(1000);
    expect(await message(decoded(50000, frame, 2 ** 15, 1, 2 ** 15))).toMatch(/too large for the zstd decoder/);
  });
});

describe("PackBits", () => {
  test.each([
    ["a run beyond the end of the data", [2, 1, 2], 3],
    ["a literal beyond the end of the data", [5, 1, 2, 3], 6],
    ["nothing", [], 1],
    ["a header without a byte", [0xff], 2],
  ])("%s", async (_what, strip, size) => {
    expect(await message(decoded(32773, strip, size, 1))).toMatch(/expected/);
  });

  test("a run beyond the strip is cut", async () => {
    expect([...(await decoded(32773, [0x81, 7], 3, 1))]).toEqual([7, 7, 7]);
  });
});

describe("JPEG", () => {
  const jpeg = (() => {
    const bytes = fixture("libtiff_jpeg");
    const view = new DataView(bytes.buffer);
    const entry = (id: number) => {
      const at = view.getUint32(4, true);
      for (let i = 0; i < view.getUint16(at, true); i++) {
        const p = at + 2 + 12 * i;
        if (view.getUint16(p, true) === id)
          return { count: view.getUint32(p + 4, true), value: view.getUint32(p + 8, true) };
      }
      throw new Error(`no tag ${id}`);
    };
    const strip = bytes.slice(entry(273).value, entry(273).value + entry(279).value);
    const tables = bytes.slice(entry(347).value, entry(347).value + entry(347).count);
    return { strip, tables };
  })();
  const picture = { width: 50, height: 40 };
  const frameAt = jpeg.strip.findIndex((byte, i) => byte === 0xff && jpeg.strip[i + 1] === 0xc0);
  const joined = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

  test("a stream as libtiff writes it", () => {
    expect(() => checkJpeg(jpeg.strip, picture)).not.toThrow();
    expect(() => checkJpeg(jpeg.tables, undefined)).not.toThrow();
  });

  test("a second frame header, which would be allocated: refused, in the strip and in the tables", () => {
    const { strip, tables } = jpeg;
    const huge = [0xff, 0xc0, 0, 11, 8, 255, 255, 255, 255, 1, 1, 0x11, 0];
    const twice = joined(
      strip.subarray(0, frameAt),
      strip.subarray(frameAt, frameAt + 13),
      huge,
      strip.subarray(frameAt + 13),
    );
    expect(() => checkJpeg(twice, picture)).toThrow(/unexpected JPEG marker ffc0/);
    expect(() => checkJpeg(joined(tables.subarray(0, -2), huge, [0xff, 0xd9]), undefined)).toThrow(/ffc0/);
  });

  test("another size, no restart markers, endless scans, a lying length, a missing end", () => {
    const { strip } = jpeg;
    expect(() => checkJpeg(strip, { width: 51, height: 40 })).toThrow(/does not fit/);
    expect(() => checkJpeg(strip, { width: 50, height: 39 })).toThrow(/does not fit/);
    const behind = (part: number[]) => joined(strip.subarray(0, frameAt), part, strip.subarray(frameAt));
    expect(() => checkJpeg(behind([0xff, 0xdd, 0, 4, 0, 5]), picture)).toThrow(/0 restart markers/);
    const scanAt = strip.findIndex((byte, i) => byte === 0xff && strip[i + 1] === 0xda);
    const scan = strip.subarray(scanAt, scanAt + 10);
    const scans = joined(strip.subarray(0, scanAt), ...Array.from({ length: 101 }, () => scan), [0xff, 0xd9]);
    expect(() => checkJpeg(scans, picture)).toThrow(/unexpected JPEG marker ffda/);
    expect(() => checkJpeg(behind([0xff, 0xdb, 0, 66, ...new Array(64).fill(1)]), picture)).toThrow(/do not fill/);
    for (let cut = 0; cut < strip.length - 1; cut += 5)
      expect(() => checkJpeg(strip.subarray(0, cut), picture)).toThrow(RangeError);
    expect(() => checkJpeg(strip.subarray(0, -2), picture)).toThrow(/ends early/);
  });
});

test("a predictor that does not go with the samples is not read, which is no damage", async () => {
  for (const [name, predictor] of [
    ["deflate_pred2_u8", 3],
    ["deflate_pred2_u8", 7],
    ["packed_12bit", 2],
  ] as const) {
    const bytes = fixture(name);
    const view = new DataView(bytes.buffer);
    const at = view.getUint32(4, true);
    // The tag itself, or the one that says nothing needed here, made into it.
    for (let i = 0; i < view.getUint16(at, true); i++) {
      const p = at + 2 + 12 * i;
      const id = view.getUint16(p, true);
      if (id !== 317 && !(name === "packed_12bit" && id === 305)) continue;
      view.setUint16(p, 317, true);
      view.setUint16(p + 2, 3, true);
      view.setUint32(p + 4, 1, true);
      view.setUint32(p + 8, predictor, true);
    }
    expect(await attempt(bytes)).toMatchObject({
      code: "file.unsupported",
      message: new RegExp(`predictor ${predictor}`),
    });
  }
});
