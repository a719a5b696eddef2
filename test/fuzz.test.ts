/** A short run of bench/fuzz.bench.ts, and that it would see what it looks for. */
import { afterAll, describe, expect, test } from "vitest";
import { mutate } from "../bench/fuzz/mutate.ts";
import { Fuzz, type Outcome } from "../bench/fuzz/run-case.ts";
import { kinds } from "../bench/fuzz/seeds.ts";
import { tiffFields } from "../bench/fuzz/tiff-fields.ts";
import { Random } from "../src/array/random.ts";

// Wider limits than those of the script: other tests want the processor and the memory as well.
const fuzz = new Fuzz(20260730, { seconds: 10, bytes: 2 ** 30 });
afterAll(() => fuzz.close());

test("2,000 damaged files: an error of Parfocal's own, or the same answer twice", { timeout: 300_000 }, async () => {
  const outcomes: Outcome[] = [];
  for (let index = 0; index < 2000; index++) outcomes.push(await fuzz.run(index));
  expect(outcomes.filter(({ fault }) => fault !== undefined)).toEqual([]);
  for (const kind of kinds) {
    const own = outcomes.filter((one) => one.kind === kind);
    // Some of every kind are damaged where it matters, and some are not.
    expect([kind, own.length > 50]).toEqual([kind, true]);
    expect([kind, own.some(({ result }) => result !== "read")]).toEqual([kind, true]);
    expect([kind, own.some(({ result }) => result === "read")]).toEqual([kind, true]);
  }
});

describe("the fuzz itself", () => {
  test("damages what it is given, the same way for the same seed", () => {
    for (const kind of kinds) {
      for (const seed of fuzz.seeds[kind]) {
        const twice = [0, 1].map(() => mutate(seed, fuzz.seeds.tiff, new Random(3)));
        expect(twice[0]).toEqual(twice[1]);
      }
      const changed = Array.from({ length: 40 }, (_, i) => mutate(fuzz.seeds[kind][0], fuzz.seeds.tiff, new Random(i)));
      const same = changed.filter(({ bytes }) => Buffer.compare(bytes, fuzz.seeds[kind][0].bytes) === 0);
      expect(same.length).toBeLessThan(8);
    }
  });

  test("finds the pixels of a TIFF, so that a change of them is a change of nothing else", () => {
    for (const { name, bytes } of fuzz.seeds.tiff) {
      const found = tiffFields(bytes);
      expect([name, found !== undefined && found.data.length > 0 && found.width > 0]).toEqual([name, true]);
    }
  });
});
