import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ParfocalError } from "../src/errors.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { readMirrored } from "../src/models/apply/mirrored-region.ts";
import { receptiveRadius } from "../src/models/apply/receptive-field.ts";
import { type RefocusInput, type RefocusOptions, refocus } from "../src/models/apply/refocus.ts";
import type { RefocusModel } from "../src/models/model-info.ts";
import { deepZPresets } from "../src/models/networks/deep-z.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { readerOf, testPlane, tinyModel } from "./helpers/tiny-model.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const normalisation = { low: 200, high: 1000 };

/** All output planes, whole. */
async function refocused(
  model: RefocusModel,
  input: Omit<RefocusInput, "normalisation">,
  options: Partial<RefocusOptions> = {},
): Promise<Float32Array[]> {
  const distances = options.distances ?? [1.5, -2];
  const out = distances.map(() => new Float32Array(input.width * input.height).fill(NaN));
  await refocus(model, runtime, { ...input, normalisation }, { ...options, distances }, async (plane, y0, rows) => {
    out[plane].set(rows, y0 * input.width);
  });
  return out;
}

function compare(a: Float32Array[], b: Float32Array[]): { difference: number; range: number } {
  let [difference, low, high] = [0, Infinity, -Infinity];
  a.forEach((plane, k) => {
    plane.forEach((v, i) => {
      const d = Math.abs(v - b[k][i]);
      difference = Number.isNaN(d) ? NaN : Math.max(difference, d);
      [low, high] = [Math.min(low, v), Math.max(high, v)];
    });
  });
  return { difference, range: high - low };
}

const whole = 4096;

describe("tiled equals untiled", () => {
  const model = tinyModel();
  const halo = receptiveRadius(readOnnx(model.onnx, { batch: 1, y: 16, x: 16 }));
  const deep = tinyModel({
    architecture: {
      ...deepZPresets.small,
      down: [
        [4, 4],
        [6, 6],
        [8, 8],
        [8, 8],
      ],
      up: [6, 4, 4],
      upsampling: "transposed",
      residual: false,
    },
  });

  const expectNoSeam = async (
    of: RefocusModel,
    input: Omit<RefocusInput, "normalisation">,
    tiles: readonly number[],
  ): Promise<void> => {
    const untiled = await refocused(of, input, { tileSize: whole });
    for (const tileSize of tiles) {
      const { difference, range } = compare(untiled, await refocused(of, input, { tileSize }));
      // A picture, not a constant; and the same from tiles.
      expect(range).toBeGreaterThan(100);
      expect(difference / range, `tiles of ${tileSize}`).toBeLessThan(1e-5);
    }
  };

  it("for tiles of 32, 48 and odd sizes, of an image of odd extents", async () => {
    const [width, height] = [131, 77];
    await expectNoSeam(model, { width, height, planes: [testPlane(width, height, 1).read] }, [32, 48, 37, 51]);
  });

  it("for an image smaller than the halo, down to a few pixels", async () => {
    for (const [width, height] of [
      [halo - 3, 19],
      [3, 40],
      [1, 17],
    ]) {
      await expectNoSeam(model, { width, height, planes: [testPlane(width, height, 2).read] }, [16]);
    }
  });

  it("for four levels, with a halo as large as the image, and a transposed convolution", async () => {
    const [width, height] = [95, 61];
    await expectNoSeam(deep, { width, height, planes: [testPlane(width, height, 3).read] }, [32, 45]);
  });

  it("where pixels are larger or smaller than the model's, and not square", async () => {
    const [width, height] = [83, 70];
    for (const pixelSize of [
      { y: 0.45, x: 0.45 },
      { y: 0.18, x: 0.18 },
      { y: 0.3, x: 0.41 },
    ]) {
      await expectNoSeam(model, { width, height, pixelSize, planes: [testPlane(width, height, 4).read] }, [32, 41]);
    }
  });

  it("for a tilted surface of distances, on both grids", async () => {
    const [width, height] = [83, 50];
    const tilt = Float32Array.from(
      { length: width * height },
      (_, i) => 0.04 * (i % width) - 0.02 * Math.floor(i / width),
    );
    const surface = readerOf(tilt, width, height);
    const planes = [testPlane(width, height, 5).read];
    await expectNoSeam(model, { width, height, planes, surface }, [32, 48]);
    await expectNoSeam(model, { width, height, planes, surface, pixelSize: { y: 0.45, x: 0.45 } }, [33]);
  });

  it("for two input planes, each with its own content", async () => {
    const two = tinyModel({ input_offsets: [0, 2] });
    const [width, height] = [60, 40];
    const [a, b] = [testPlane(width, height, 6).read, testPlane(width, height, 7).read];
    await expectNoSeam(two, { width, height, planes: [a, b] }, [32]);
    const [swapped, straight] = [
      await refocused(two, { width, height, planes: [b, a] }),
      await refocused(two, { width, height, planes: [a, b] }),
    ];
    expect(compare(straight, swapped).difference).toBeGreaterThan(10);
  });
});

