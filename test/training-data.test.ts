import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { runThrough } from "../src/array/breathe.ts";
import { Random } from "../src/array/random.ts";
import { translate } from "../src/array/resample.ts";
import { percentiles } from "../src/array/statistics.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { batchDrawer, indexSource } from "../src/train/data/draw-batch.ts";
import { driftWarnings } from "../src/train/data/drift-warnings.ts";
import { type PairSource, pairsAt } from "../src/train/data/pairs.ts";
import { splitStacks } from "../src/train/data/refocus-sources.ts";
import type { DeepZConfig, deepZConfig } from "../src/train/methods/deep-z-config.ts";
import { refusal } from "./helpers/failure.ts";
import { blurredStack, resolveDeepZConfig, tinyConfig } from "./helpers/tiny.ts";

/** A stack of noise in which every pixel is different from all others. */
function numbered(depth: number, height: number, width: number, own: Partial<Stack> = {}): Stack {
  const random = new Random(depth + height + width);
  const data = Float32Array.from({ length: depth * height * width }, (_, i) => i + 0.5 * random.uniform());
  return { data, depth, height, width, zStep: 1, pixelSize: { y: 0.3, x: 0.3 }, dtype: "float32", ...own };
}
const named = (stack: Stack, name = "stack.tif") => ({ name, stack });
const split = (stack: Stack, config: DeepZConfig) => runThrough(splitStacks([named(stack)], config));

/** Where each pixel of a part stands in the whole stack, by its value alone. */
function placesOf(part: PairSource, stack: Stack): { z: Set<number>; y: Set<number>; x: Set<number>; at: Set<number> } {
  const [low, high] = percentiles(stack.data, [1, 99.9]);
  const places = { z: new Set<number>(), y: new Set<number>(), x: new Set<number>(), at: new Set<number>() };
  for (const v of part.data) {
    const i = Math.floor(v * (high - low) + low + 0.25);
    const size = stack.height * stack.width;
    places.z.add(Math.floor(i / size));
    places.y.add(Math.floor((i % size) / stack.width));
    places.x.add(i % stack.width);
    places.at.add(i % size);
  }
  return places;
}

