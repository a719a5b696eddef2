/** Fast paths beside the plain loops that they stand for. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ByteSource, memorySource } from "../src/array/bytes.ts";
import { concurrently } from "../src/array/concurrently.ts";
import { correlate, gaussianFilter, gaussianKernel, reflectedIndices } from "../src/array/filters.ts";
import type { FloatArray } from "../src/array/grid.ts";
import { Random } from "../src/array/random.ts";
import { median } from "../src/array/statistics.ts";
import { noiseLevel } from "../src/classical/noise-level.ts";
import { encodeImage } from "../src/image/encode-image.ts";
import { fileSource } from "../src/image/file-source.node.ts";
import { readStack } from "../src/image/image-file.ts";
import { inflateOnThreads } from "../src/image/inflate.node.ts";
import { inflate } from "../src/image/inflate.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { decodeSamples, type SampleLayout } from "../src/image/samples.ts";
import { decodeLzw } from "../src/image/tiff-lzw.ts";
import type { PageChunks, PageHeader } from "../src/image/tiff-page.ts";
import { ChunkCache, readRegion } from "../src/image/tiff-region.ts";
import { createExposureMeter } from "../src/metrics/exposure.ts";
import { ssimTerms } from "../src/metrics/ssim.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parfocal-fast-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const noise = (length: number, seed: number) => {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => 1000 + 300 * random.normal());
};

/** Separable correlation with reflected edges, one product after another: the middle first, then pairs outwards. */
function plainFilter(data: FloatArray, height: number, width: number, ky: Float64Array, kx: Float64Array) {
  const [ry, rx] = [ky, kx].map((kernel) => (kernel.length - 1) / 2);
  const rows = reflectedIndices(height, ry);
  const columns = reflectedIndices(width, rx);
  const sum = (kernel: Float64Array, at: (k: number) => number) => {
    const r = (kernel.length - 1) / 2;
    let total = kernel[r] * at(0);
    for (let k = 1; k <= r; k++) total += kernel[r + k] * (at(-k) + at(k));
    return total;
  };
  const out = data.slice();
  for (let y = 0; y < height; y++) {
    const line = Float64Array.from({ length: width }, (_, x) => sum(ky, (k) => data[rows[y + ry + k] * width + x]));
    for (let x = 0; x < width; x++) out[y * width + x] = sum(kx, (k) => line[columns[x + rx + k]]);
  }
  return out;
}

describe("symmetric filters", () => {
  test.each([
    [1, 1, 1, 1],
    [3, 40, 2, 0.5],
    [33, 7, 0.4, 3],
    [20, 17, 12, 12],
    [50, 64, 1, 1.5],
  ])("of %i x %i pixels, sigma %f and %f, are those of the plain loops bit by bit", (height, width, y, x) => {
    const data = noise(height * width, height);
    const [ky, kx] = [gaussianKernel(y), gaussianKernel(x)];
    expect(correlate({ data, height, width }, ky, kx).data).toEqual(plainFilter(data, height, width, ky, kx));
    const doubles = Float64Array.from(data, Math.sqrt);
    expect(correlate({ data: doubles, height, width }, ky, kx).data).toEqual(
      plainFilter(doubles, height, width, ky, kx),
    );
  });

  test("asked for a part, give that part of the whole", () => {
    const grid = { data: noise(40 * 50, 3), height: 40, width: 50 };
    const whole = gaussianFilter(grid, 3).data;
    const needed = {
      y: [
        [2, 9],
        [30, 40],
      ],
      x: [
        [0, 11],
        [20, 33],
      ],
    } as const;
    const part = gaussianFilter(grid, 3, { needed }).data;
    for (const [top, bottom] of needed.y)
      for (const [left, right] of needed.x)
        for (let y = top; y < bottom; y++)
          expect(part.subarray(y * 50 + left, y * 50 + right)).toEqual(whole.subarray(y * 50 + left, y * 50 + right));
  });
});

test("SSIM is that of whole blurred images", () => {
  const [height, width, range] = [31, 45, 65535];
  const a = noise(height * width, 1);
  const b = a.map((value, i) => value + 50 * Math.sin(i));
  const kernel = gaussianKernel(1.5, 3.5);
  const blurred = (of: (i: number) => number) =>
    plainFilter(
      Float64Array.from(a, (_, i) => of(i)),
      height,
      width,
      kernel,
      kernel,
    );
  const [ma, mb] = [blurred((i) => a[i]), blurred((i) => b[i])];
  const [aa, bb, ab] = [blurred((i) => a[i] ** 2), blurred((i) => b[i] ** 2), blurred((i) => a[i] * b[i])];
  const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2];
  let [similarity, structure, count] = [0, 0, 0];
  for (let y = 5; y < height - 5; y++)
    for (let x = 5; x < width - 5; x++, count++) {
      const i = y * width + x;
      const l = (2 * ma[i] * mb[i] + c1) / (ma[i] ** 2 + mb[i] ** 2 + c1);
      const cs = (2 * (ab[i] - ma[i] * mb[i]) + c2) / (aa[i] - ma[i] ** 2 + bb[i] - mb[i] ** 2 + c2);
      similarity += l * cs;
      structure += cs;
    }
  const found = ssimTerms({ data: a, height, width }, { data: b, height, width }, range);
  expect(found.similarity).toBeCloseTo(similarity / count, 12);
  expect(found.structure).toBeCloseTo(structure / count, 12);
});