describe("refocusing", () => {
  const model = tinyModel();
  const [width, height] = [70, 45];
  const planes = [testPlane(width, height, 8).read];

  it("gives every distance its own plane, and a uniform surface equals that distance", async () => {
    const plain = await refocused(model, { width, height, planes }, { distances: [1, 3], tileSize: 32 });
    expect(compare([plain[0]], [plain[1]]).difference).toBeGreaterThan(1);
    const surface = readerOf(new Float32Array(width * height).fill(2), width, height);
    const added = await refocused(model, { width, height, planes, surface }, { distances: [-1, 1], tileSize: 32 });
    expect(added).toEqual(plain);
  });

  it("follows a tilt: each column is what its own distance gives, seen far from the others", async () => {
    // Steps of distance that are wider than the halo: in the middle of a step only its distance is seen.
    const [w, h] = [120, 20];
    const reads = [testPlane(w, h, 9).read];
    const step = (x: number): number => (x < 60 ? -2 : 3);
    const surface = readerOf(
      Float32Array.from({ length: w * h }, (_, i) => step(i % w)),
      w,
      h,
    );
    const [both] = await refocused(model, { width: w, height: h, planes: reads, surface }, { distances: [0] });
    const [left, right] = await refocused(model, { width: w, height: h, planes: reads }, { distances: [-2, 3] });
    for (let y = 0; y < h; y++) {
      expect(both[y * w + 20]).toBeCloseTo(left[y * w + 20], 2);
      expect(both[y * w + 100]).toBeCloseTo(right[y * w + 100], 2);
    }
  });

  it("works in counts: what was added and multiplied comes out as it went in", async () => {
    const [one] = await refocused(model, { width, height, planes }, { distances: [1] });
    const { data } = testPlane(width, height, 8);
    const brighter = readerOf(
      data.map((v) => 3 * v + 50),
      width,
      height,
    );
    const out = new Float32Array(width * height);
    const scaled = { low: 3 * normalisation.low + 50, high: 3 * normalisation.high + 50 };
    await refocus(
      model,
      runtime,
      { width, height, planes: [brighter], normalisation: scaled },
      { distances: [1] },
      async (_, y0, rows) => {
        out.set(rows, y0 * width);
      },
    );
    expect(compare([out], [one.map((v) => 3 * v + 50)]).difference).toBeLessThan(0.05);
  });

  it("keeps a network that changes nothing out of the picture: resampled there and back, a smooth image stays", async () => {
    const still = tinyModel({}, "untrained");
    const smooth = Float32Array.from(
      { length: 90 * 80 },
      (_, i) => 500 + 400 * Math.sin(0.12 * (i % 90)) * Math.cos(0.1 * Math.floor(i / 90)),
    );
    for (const size of [0.45, 0.18]) {
      const [out] = await refocused(
        still,
        { width: 90, height: 80, pixelSize: { y: size, x: size }, planes: [readerOf(smooth, 90, 80)] },
        { distances: [1], tileSize: 33 },
      );
      const inner = (data: Float32Array) =>
        data.filter((_, i) => i % 90 >= 4 && i % 90 < 86 && i >= 4 * 90 && i < 76 * 90);
      expect(compare([inner(out)], [inner(smooth)]).difference).toBeLessThan(8);
    }
  });

  it("holds one band of tiles at a time, and writes rows from the top to the end", async () => {
    const [w, h] = [90, 200];
    const { read } = testPlane(w, h, 10);
    let [reads, largest] = [0, 0];
    const events: string[] = [];
    const watched: typeof read = async (region) => {
      reads++;
      largest = Math.max(largest, region.width * region.height);
      events.push(`read ${region.y}`);
      return read(region);
    };
    const written: [number, number, number][] = [];
    const progress: number[] = [];
    await refocus(
      model,
      runtime,
      { width: w, height: h, planes: [watched], normalisation },
      { distances: [1, 2, 3], tileSize: 40, onProgress: ({ done, total }) => progress.push(done / total) },
      async (plane, y0, rows) => {
        written.push([plane, y0, rows.length / w]);
        events.push("write");
      },
    );
    // Every tile is read once for all distances.
    expect(reads).toBe(3 * 5);
    expect(largest).toBeLessThan(w * h);
    expect(written).toEqual([0, 40, 80, 120, 160].flatMap((y) => [0, 1, 2].map((plane) => [plane, y, 40])));
    // The last band is read only after what comes before it was written.
    expect(
      events
        .slice(
          0,
          events.findLastIndex((e) => e.startsWith("read")),
        )
        .filter((e) => e === "write"),
    ).toHaveLength(12);
    expect(progress).toHaveLength(45);
    expect(progress.at(-1)).toBe(1);
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const work = refocused(
      model,
      { width, height, planes },
      {
        tileSize: 16,
        signal: stop.signal,
        onProgress: ({ done }) => done === 3 && stop.abort(),
      },
    );
    await expect(work).rejects.toMatchObject({ code: "interrupted" });
  });

  it("refuses a network that its description does not fit", async () => {
    const { read } = testPlane(width, height, 8);
    const two = tinyModel({ input_offsets: [0, 2] });
    const mixed = { ...two, onnx: model.onnx };
    await expect(refocused(mixed, { width, height, planes: [read, read] })).rejects.toMatchObject({
      code: "model.unfit",
      message: /tiny: .*3 channels/,
    });
  });

  it("refuses another number of planes, and distances that are none", async () => {
    const { read } = testPlane(width, height, 8);
    const refused = async (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => "nothing",
        (error: unknown) => (error instanceof ParfocalError ? error.code : String(error)),
      );
    expect(await refused(refocused(model, { width, height, planes: [read, read] }))).toBe("model.unfit");
    expect(await refused(refocused(model, { width, height, planes: [] }))).toBe("model.unfit");
    expect(await refused(refocused(model, { width, height, planes }, { distances: [] }))).toBe("usage");
    expect(await refused(refocused(model, { width, height, planes }, { distances: [1, NaN] }))).toBe("usage");
  });
});

describe("reading over the edges", () => {
  it("gives the mirror image, as often as it takes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: -25, max: 25 }),
        fc.integer({ min: -25, max: 25 }),
        fc.integer({ min: 1, max: 30 }),
        async (width, height, x, y, size) => {
          const data = Float32Array.from({ length: width * height }, (_, i) => i);
          const out = await readMirrored(
            readerOf(data, width, height),
            { width, height },
            { x, y, width: size, height: size + 1 },
          );
          // Walking with a mirror: step by step, turning round at the border pixels.
          const walk = (to: number, extent: number): number => {
            if (extent === 1) return 0;
            // Both ways from pixel 0 the same is seen.
            let [at, direction] = [0, 1];
            for (let i = 0; i < Math.abs(to); i++) {
              if (at + direction < 0 || at + direction >= extent) direction = -direction;
              at += direction;
            }
            return at;
          };
          for (let r = 0; r < size + 1; r++) {
            for (let c = 0; c < size; c++) {
              expect(out[r * size + c]).toBe(walk(y + r, height) * width + walk(x + c, width));
            }
          }
        },
      ),
      { seed: 3, numRuns: 100 },
    );
  });
});
