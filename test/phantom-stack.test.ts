/** A real stack as a specimen. */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { percentile } from "../src/array/statistics.ts";
import type { Stack } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { stackPhantom } from "../src/optics/phantom/from-stack.ts";
import { correlation } from "./helpers/numbers.ts";

function stackOf(depth: number, size: number, value: (z: number, y: number, x: number) => number): Stack {
  const data = new Float32Array(depth * size * size);
  for (let z = 0, i = 0; z < depth; z++)
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++, i++) data[i] = value(z, y, x);
  return { data, depth, height: size, width: size, dtype: "uint16", pixelSize: { y: 0.5, x: 0.5 }, zStep: 1 };
}

const draw = (stack: Stack, pixels: number, pixelSize: number, sliceStep: number, depth: number, options = {}) => {
  const grid = { depth, height: pixels, width: pixels, pixelSize, sliceStep, bottom: (-(depth - 1) * sliceStep) / 2 };
  return stackPhantom(stack).draw(grid, options, new Random(0));
};

describe("stack as a specimen", () => {
  const blob = stackOf(
    9,
    40,
    (z, y, x) => 200 + 1000 * Math.exp(-((z - 4) ** 2) / 6 - ((y - 20) ** 2 + (x - 20) ** 2) / 50),
  );

  test("black is the background, white the brightest; copies are mirrored and the sides close", () => {
    const { volume, objects } = draw(blob, 80, 0.5, 1, 9);
    expect(objects).toEqual([{ kind: "stack", x: 0, y: 0, z: 0, copies_x: 2, copies_y: 2 }]);
    const { data, height, width } = volume;
    const slice = data.subarray(4 * height * width, 5 * height * width);
    expect(Math.max(...slice)).toBeGreaterThan(0.9);
    expect(percentile(data, 40)).toBeLessThan(0.01);
    for (let y = 1; y < height; y++)
      for (let x = 1; x < width; x++) {
        expect(slice[y * width + x]).toBeCloseTo(slice[y * width + width - x], 5);
        expect(slice[y * width + x]).toBeCloseTo(slice[(height - y) * width + x], 5);
      }
    // The two copies stand in the middles of their tiles.
    expect(slice[20 * width + 20]).toBeGreaterThan(0.9);
    expect(slice[20 * width + 60]).toBeGreaterThan(0.9);
    expect(slice[20 * width]).toBeLessThan(0.01);
  });

  test("its height is that of the stack, at the depth that was asked for", () => {
    const phantom = stackPhantom(blob);
    expect(phantom.extent({ depth: 3 })).toEqual([-2, 8]);
    const { volume } = draw(blob, 80, 0.5, 1, 21, { depth: 3 });
    const sums = Array.from({ length: 21 }, (_, k) =>
      volume.data.subarray(k * 6400, (k + 1) * 6400).reduce((a, b) => a + b, 0),
    );
    expect(sums.indexOf(Math.max(...sums))).toBe(13);
    expect(sums.slice(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("denoising evens out noise and keeps the amount", () => {
    const random = new Random(9);
    const noisy = stackOf(9, 40, (z, y, x) => blob.data[(z * 40 + y) * 40 + x] + 60 * random.normal());
    const options = { background: 20 };
    const [rough, smooth] = [
      draw(noisy, 80, 0.5, 1, 9, options).volume.data,
      draw(noisy, 80, 0.5, 1, 9, { ...options, denoise: 1 }).volume.data,
    ];
    const clean = draw(blob, 80, 0.5, 1, 9, options).volume.data;
    expect(correlation(smooth, clean)).toBeGreaterThan(correlation(rough, clean));
    expect(correlation(smooth, clean)).toBeGreaterThan(0.97);
  });

  test.each<[string, Stack, Record<string, unknown>, string]>([
    ["constant", stackOf(4, 8, () => 7), {}, "no signal above its background: percentile 50 is 7"],
    ["one plane", stackOf(1, 8, (_, y) => y), {}, "the stack has one plane; a specimen needs a z-stack"],
    [
      "no pixel size",
      (({ pixelSize: _, ...rest }) => rest)(blob),
      {},
      "the stack has no pixel size; give `pixel_size <your pixel size>`",
    ],
    ["no z step", (({ zStep: _, ...rest }) => rest)(blob), {}, "the stack has no z step; give `z_step <your z step>`"],
    ["wrong percentile", blob, { background: 120 }, "Specimen stack: background is 120"],
  ])("%s is refused", (_, stack, options, message) => {
    expect(() => draw(stack, 16, 0.5, 1, 4, options)).toThrow(message);
  });

  const path = "../shared/data/nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif";
  const there = existsSync(path);
  if (!there) console.log(`Skipped: a real stack as a specimen needs ${path}, which is not there.`);
  test.skipIf(!there)("a confocal nucleus on its own pixels is the stack itself, without its background", async () => {
    const file = await openImage(path);
    const stack = await readStack(file, { channel: 0 });
    await file.close();
    const { x: pixelSize } = stack.pixelSize as { x: number };
    const zStep = stack.zStep as number;
    // Two tiles of 64 pixels: the middle of the stack, about the nucleus.
    const { volume } = draw(stack, 128, pixelSize, zStep, stack.depth);
    const slices = [18, 22, 26];
    const best = slices.map((k) => {
      let most = 0;
      for (let dy = 0; dy < stack.height - 60; dy++)
        for (let dx = 0; dx < stack.width - 60; dx++) {
          if ((dy + dx) % 2 > 0 && most > 0.9) continue;
          const [a, b]: [number[], number[]] = [[], []];
          for (let y = 4; y < 60; y += 4)
            for (let x = 4; x < 60; x += 4) {
              a.push(volume.data[(k * 128 + y) * 128 + x]);
              b.push(stack.data[(k * stack.height + y + dy) * stack.width + x + dx]);
            }
          most = Math.max(most, correlation(a, b));
        }
      return most;
    });
    expect(Math.min(...best)).toBeGreaterThan(0.93);
    expect(percentile(volume.data, 99.9)).toBeGreaterThan(0.8);
    expect(percentile(volume.data, 40)).toBeLessThan(0.05);
  });
});