describe("the noise of a plane is the median of Immerkaer's mask", () => {
  const plain = (data: Float32Array, height: number, width: number) => {
    const responses: number[] = [];
    for (let y = 1; y < height - 1; y++)
      for (let x = 1; x < width - 1; x++) {
        let sum = 0;
        for (const [dy, wy] of [
          [-1, 1],
          [0, -2],
          [1, 1],
        ])
          for (const [dx, wx] of [
            [-1, 1],
            [0, -2],
            [1, 1],
          ])
            sum += wy * wx * data[(y + dy) * width + x + dx];
        responses.push(Math.abs(sum));
      }
    return median(Float32Array.from(responses)) / (0.6745 * 6);
  };
  const [height, width] = [23, 30];
  test.each([
    ["whole numbers", (value: number) => Math.round(value)],
    ["an even number of them", (value: number) => Math.round(value), 22],
    ["fractions", (value: number) => value / 3],
    ["whole numbers beyond the histogram", (value: number) => Math.round(value) * 100_000],
    ["a few fractions", (value: number, i: number) => (i === 400 ? 0.5 : Math.round(value))],
  ] as [string, (value: number, i: number) => number, number?][])("%s", (_, of, rows = height) => {
    const data = noise(rows * width, 9).map(of);
    expect(noiseLevel({ data, height: rows, width })).toBeCloseTo(plain(data, rows, width), 6);
  });
});

test("the exposure meter says how many values of a piece are no numbers", () => {
  const meter = createExposureMeter();
  expect(meter.add(Float32Array.of(1, 2))).toBe(0);
  expect(meter.add(Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, 5))).toBe(2);
  expect(meter.add(Float32Array.of(Number.NaN))).toBe(1);
  expect(meter.result()).toMatchObject({ min: 1, max: 5, pixels: 6, notFinite: 0.5 });
});

/** One sample after another, through a view. */
function plainSamples(bytes: Uint8Array, { bits, format }: SampleLayout, count: number, little: boolean): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const read = {
    uint8: (at: number) => view.getUint8(at),
    uint16: (at: number) => view.getUint16(at, little),
    uint32: (at: number) => view.getUint32(at, little),
    uint64: (at: number) => Number(view.getBigUint64(at, little)),
    int8: (at: number) => view.getInt8(at),
    int16: (at: number) => view.getInt16(at, little),
    int32: (at: number) => view.getInt32(at, little),
    int64: (at: number) => Number(view.getBigInt64(at, little)),
    float16: (at: number) => {
      const half = view.getUint16(at, little);
      const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
      const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
      const value = exponent === 31 ? (fraction ? Number.NaN : Number.POSITIVE_INFINITY) : size;
      return half & 0x8000 ? -value : value;
    },
    float32: (at: number) => view.getFloat32(at, little),
    float64: (at: number) => view.getFloat64(at, little),
  }[`${format}${bits}` as "uint8"];
  return Float32Array.from({ length: count }, (_, i) => read((i * bits) / 8));
}

const layouts = (["uint", "int", "float"] as const).flatMap((format) =>
  [8, 16, 32, 64].flatMap((bits) => (format === "float" && bits === 8 ? [] : [{ format, bits, predictor: 1 }])),
);

