/** Sections from three exposures with a grid: what theory says they show, and what they make of imperfect exposures. */
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { sectionFromGrid } from "../src/classical/sectioning/structured-illumination.ts";
import { rms } from "./helpers/numbers.ts";
import { textsOf } from "./helpers/texts.ts";

const [height, width] = [96, 120];
const size = height * width;

/** Blobs in focus on blobs of background, seen with a grid at given phases and brightness. */
function scene(phases: readonly number[], brightness: readonly number[], planes = 1, seed = 1) {
  const random = new Random(seed);
  const spots = Array.from({ length: 14 }, () => ({
    y: random.between(0, height),
    x: random.between(0, width),
    r: random.between(4, 12),
  }));
  const blob = (y: number, x: number, blur: number) =>
    spots.reduce((sum, s) => sum + Math.exp(-((y - s.y) ** 2 + (x - s.x) ** 2) / (2 * s.r * s.r * blur)), 0);
  const focused = new Float32Array(size);
  const background = new Float32Array(size);
  const data = new Float32Array(planes * 3 * size);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      focused[i] = 100 * blob(y, x, 1);
      background[i] = 200 + 150 * blob(y - 9, x + 5, 6);
    }
  }
  for (let z = 0; z < planes; z++) {
    phases.forEach((phase, j) => {
      for (let i = 0; i < size; i++) {
        const wave = 2 * Math.PI * (0.11 * (i % width) + 0.03 * Math.floor(i / width)) + phase + 0.7 * z;
        data[(3 * z + j) * size + i] = brightness[j] * (focused[i] * (1 + 0.6 * Math.cos(wave)) + background[i]);
      }
    });
  }
  return { data, planes, height, width, focused, background };
}

const thirds = [0, (2 * Math.PI) / 3, (4 * Math.PI) / 3];
const apart = (a: Float32Array, b: Float32Array, factor = 1) =>
  rms(a.map((v, i) => v - factor * b[i])) / (factor * rms(b));

describe("sections from a grid", () => {
  test("perfect exposures give Neil's formula, the density in focus, and the wide field", () => {
    const { focused, background, ...stack } = scene(thirds, [1, 1, 1]);
    const { section, widefield } = sectionFromGrid(stack, { correct: false });
    const [a, b, c] = thirds.map((_, j) => stack.data.subarray(j * size, (j + 1) * size));
    const neil = a.map((v, i) => (Math.SQRT2 / 3) * Math.hypot(v - b[i], b[i] - c[i], c[i] - v));
    expect(apart(section, neil)).toBeLessThan(1e-5);
    expect(apart(section, focused, 0.6)).toBeLessThan(1e-5);
    expect(
      apart(
        widefield,
        focused.map((v, i) => v + background[i]),
      ),
    ).toBeLessThan(1e-6);
  });

  test("wrong phases and a flickering lamp leave stripes, and correction takes them away", () => {
    const phases = [0.1, thirds[1] + 0.4, thirds[2] - 0.3];
    const brightness = [1.06, 0.97, 0.97];
    const { focused, ...stack } = scene(phases, brightness);
    const plain = sectionFromGrid(stack, { correct: false });
    const corrected = sectionFromGrid(stack);
    expect(apart(plain.section, focused, 0.6)).toBeGreaterThan(0.2);
    expect(apart(corrected.section, focused, 0.6)).toBeLessThan(0.02);
    expect(corrected.frequency?.x).toBeCloseTo(0.11, 2);
    corrected.phases[0].forEach((phase, j) => {
      expect(phase).toBeCloseTo(phases[j] - phases[0], 1);
    });
    corrected.brightness[0].forEach((b, j) => {
      expect(b).toBeCloseTo(brightness[j], 2);
    });
  });

  test("correction does no harm to perfect exposures", () => {
    const { focused, ...stack } = scene(thirds, [1, 1, 1]);
    expect(apart(sectionFromGrid(stack).section, focused, 0.6)).toBeLessThan(0.01);
  });

  test("planes without anything in focus are corrected by those with it", () => {
    const phases = [0, thirds[1] + 0.3, thirds[2]];
    const { focused, background, ...stack } = scene(phases, [1, 1, 1], 2);
    const random = new Random(4);
    for (let i = 0; i < 3 * size; i++) stack.data[i] = background[i % size] + random.normal();
    const { phases: found, warnings } = sectionFromGrid(stack);
    expect(found[0][1]).toBeCloseTo(phases[1], 1);
    expect(found[0]).toEqual(found[1]);
    expect(textsOf(warnings)).toEqual([]);
    expect(focused.length).toBe(size);
  });

  test("where there is no grid, that is said, and nothing is corrected", () => {
    const random = new Random(5);
    const data = Float32Array.from({ length: 3 * size }, () => 500 + 20 * random.normal());
    const { section, phases, warnings } = sectionFromGrid({ data, planes: 1, height, width });
    expect(textsOf(warnings).join()).toMatch(/No grid is visible/);
    expect(phases[0]).toEqual(thirds);
    // And the noise that a section of nothing shows is as the docstring says.
    const mean = section.reduce((sum, v) => sum + v, 0) / size;
    expect(mean / (20 * Math.sqrt(Math.PI / 3))).toBeCloseTo(1, 1.5);
    expect(rms(section) / (20 * Math.sqrt(4 / 3))).toBeCloseTo(1, 1.5);
  });

  test("the camera's offset is taken off the wide field", () => {
    const { focused, background, ...stack } = scene(thirds, [1, 1, 1]);
    const lifted = { ...stack, data: stack.data.map((v) => v + 100) };
    const { widefield } = sectionFromGrid(lifted, { offset: 100 });
    expect(
      apart(
        widefield,
        focused.map((v, i) => v + background[i]),
      ),
    ).toBeLessThan(1e-2);
  });

  test("what does not fit is refused, and a stop is heard", () => {
    const { focused: _f, background: _h, ...stack } = scene(thirds, [1, 1, 1]);
    expect(() => sectionFromGrid({ ...stack, planes: 2 })).toThrow(/2 planes of 3 exposures/);
    expect(() => sectionFromGrid(stack, { signal: AbortSignal.abort() })).toThrow(/Stopped/);
  });
});