describe("splitting a stack", () => {
  it("keeps the far end of the longer side, of all planes, and the parts do not touch", () => {
    for (const [height, width] of [
      [40, 80],
      [80, 40],
    ]) {
      const stack = numbered(4, height, width);
      const { train, validation } = split(stack, tinyConfig());
      const [a, b] = [placesOf(train[0], stack), placesOf(validation[0], stack)];
      // Never by plane: both have every plane.
      expect([...a.z].sort()).toEqual([0, 1, 2, 3]);
      expect([...b.z].sort()).toEqual([0, 1, 2, 3]);
      expect([...a.at].filter((at) => b.at.has(at))).toEqual([]);
      expect(a.at.size + b.at.size).toBe(height * width);
      const along = width > height ? "x" : "y";
      expect(Math.max(...a[along])).toBe(63);
      expect(Math.min(...b[along])).toBe(64);
    }
  });

  it("takes the rows and columns that it is given, and validates on the larger rest", () => {
    const stack = numbered(3, 60, 128);
    const left = split(stack, tinyConfig({ train_columns: [0, 72] }));
    expect([...placesOf(left.train[0], stack).x].sort((p, q) => p - q)).toEqual(
      Array.from({ length: 72 }, (_, i) => i),
    );
    expect(Math.min(...placesOf(left.validation[0], stack).x)).toBe(72);
    const box = split(stack, tinyConfig({ train_columns: [40, 128], train_rows: [10, 60] }));
    const [a, b] = [placesOf(box.train[0], stack), placesOf(box.validation[0], stack)];
    expect([Math.min(...a.x), Math.min(...a.y), box.train[0].height]).toEqual([40, 10, 50]);
    expect(box.validation[0]).toMatchObject({ height: 60, width: 40 });
    expect([...a.at].filter((at) => b.at.has(at))).toEqual([]);
  });

  it("keeps enough of a small stack to judge by", () => {
    const { train, validation } = split(numbered(4, 20, 40), tinyConfig());
    expect([train[0].width, validation[0].width]).toEqual([24, 16]);
  });

  it("by whole stacks keeps the last ones, and always leaves some to train on", () => {
    const stacks = [1, 2, 3, 4].map((i) => named(numbered(3 + i, 40, 40), `${i}.tif`));
    const names = (fraction: number) => {
      const { train, validation } = runThrough(
        splitStacks(stacks, tinyConfig({ val_split: "stack", val_fraction: fraction })),
      );
      return [train.map(({ name }) => name).join(), validation.map(({ name }) => name).join()];
    };
    expect(names(0.25)).toEqual(["1.tif,2.tif,3.tif", "4.tif"]);
    expect(names(0.02)).toEqual(["1.tif,2.tif,3.tif", "4.tif"]);
    expect(names(0.9)).toEqual(["1.tif", "2.tif,3.tif,4.tif"]);
  });

  it("normalises by percentiles of the whole stack, and knows its distances in planes", () => {
    const stack = numbered(9, 40, 80, { zStep: 0.49941 });
    const { train, validation } = split(stack, tinyConfig({ input_offsets: [0, 2], distance_range: [-1, 1.5] }));
    const [low, high] = percentiles(stack.data, [1, 99.9]);
    expect(train[0].data[0]).toBeCloseTo((stack.data[0] - low) / (high - low), 5);
    expect(validation[0].data[0]).toBeCloseTo((stack.data[64] - low) / (high - low), 5);
    expect(train[0].offsets).toEqual([0, 4]);
    expect(train[0].distances.map((d) => d + 0)).toEqual([-2, -1, 0, 1, 2, 3]);
  });

  const config = tinyConfig();
  const withPixel = (value: number): Stack => {
    const stack = numbered(5, 40, 60);
    stack.data[2 * 40 * 60 + 7] = value;
    return stack;
  };
  const without = (key: "zStep" | "pixelSize"): Stack => {
    const { [key]: _, ...rest } = numbered(5, 40, 60);
    return rest;
  };
  const refused: [string, () => unknown, string, RegExp][] = [
    ["no stack at all", () => runThrough(splitStacks([], config)), "usage", /at least one/],
    ["a single plane", () => split(numbered(1, 40, 60), config), "image.unfit", /stack\.tif: it has a single plane/],
    [
      "no z step",
      () => split(without("zStep"), config),
      "calibration.missing",
      /z step is not known. Give `z_step <your z step>`/,
    ],
    [
      "no pixel size",
      () => split(without("pixelSize"), config),
      "calibration.missing",
      /pixel size is not known. Give `pixel_size <your pixel size>`/,
    ],
    ["NaN", () => split(withPixel(Number.NaN), config), "image.unfit", /plane 2, .*not a number/],
    ["infinity", () => split(withPixel(Infinity), config), "image.unfit", /plane 2/],
    [
      "the same everywhere",
      () => split({ ...numbered(5, 40, 60), data: new Float32Array(12000).fill(3) }, config),
      "image.unfit",
      /every pixel is 3/,
    ],
    [
      "a z step beyond the range",
      () => split(numbered(5, 40, 60, { zStep: 5 }), config),
      "image.unfit",
      /z step of 5 um.*-2 to 2.*widen/,
    ],
    [
      "too few planes for the inputs",
      () => split(numbered(3, 40, 60), tinyConfig({ input_offsets: [0, 2] })),
      "image.unfit",
      /3 planes at a z step of 1 um are too few/,
    ],
    [
      "a range beyond the stack",
      () => split(numbered(3, 40, 60), tinyConfig({ distance_range: [5, 9] })),
      "image.unfit",
      /3 planes at a z step of 1 um have no pair.*5 to 9/,
    ],
    [
      "an offset between planes",
      () => split(numbered(9, 40, 60), tinyConfig({ input_offsets: [0, 1.5] })),
      "usage",
      /no two planes are 1\.5 um.*z step is 1/,
    ],
    [
      "an offset below the z step",
      () => split(numbered(9, 40, 60), tinyConfig({ input_offsets: [0, 0.2] })),
      "usage",
      /no two planes are 0\.2 um/,
    ],
    [
      "a patch larger than what is left",
      () => split(numbered(5, 40, 60), tinyConfig({ patch_size: 64 })),
      "usage",
      /40 rows, 60 columns.*patch of 64/,
    ],
    [
      "a part beyond the stack",
      () => split(numbered(5, 40, 60), tinyConfig({ train_columns: [0, 61] })),
      "usage",
      /train_columns 0 to 61/,
    ],
    [
      "a part turned round",
      () => split(numbered(5, 40, 60), tinyConfig({ train_rows: [30, 10] })),
      "usage",
      /train_rows 30 to 10/,
    ],
    [
      "nothing left to validate on",
      () => split(numbered(5, 40, 60), tinyConfig({ train_columns: [0, 60] })),
      "usage",
      /leaves 0 x|leaves 40 x 0/,
    ],
    [
      "one stack to split by stacks",
      () => split(numbered(5, 40, 60), tinyConfig({ val_split: "stack" })),
      "usage",
      /at least two stacks/,
    ],
    [
      "a patch larger than whole stacks",
      () =>
        runThrough(
          splitStacks(
            [named(numbered(5, 40, 60)), named(numbered(5, 12, 60), "b.tif")],
            tinyConfig({ val_split: "stack" }),
          ),
        ),
      "usage",
      /b\.tif.*patch of 16/,
    ],
    [
      "two pixel sizes",
      () =>
        runThrough(
          splitStacks(
            [named(numbered(5, 40, 60)), named(numbered(5, 40, 60, { pixelSize: { y: 0.5, x: 0.5 } }), "b.tif")],
            config,
          ),
        ),
      "image.unfit",
      /b\.tif has pixels of 0\.5 um and stack\.tif of 0\.3/,
    ],
  ];
  for (const [name, work, code, message] of refused) {
    it(`refuses ${name}`, () => {
      const error = refusal(work);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    });
  }
});