describe("samples become numbers", () => {
  test.each(layouts)("$format $bits, any length, place and byte order, as through a view", (layout) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 400 }),
        fc.integer({ min: 0, max: 3 }),
        fc.boolean(),
        (random, skip, little) => {
          const bytes = random.subarray(Math.min(skip, random.length - 8));
          const width = Math.floor((8 * bytes.length) / layout.bits);
          const expected = plainSamples(bytes, layout, width, little);
          expect(decodeSamples(bytes, layout, width, 1, little)).toEqual(expected);
          // Into the middle of a larger place, which is not touched elsewhere.
          const large = new Float32Array(width + 5).fill(-7);
          decodeSamples(bytes, layout, width, 1, little, large.subarray(3, 3 + width));
          expect(large.subarray(3, 3 + width)).toEqual(expected);
          expect([...large.subarray(0, 3), ...large.subarray(3 + width)]).toEqual([-7, -7, -7, -7, -7]);
        },
      ),
      { seed: 7, numRuns: 60 },
    );
  });

  test.each([8, 16, 32] as const)("differences of %i bits add up row by row, and run over", (bits) => {
    const [width, rows] = [13, 3];
    const random = new Random(bits);
    const values = Array.from({ length: width * rows }, () => Math.floor(random.uniform() * 2 ** bits));
    const differences = values.map((value, i) => (i % width === 0 ? value : value - values[i - 1]));
    const view = new DataView(new ArrayBuffer((values.length * bits) / 8));
    for (const [i, d] of differences.entries()) {
      if (bits === 8) view.setUint8(i, d);
      else if (bits === 16) view.setUint16(2 * i, d);
      else view.setUint32(4 * i, d);
    }
    const layout = { bits, format: "uint", predictor: 2 } as const;
    expect([...decodeSamples(new Uint8Array(view.buffer), layout, width, rows, false)]).toEqual(
      values.map(Math.fround),
    );
  });
});

describe("strips and tiles of a page", () => {
  const [width, height] = [24, 40];
  const pixels = Uint16Array.from({ length: width * height }, (_, i) => (i * 7919) % 65536);

  interface Layout {
    chunkWidth: number;
    chunkHeight: number;
    compressed: boolean;
    /** Bytes between one and the next. */
    gap: number;
    backwards: boolean;
  }

  /** The page as bytes, with what its directory would say. */
  function pageOf({ chunkWidth, chunkHeight, compressed, gap, backwards }: Layout) {
    const [across, down] = [Math.ceil(width / chunkWidth), Math.ceil(height / chunkHeight)];
    const tiled = chunkWidth !== width;
    const blocks = Array.from({ length: across * down }, (_, i) => {
      const [left, top] = [(i % across) * chunkWidth, Math.floor(i / across) * chunkHeight];
      const rows = tiled ? chunkHeight : Math.min(chunkHeight, height - top);
      const block = new Uint16Array(chunkWidth * rows);
      for (let y = 0; y < rows; y++)
        for (let x = 0; x < chunkWidth; x++)
          if (top + y < height && left + x < width) block[y * chunkWidth + x] = pixels[(top + y) * width + left + x];
      const bytes = new Uint8Array(block.buffer);
      return compressed ? new Uint8Array(deflateSync(bytes)) : bytes;
    });
    const order = blocks.map((_, i) => (backwards ? blocks.length - 1 - i : i));
    const offsets = new Float64Array(blocks.length);
    let end = 8;
    for (const i of order) {
      offsets[i] = end;
      end += blocks[i].length + gap;
    }
    const data = new Uint8Array(end).fill(99);
    blocks.forEach((block, i) => {
      data.set(block, offsets[i]);
    });
    const byteCounts = Float64Array.from(blocks, ({ length }) => length);
    const chunks: PageChunks = { width: chunkWidth, height: chunkHeight, across, down, tiled, offsets, byteCounts };
    const header: PageHeader = {
      ...{ width, height, bits: 16, format: "uint", samples: 1, predictor: 1 },
      compression: compressed ? 8 : 1,
    };
    return { data, chunks, header };
  }

  test("any region, however they lie: the pixels, in memory and from a file, with few reads", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          chunkWidth: fc.constantFrom(width, 8, 16, 32),
          chunkHeight: fc.integer({ min: 1, max: height }),
          compressed: fc.boolean(),
          gap: fc.constantFrom(0, 1, 100),
          backwards: fc.boolean(),
        }),
        fc.tuple(fc.nat(width - 1), fc.nat(height - 1), fc.integer({ min: 1, max: width }), fc.integer({ min: 1 })),
        fc.boolean(),
        async (layout, [x, y, w, h], wide) => {
          const region = wide
            ? { x: 0, y, width, height: Math.min(h, height - y) }
            : { x, y, width: Math.min(w, width - x), height: Math.min(h, height - y) };
          const { data, ...page } = pageOf(layout);
          const path = join(folder, `page${run++}`);
          await writeFile(path, data);
          const file = await fileSource(path);
          let reads = 0;
          const counting: ByteSource = {
            ...memorySource("memory", data),
            read: (offset, length) => {
              reads++;
              return memorySource("memory", data).read(offset, length);
            },
          };
          try {
            for (const source of [counting, file]) {
              const found = await readRegion(
                { ...page, source, littleEndian: true, cache: new ChunkCache(), key: 0 },
                region,
              );
              for (let v = 0; v < region.height; v++)
                for (let u = 0; u < region.width; u++)
                  expect(found[v * region.width + u]).toBe(pixels[(region.y + v) * width + region.x + u]);
            }
          } finally {
            await file.close();
          }
          const together = layout.gap === 0 && !layout.backwards && layout.chunkWidth === width;
          if (together && (wide || layout.compressed)) expect(reads).toBe(1);
        },
      ),
      { seed: 5, numRuns: 150 },
    );
  });

  test("a strip that does not decompress fails the region, after the others have ended", async () => {
    const { data, chunks, header } = pageOf({
      ...{ chunkWidth: width, chunkHeight: 5, compressed: true, gap: 0, backwards: false },
    });
    data.fill(0, chunks.offsets[3], chunks.offsets[3] + 10);
    const page = { header, chunks, littleEndian: true, cache: new ChunkCache(), key: 0 };
    const whole = { x: 0, y: 0, width, height };
    await expect(readRegion({ ...page, source: memorySource("bad.tif", data) }, whole)).rejects.toMatchObject({
      code: "file.corrupt",
      message: expect.stringMatching(/^bad\.tif: .*does not decompress/),
    });
    // What lies before it is read all the same.
    const above = await readRegion(
      { ...page, source: memorySource("bad.tif", data) },
      { x: 0, y: 0, width, height: 15 },
    );
    expect([...above]).toEqual([...pixels.subarray(0, 15 * width)]);
  });

  test("a stack is read into one place, whoever makes its planes", async () => {
    const stack = {
      data: noise(6 * 9 * 7, 2).map(Math.round),
      depth: 6,
      height: 9,
      width: 7,
      dtype: "uint16" as const,
    };
    const image = { axes: "ZYX", shape: [6, 9, 7], dtype: "uint16" as const, data: Uint16Array.from(stack.data) };
    const file = await openImageSource(memorySource("s.tif", encodeImage("s.tif", image)));
    expect((await readStack(file)).data).toEqual(stack.data);
    await expect(file.readPlane({ z: 1 }, undefined, new Float32Array(62))).rejects.toMatchObject({ code: "usage" });
    // A reader that knows nothing of the room that it is offered.
    const plain = { ...file, readPlane: (index: Parameters<typeof file.readPlane>[0]) => file.readPlane(index) };
    expect((await readStack(plain)).data).toEqual(stack.data);
  });
});

