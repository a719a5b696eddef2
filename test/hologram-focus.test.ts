/** Where the specimen of an in-line hologram is: simulated ones whose truth is known, on both sides, and what cannot be known. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { focusOfField } from "../src/classical/refocusing/focus-of-field.ts";
import { focusOfHologram } from "../src/classical/refocusing/focus-of-hologram.ts";
import { focusWarnings } from "../src/classical/refocusing/hologram-focus-warnings.ts";
import { hologramRings } from "../src/classical/refocusing/hologram-rings.ts";
import { reconstructHologram } from "../src/classical/refocusing/reconstruct-hologram.ts";
import type { Plane } from "../src/image/image.ts";
import { propagate } from "../src/optics/imaging/angular-spectrum.ts";
import { fieldOf, intensityOf } from "../src/optics/imaging/complex-field.ts";
import { inLineField } from "../src/optics/imaging/in-line-field.ts";
import { simulateField } from "../src/simulate/simulate-field.ts";
import { encodeImage } from "./helpers/images.ts";
import { runCli } from "./helpers/run-cli.ts";
import { textsOf } from "./helpers/texts.ts";

const light = { wavelength: 0.532, refractiveIndex: 1.333, pixelSize: 0.25, na: 0.5 };
const depth = (1.333 * 0.532) / 0.25;
const size = 192;

/** Flakes of an attenuation of the amplitude and a phase, at a distance along the light from the hologram, with photon noise. */
function hologram(distance: number, attenuation: number, phase: number, seed = 1): Plane {
  const random = new Random(seed);
  const flakes = Array.from({ length: 18 }, () => [
    random.between(0, size),
    random.between(0, size),
    random.between(3, 8),
  ]);
  const held = Float32Array.from({ length: size * size }, (_, i) =>
    flakes.some(([y, x, r]) => Math.hypot(Math.floor(i / size) - y, (i % size) - x) < r) ? 1 : 0,
  );
  const plane = (data: Float32Array): Plane => ({ data, height: size, width: size });
  const specimen = fieldOf(plane(held.map((v) => Math.exp(-attenuation * v))), plane(held.map((v) => phase * v)));
  const seen = intensityOf(propagate(specimen, light, -distance)).data;
  return plane(seen.map((v) => random.poisson(4000 * v)));
}

describe("holograms of an absorbing, a phase and a mixed specimen", () => {
  const kinds = { absorbing: [0.4, 0], phase: [0, 0.8], mixed: [0.25, 0.7] } as const;
  for (const [name, [attenuation, phase]] of Object.entries(kinds)) {
    test.each([-22, 13])(`${name}, %d um`, async (distance) => {
      const field = inLineField(hologram(distance, attenuation, phase));
      const found = await focusOfHologram(field, light, { range: [-35, 35] });
      expect(Math.abs(Math.abs(found.distance) - Math.abs(distance))).toBeLessThan(depth / 2);
      expect(found.confidence).toBeGreaterThan(0.6);
      // What measures sharpness finds the hologram itself.
      const before = await focusOfField(field, light, { range: [-35, 35], specimen: "amplitude" });
      expect(Math.abs(before.distance)).toBeLessThan(depth / 2);
      // One side settles the sign.
      const side: [number, number] = distance < 0 ? [-35, 0] : [0, 35];
      const known = await focusOfHologram(field, light, { range: side });
      expect(Math.abs(known.distance - distance)).toBeLessThan(depth / 2);
      expect(known.directionConfidence).toBeUndefined();
    });
  }

  test("the sign of one that only absorbs is said to be unknown, with what to do", async () => {
    const { focus, warnings } = await reconstructHologram(hologram(-22, 0.4, 0), light, { range: [-35, 35] });
    if (!focus || !("depthOfField" in focus)) throw new Error("an in-line hologram was focused");
    expect(focus.specimen).toBe("amplitude");
    expect(focus.directionConfidence).toBeLessThan(0.75);
    expect(textsOf(warnings).join()).toMatch(
      /on (both sides|which side).* give a range on one side, such as `range=-?\d+:-?\d+`/,
    );
  });

  test("the sign of one that delays and absorbs is found", async () => {
    for (const distance of [-22, 13]) {
      const found = await focusOfHologram(inLineField(hologram(distance, 0.25, 0.7)), light, { range: [-35, 35] });
      expect(Math.sign(found.distance)).toBe(Math.sign(distance));
      expect(found.directionConfidence).toBeGreaterThan(0.75);
    }
  });
});

