import { expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import type { Stack } from "../src/image/image.ts";
import { recordingWarnings } from "../src/train/data/recording-warnings.ts";
import { textsOf } from "./helpers/texts.ts";

/** Dots out of focus at both ends, with noise: uint16 counts. */
function recorded(change: (data: Float32Array, plane: number) => void = () => undefined): Stack {
  const [depth, height, width] = [9, 64, 64];
  const random = new Random(3);
  const dots = Array.from({ length: 12 }, () => ({ y: 8 + 48 * random.uniform(), x: 8 + 48 * random.uniform() }));
  const data = new Float32Array(depth * height * width);
  for (let z = 0; z < depth; z++) {
    const sigma = 1.5 + 0.5 * Math.abs(z - 4);
    const plane = data.subarray(z * height * width, (z + 1) * height * width);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const light = dots.reduce(
          (sum, dot) => sum + Math.exp(-((y - dot.y) ** 2 + (x - dot.x) ** 2) / (2 * sigma ** 2)),
          0,
        );
        plane[y * width + x] = Math.round(300 + (4000 * light) / sigma ** 2 + 15 * random.normal());
      }
    change(plane, z);
  }
  return { data, depth, height, width, dtype: "uint16" };
}

test("a sound stack, and a simulated one, give no warnings", async () => {
  expect(await recordingWarnings([{ name: "a.tif", stack: recorded() }])).toEqual([]);
  const blank = recorded((plane, z) => z === 4 && plane.fill(0));
  expect(await recordingWarnings([{ name: "a", stack: blank, simulated: true }])).toEqual([]);
});

test("saturated pixels and repeated planes are named with the stack, or its target", async () => {
  const saturated = recorded((plane) => plane.set(plane.map((value) => Math.min(value, 900))));
  expect(textsOf(await recordingWarnings([{ name: "a.tif", stack: saturated }])).join()).toMatch(
    /^a\.tif: Pixels: saturated\. .* 900/,
  );
  let kept: Float32Array | undefined;
  const repeated = recorded((plane, z) => {
    if (z === 2) kept = Float32Array.from(plane);
    if (z === 6 && kept) plane.set(kept);
  });
  expect(textsOf(await recordingWarnings([{ name: "b.tif", stack: recorded(), target: repeated }])).join()).toMatch(
    /^b\.tif, target: Plane 6 is a duplicate of plane 2/,
  );
});
