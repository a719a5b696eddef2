import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { focusMap } from "../src/classical/focus/focus-map.ts";
import { focusMapOfFile } from "../src/classical/focus/focus-map-file.ts";
import type { Stack } from "../src/image/image.ts";
import type { ImageFile } from "../src/image/image-file.ts";
import { haveRealData, nucleus } from "./helpers/real-data.ts";

/** A tilted sheet of grain: in focus at plane 2 on the left, at plane 10 on the right; its lower third is empty. Noise 2 counts. */
function tilted(): Stack {
  const [depth, height, width] = [13, 96, 160];
  const random = new Random(4);
  const white = { data: Float32Array.from({ length: height * width }, () => random.normal()), height, width };
  const data = new Float32Array(depth * height * width);
  const blurs = Array.from({ length: 44 }, (_, k) => gaussianFilter(white, 0.8 + 0.1 * k).data);
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const away = Math.abs(2 + (8 * x) / (width - 1) - z);
        const sheet = y < 64 ? 100 * blurs[Math.round(4 * away)][y * width + x] : 0;
        data[(z * height + y) * width + x] = 500 + sheet + 2 * random.normal();
      }
  return { data, depth, height, width, zStep: 0.5, dtype: "uint16" };
}

describe("a focus map", () => {
  const map = focusMap(tilted(), { tile: 32 });

  it("follows a tilted sheet to a third of a plane, with high confidence", () => {
    map.y.forEach((y, row) => {
      if (y + 16 > 64) return;
      map.x.forEach((x, column) => {
        const one = map.regions[row][column];
        expect(Math.abs(one.position - (2 + (8 * x) / 159))).toBeLessThan(0.34);
        expect(one.confidence).toBeGreaterThan(0.9);
        expect(one.curve).toHaveLength(13);
      });
    });
    expect(map.y[0]).toBe(15.5);
    expect(map.regions).toHaveLength(map.y.length);
  });

  it("has no estimate where there is no signal", () => {
    const last = map.regions.at(-1) ?? [];
    expect(map.y.at(-1)).toBe(79.5);
    expect(last.length).toBeGreaterThan(5);
    for (const one of last) expect(one.confidence).toBeLessThan(0.1);
  });

  it("is uncertain at an end of the stack", () => {
    const stack = tilted();
    const cut = { ...stack, depth: 4, data: stack.data.slice(0, 4 * stack.height * stack.width) };
    for (const row of focusMap(cut, { tile: 32 }).regions)
      for (const one of row) if (one.atEnd) expect(one.confidence).toBeLessThanOrEqual(0.4);
  });

  it("refuses tiles that do not fit", () => {
    expect(() => focusMap(tilted(), { tile: 97 })).toThrow(/97.*3 to 96/);
    expect(() => focusMap(tilted(), { tile: 2.5 })).toThrow(/whole number/);
  });

  it.skipIf(!haveRealData)("of the widefield nucleus: its own regions agree, its background has no focus", async () => {
    const { regions, whole } = focusMap(await nucleus(1), { tile: 32 });
    const sure = regions.flat().filter((one) => one.confidence > 0.5);
    expect(sure.length).toBeGreaterThan(12);
    for (const one of sure) expect(Math.abs(one.position - whole.position)).toBeLessThan(1.6);
  });
});

describe("the focus map of a file", () => {
  const file = (planes: number, zStep?: number): ImageFile => ({
    axes: "ZYX",
    shape: [planes, 16, 16],
    dtype: "uint16",
    path: "one.tif",
    ...(zStep !== undefined && { zStep }),
    readPlane: async ({ z = 0 }) => Float32Array.from({ length: 256 }, (_, i) => 100 + (i % 2) * (50 - (z - 2) ** 2)),
    close: async () => undefined,
  });

  it("comes with its z step, and tells of every plane", async () => {
    const seen: number[] = [];
    const found = await focusMapOfFile(file(6, 0.4), {
      measure: "energy_of_gradient",
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect(found.zStep).toBe(0.4);
    expect(found.whole.position).toBeCloseTo(2, 1);
    expect(seen).toHaveLength(6);
    expect(seen.at(-1)).toBe(1);
  });

  it("says that one image needs a model, that a z step is missing, and stops", async () => {
    await expect(focusMapOfFile(file(1, 1))).rejects.toThrow(/one\.tif has a single plane.*a model trained/);
    await expect(focusMapOfFile(file(3))).rejects.toThrow(/3 planes but no z step.*`z_step <your z step>`/);
    await expect(focusMapOfFile(file(3, 1), { signal: AbortSignal.abort() })).rejects.toThrow(/Stopped/);
  });
});