test("a specimen in focus is found in focus", async () => {
  for (const range of [
    [-30, 30],
    [-30, 0],
  ] as [number, number][]) {
    const found = await focusOfHologram(inLineField(hologram(0.3, 0.5, 0)), light, { range });
    expect(Math.abs(found.distance)).toBeLessThan(depth / 2);
    expect(found.directionConfidence).toBeUndefined();
  }
});

test("noise alone and a focus outside the range are not trusted", async () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const noise = { data: new Float32Array(size * size).map(() => random.poisson(500)), height: size, width: size };
    const found = await focusOfHologram(inLineField(noise), light, { range: [-40, 40] });
    expect(found.confidence).toBeLessThan(0.4);
    expect(textsOf(focusWarnings(found, [-40, 40])).join()).toMatch(/is uncertain|end of the range/);
  }
  const found = await focusOfHologram(inLineField(hologram(-20.5, 0.25, 0.7)), light, { range: [-19, 0] });
  expect(found.confidence).toBeLessThan(0.5);
  expect(textsOf(focusWarnings(found, [-19, 0])).join()).toMatch(/end of the range .* wider `range`/);
});

test("rings give the distance without noise to a tenth of a depth, and nothing at 0", () => {
  const rings = hologramRings(inLineField(hologram(-22, 0.3, 0)), light);
  expect(rings.at(0).share).toBe(0);
  const distances = Array.from({ length: 300 }, (_, i) => 5 + i * 0.1);
  const shares = distances.map((distance) => rings.at(distance).share);
  expect(Math.abs(distances[shares.indexOf(Math.max(...shares))] - 22)).toBeLessThan(0.2 * depth);
  expect(rings.at(22).cosine).toBeGreaterThan(0.1);
});

test("absurd ranges are refused, and a search ends when it is told to", async () => {
  const field = inLineField(hologram(-22, 0.3, 0));
  await expect(focusOfHologram(field, light, { range: [5, -5] })).rejects.toThrow(/range 5 to -5 um is empty/);
  await expect(focusOfHologram(field, light, { range: [-1e6, 0] })).rejects.toThrow(/more than 4000 depths of field/);
  const flat = { ...field, real: field.real.map(() => 1) };
  await expect(focusOfHologram(flat, light, { range: [-5, 5] })).rejects.toThrow(/no contrast at any distance/);
  const controller = new AbortController();
  let seen = 0;
  const search = focusOfHologram(field, light, {
    range: [-300, 0],
    signal: controller.signal,
    onProgress: ({ done, total }) => {
      seen = done;
      expect(done).toBeLessThanOrEqual(total);
      if (done === 3) controller.abort();
    },
  });
  await expect(search).rejects.toMatchObject({ code: "interrupted" });
  expect(seen).toBeLessThan(6);
});

describe("the shipped recipe's in-line hologram, -20 um", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "parfocal-hologram-"));
    const { images } = await simulateField("holograms", { seed: 0 });
    const { stack } = images["in-line"];
    const { data, height, width } = stack;
    const planes = { axes: "ZYX", shape: [9, height, width], pixelSize: { y: 0.25, x: 0.25 }, zStep: 5 };
    const counts = Float32Array.from(data);
    writeFileSync(
      join(folder, "in-line.tif"),
      encodeImage("in-line.tif", { ...planes, dtype: "float32", data: counts }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("--distance auto finds it in seconds, and says how sure it is", async () => {
    const optics = "--wavelength 0.532 --na 0.5 --refractive-index 1.333 --input-planes 0 --distance auto --json";
    const run = (range: string) =>
      runCli(`reconstruct in-line.tif ${optics} --range=${range} --force -o x.tif`.split(" "), { cwd: folder });
    const both = JSON.parse((await run("-30:30")).stdout);
    // One or two seconds; much more on a machine that does other things as well.
    expect(both.seconds).toBeLessThan(60);
    expect(Math.abs(Math.abs(both.distance_um) - 20)).toBeLessThan(1.4);
    expect(both.confidence).toBeGreaterThan(0.6);
    expect(both.direction_confidence).toBeGreaterThanOrEqual(0.5);
    const before = JSON.parse((await run("-30:0")).stdout);
    expect(Math.abs(before.distance_um + 20)).toBeLessThan(1.4);
    expect(before.direction_confidence).toBeNull();
    expect(before.depth_of_field_um).toBeCloseTo(2.84, 1);
  });
});