describe("zlib data, on the platform's stream and on threads", () => {
  const both = [
    ["stream", inflate],
    ["threads", inflateOnThreads],
  ] as const;
  test.each(both)("%s: what is asked for, in parts, longer than asked for, damaged, without end", async (_, run) => {
    for (const length of [1, 1000, 40_000]) {
      const bytes = Uint8Array.from({ length }, (__, i) => (i * i) >> 7);
      const packed = new Uint8Array(deflateSync(bytes));
      expect(await run([packed], length)).toEqual(bytes);
      const half = packed.length >> 1;
      expect(await run([packed.subarray(0, half), packed.subarray(half)], length)).toEqual(bytes);
      // The last strip of a page may be padded.
      expect(await run([packed], Math.ceil(length / 2))).toEqual(bytes.subarray(0, Math.ceil(length / 2)));
      expect((await run([packed], length + 10)).length).toBe(length);
      await expect(run([packed.subarray(0, packed.length - 2)], length)).rejects.toThrow();
      const wrong = packed.slice();
      wrong[wrong.length - 1] ^= 1;
      await expect(run([wrong], length)).rejects.toThrow();
    }
    const bomb = new Uint8Array(deflateSync(new Uint8Array(2_000_000)));
    await expect(run([bomb], 1000)).rejects.toThrow(/1000 were expected/);
  });
});

describe("concurrently", () => {
  test("all items, so many at a time, in their order", async () => {
    const begun: number[] = [];
    let [now, most] = [0, 0];
    await concurrently([0, 1, 2, 3, 4, 5, 6], 3, async (i) => {
      begun.push(i);
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 5 - (i % 3)));
      now--;
    });
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(most).toBe(3);
  });

  test("the first error, when nothing is under way any more", async () => {
    let underWay = 0;
    const begun: number[] = [];
    const work = concurrently([0, 1, 2, 3, 4, 5], 2, async (i) => {
      begun.push(i);
      underWay++;
      await new Promise((resolve) => setTimeout(resolve, i === 0 ? 20 : 2));
      underWay--;
      if (i === 1) throw new Error("one");
    });
    await expect(work).rejects.toThrow("one");
    expect(underWay).toBe(0);
    expect(begun).toEqual([0, 1]);
  });
});

test("LZW strings that overlap themselves", () => {
  // 7, then the string that is about to be made, three times: 7 77 777 and the end (TIFF 6.0, section 13), in codes of 9 bits.
  const codes = [256, 7, 258, 259, 257];
  const bits = codes.map((code) => code.toString(2).padStart(9, "0")).join("");
  const bytes = Uint8Array.from(bits.padEnd(48, "0").match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
  expect([...decodeLzw(bytes, 100)]).toEqual([7, 7, 7, 7, 7, 7]);
});