describe("pairs", () => {
  it("are all those of which every plane is in the stack", () => {
    const source = { ...split(numbered(8, 40, 60), tinyConfig({ input_offsets: [0, 2] })).train[0], depth: 8 };
    expect(pairsAt(source, 1).map(({ z }) => z + 0)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(pairsAt(source, -2).map(({ z }) => z)).toEqual([2, 3, 4, 5]);
    expect(pairsAt(source, 7).map(({ z }) => z + 0)).toEqual([0]);
    expect(pairsAt(source, 8)).toEqual([]);
  });
});

describe("a batch", () => {
  const p = 16;
  const depth = 6;
  const stack = numbered(depth, 30, 44);
  const drawn = (own: z.input<typeof deepZConfig>, seed: number) => {
    const config = tinyConfig({ batch_size: 8, train_columns: [0, 28], ...own });
    const { train } = split(stack, config);
    const indexed = train.map((source) => indexSource(source));
    const choose = (random: Random) => indexed[random.integer(indexed.length)];
    return { config, source: train[0], batch: batchDrawer(config, 10)(choose, new Random(seed)) };
  };
  /** Plane and corner of a patch in a source, found by looking at every place. */
  function find(source: PairSource, patch: Float32Array): { z: number; y: number; x: number } | undefined {
    for (let z = 0; z < source.depth; z++) {
      for (let y = 0; y + p <= source.height; y++) {
        for (let x = 0; x + p <= source.width; x++) {
          const at = (i: number): number => (z * source.height + y + Math.floor(i / p)) * source.width + x + (i % p);
          if (patch.every((v, i) => v === source.data[at(i)])) return { z, y, x };
        }
      }
    }
    return undefined;
  }

  it("without augmentation holds parts of the stack: inputs at their offsets, the target at the distance that the last channel says", () => {
    const { source, batch } = drawn({ input_offsets: [0, 2], augment: false }, 1);
    const seen = new Set<number>();
    for (let i = 0; i < 8; i++) {
      const channel = (k: number): Float32Array => batch.image.slice((i * 3 + k) * p * p, (i * 3 + k + 1) * p * p);
      const [first, second, target] = [channel(0), channel(1), batch.target.slice(i * p * p, (i + 1) * p * p)].map(
        (patch) => find(source, patch),
      );
      if (!first || !target) throw new Error("a patch is not a part of the stack");
      expect(second).toEqual({ ...first, z: first.z + 2 });
      expect({ ...target, z: 0 }).toEqual({ ...first, z: 0 });
      const distance = target.z - first.z;
      expect(Math.abs(distance)).toBeLessThanOrEqual(2);
      expect(new Set(channel(2))).toEqual(new Set([Math.fround(distance / 10)]));
      seen.add(distance);
    }
    expect(seen.size).toBeGreaterThan(2);
  });

  it("with augmentation turns and brightens input and target together, by flips and transposition only", () => {
    const turnsSeen = new Set<number>();
    for (let seed = 0; seed < 4; seed++) {
      const { source, batch } = drawn({ batch_size: 4 }, seed);
      for (let i = 0; i < 4; i++) {
        const [image, target] = [
          batch.image.slice(i * 2 * p * p, (i * 2 + 1) * p * p),
          batch.target.slice(i * p * p, (i + 1) * p * p),
        ];
        const distance = Math.round(batch.image[(i * 2 + 1) * p * p] * 10);
        // Neighbours differ by one count times the gain along x, by a row along y: which way tells how it was turned.
        const undone = Array.from({ length: 8 }, (_, turn) => ({ turn, patch: turned(image, turn) }));
        const upright = undone.filter(({ patch }) => rowsRise(patch));
        expect(upright).toHaveLength(1);
        const [{ turn, patch }] = upright;
        turnsSeen.add(turn);
        const whereTarget = turned(target, turn);
        // gain and shift from two pixels of the best place
        const place = findScaled(source, patch);
        if (!place) throw new Error("not a turned, brightened part of the stack");
        expect(place.gain).toBeGreaterThan(Math.exp(-0.26));
        expect(place.gain).toBeLessThan(Math.exp(0.26));
        expect(Math.abs(place.shift)).toBeLessThan(0.021);
        const size = source.height * source.width;
        whereTarget.forEach((v, k) => {
          const at = (place.z + distance) * size + (place.y + Math.floor(k / p)) * source.width + place.x + (k % p);
          expect(Math.abs(v - (source.data[at] * place.gain + place.shift))).toBeLessThan(1e-4);
        });
      }
    }
    expect(turnsSeen.size).toBeGreaterThan(4);
  });

  function turned(patch: Float32Array, turn: number): Float32Array {
    return patch.map((_, k) => {
      let [i, j] = [Math.floor(k / p), k % p];
      if (turn & 1) [i, j] = [j, i];
      if (turn & 2) i = p - 1 - i;
      if (turn & 4) j = p - 1 - j;
      return patch[i * p + j];
    });
  }
  function rowsRise(patch: Float32Array): boolean {
    return patch.every(
      (v, k) => (k % p === 0 || v > patch[k - 1]) && (k < p || v - patch[k - p] > 10 * (patch[1] - patch[0])),
    );
  }
  function findScaled(source: PairSource, patch: Float32Array) {
    const last = p * p - 1;
    for (let z = 0; z < source.depth; z++) {
      for (let y = 0; y + p <= source.height; y++) {
        for (let x = 0; x + p <= source.width; x++) {
          const at = (k: number): number =>
            source.data[(z * source.height + y + Math.floor(k / p)) * source.width + x + (k % p)];
          const gain = (patch[last] - patch[0]) / (at(last) - at(0));
          const shift = patch[0] - gain * at(0);
          // The noise on every pixel tells one place from the others.
          if (patch.every((v, k) => Math.abs(v - (gain * at(k) + shift)) < 2e-6)) return { z, y, x, gain, shift };
        }
      }
    }
    return undefined;
  }

  it("is the same for the same random numbers, and another for others", () => {
    expect(drawn({}, 5).batch).toEqual(drawn({}, 5).batch);
    expect(drawn({}, 5).batch.target).not.toEqual(drawn({}, 6).batch.target);
  });

  it("is drawn where there is signal, as often as asked", () => {
    const [h, w] = [64, 128];
    const data = new Float32Array(3 * h * w).fill(100);
    const random = new Random(1);
    data.forEach((_, i) => {
      data[i] += random.uniform();
    });
    // One bright spot in the top left corner of the part that is trained on.
    for (let y = 8; y < 14; y++) for (let x = 8; x < 14; x++) data[h * w + y * w + x] = 5000;
    const sparse: Stack = {
      data,
      depth: 3,
      height: h,
      width: w,
      zStep: 1,
      pixelSize: { y: 0.3, x: 0.3 },
      dtype: "uint16",
    };
    const share = (content_sampling: number): number => {
      const config = tinyConfig({ batch_size: 64, content_sampling, augment: false, input_offsets: [0] });
      const sources = split(sparse, config).train.map((source) => indexSource(source));
      const draw = (random: Random) => batchDrawer(config, 10)(() => sources[0], random);
      let hits = 0;
      for (let seed = 0; seed < 4; seed++) {
        const { image, target } = draw(new Random(seed));
        for (let i = 0; i < 64; i++) {
          const both = [
            image.subarray(i * 2 * p * p, (i * 2 + 1) * p * p),
            target.subarray(i * p * p, (i + 1) * p * p),
          ];
          if (both.some((patch) => patch.some((v) => v > 0.8))) hits++;
        }
      }
      return hits / 256;
    };
    const [plain, guided] = [share(0), share(1)];
    expect(guided).toBeGreaterThan(1.5 * plain);
    expect(plain).toBeGreaterThan(0);
  });
});

describe("the configuration", () => {
  it("is complete and keeps what it was given", () => {
    const config = resolveDeepZConfig({ num_steps: 7, input_offsets: [0, 2] });
    expect(config).toMatchObject({ num_steps: 7, input_offsets: [0, 2], preset: "small", norm_pmax: 99.9, seed: 0 });
    expect(resolveDeepZConfig(config)).toEqual(config);
  });
  const wrong: [z.input<typeof deepZConfig>, string, RegExp][] = [
    [{ patch_size: 20 }, "patch_size", /multiple of 8.*20/],
    [{ patch_size: 32, adversarial_weight: 0.1 }, "patch_size", /multiple of 64/],
    [{ input_offsets: [1, 2] }, "input_offsets", /begin with 0/],
    [{ input_offsets: [0, 2, 2] }, "input_offsets", /twice/],
    [{ distance_range: [2, -2] }, "distance_range", /lower to the higher/],
    [{ norm_pmin: 50, norm_pmax: 40 }, "norm_pmax", /above norm_pmin/],
    [{ mae_weight: 0 }, "mae_weight", /both 0/],
    [{ num_steps: 0 }, "num_steps", /num_steps/],
    [{ learning_rate: Number.NaN }, "learning_rate", /learning_rate/],
  ];
  for (const [partial, option, message] of wrong) {
    it(`refuses ${JSON.stringify(partial)}`, () => {
      const error = refusal(() => resolveDeepZConfig(partial));
      expect(error).toMatchObject({ code: "usage", exitCode: 2, fields: { option } });
      expect(error.message).toMatch(message);
    });
  }
  it("refuses keys that it does not know, by name", () => {
    const misspelt: object = { learning_rat: 1 };
    expect(refusal(() => resolveDeepZConfig(misspelt)).message).toMatch(/learning_rat/);
  });
  it("refuses an architecture whose ways down and up do not match", () => {
    expect(refusal(() => resolveDeepZConfig({ architecture: { up: [8] } })).code).toBe("usage");
  });
});

describe("drift", () => {
  const drifting = (stack: Stack, step: number): Stack => {
    const data = new Float32Array(stack.data.length);
    for (let z = 0; z < stack.depth; z++) {
      data.set(translate(planeOf(stack, z), { dy: 0, dx: z * step }).data, z * stack.height * stack.width);
    }
    return { ...stack, data };
  };
  it("is reported with its size, and only where it is", () => {
    const still = blurredStack(8, 96, 96, 1);
    const warnings = runThrough(driftWarnings([named(still, "still.tif"), named(drifting(still, 1), "moving.tif")]));
    expect(warnings).toHaveLength(1);
    const [, pixels] = /^moving\.tif: .*drifted sideways by ([\d.]+) pixels/.exec(warnings[0].text) ?? [];
    expect(Math.abs(Number(pixels) - 7)).toBeLessThan(1);
  });
});
