import { beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { type Plane, planeOf, type Stack } from "../src/image/image.ts";
import { hallucinationRoc } from "../src/metrics/hallucination-roc.ts";
import { hallucinationMap } from "../src/metrics/hallucinations.ts";
import { plantHallucinations } from "../src/metrics/planted-hallucinations.ts";
import type { Spot } from "../src/metrics/spots.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";

const size = 160;

interface Subject {
  recorded: Stack;
  truth: Stack;
  /** The plane in focus as the camera saw it, and without its noise. */
  reference: Plane;
  perfect: Plane;
  focus: number;
}

const subjects = new Map<string, Subject>();

beforeAll(async () => {
  const recipes = {
    beads: {
      ...shippedRecipe("beads"),
      size,
      planes: 7,
      specimen: {
        kind: "beads" as const,
        beads: 90,
        bead_kinds: ["solid" as const],
        diameter: [0.4, 1.2] as [number, number],
        depth_range: [-0.3, 0.3] as [number, number],
      },
    },
    filaments: { ...shippedRecipe("filaments"), size, planes: 5 },
  };
  for (const [name, recipe] of Object.entries(recipes)) {
    const { images, focusPlane: focus } = await createSimulator(recipe).field(3);
    const { stack: recorded, truth } = images.stack;
    subjects.set(name, { recorded, truth, focus, reference: planeOf(recorded, focus), perfect: planeOf(truth, focus) });
  }
}, 30_000);

function subject(name: string): Subject {
  const one = subjects.get(name);
  if (!one) throw new Error(name);
  return one;
}

const changed = (plane: Plane, change: (value: number, i: number) => number): Plane => ({
  ...plane,
  data: plane.data.map(change),
});

function sharpened(plane: Plane, sigma: number, strength: number): Plane {
  const soft = gaussianFilter(plane, sigma);
  return changed(plane, (v, i) => v + strength * (v - soft.data[i]));
}

/** What lies at (y, x) comes from (y - dy, x - dx). */
function moved(plane: Plane, dy: number, dx: number): Plane {
  const at = (v: number) => Math.min(size - 1, Math.max(0, v));
  return changed(plane, (_, i) => plane.data[at(Math.floor(i / size) - dy) * size + at((i % size) - dx)]);
}

type Place = { x: number; y: number; kind?: "spot" | "line" };

/** A line may be found anywhere along it. */
const near = (spot: Spot, { x, y, kind }: Place) => Math.hypot(spot.x - x, spot.y - y) < (kind === "line" ? 9 : 3.5);

function count(spots: readonly Spot[], planted: readonly Place[]) {
  return {
    found: planted.filter((place) => spots.some((spot) => near(spot, place))).length,
    wrong: spots.filter((spot) => !planted.some((place) => near(spot, place))).length,
  };
}

describe.each(["beads", "filaments"])("%s against the recorded plane", (name) => {
  const plantedIn = (output: Plane, contrast: number, seed = 7, lines = 0) =>
    plantHallucinations(output, {
      count: 8,
      contrast,
      lines,
      random: new Random(seed),
      empty: [subject(name).reference],
    });

  it("the truth hallucinates nothing, in whatever unit", () => {
    const { perfect, reference } = subject(name);
    for (const output of [perfect, changed(perfect, (v) => v / 5000 - 3)]) {
      const { spots, hallucinatedShare, z } = hallucinationMap({ output, reference });
      expect({ spots, hallucinatedShare }).toEqual({ spots: [], hallucinatedShare: 0 });
      expect(z.data).toHaveLength(size * size);
    }
    expect(hallucinationMap({ output: changed(perfect, (v) => v / 100), reference }).gain).toBeCloseTo(0.01, 3);
  });

  it("finds dots and lines that were planted, and nothing else", () => {
    const { perfect, reference } = subject(name);
    for (const seed of [1, 2, 3]) {
      for (const lines of [0, 1]) {
        const { plane, planted } = plantedIn(perfect, 1, seed, lines);
        expect(planted).toHaveLength(8);
        const { spots, hallucinatedShare } = hallucinationMap({ output: plane, reference });
        const { found, wrong } = count(spots, planted);
        expect({ seed, lines, found: found >= 7, wrong }).toEqual({ seed, lines, found: true, wrong: 0 });
        expect(hallucinatedShare).toBeGreaterThan(0.1);
        expect(hallucinatedShare).toBeLessThan(0.6);
        expect([...spots].sort((a, b) => b.significance - a.significance)).toEqual(spots);
      }
    }
  });

  it("finds them in a sharpened and in a softened output, too", () => {
    const { perfect, reference } = subject(name);
    for (const change of [(p: Plane) => sharpened(p, 1.5, 1), (p: Plane) => gaussianFilter(p, 1)]) {
      const { plane, planted } = plantedIn(perfect, 1.5);
      const { found, wrong } = count(hallucinationMap({ output: change(plane), reference }).spots, planted);
      expect(found).toBeGreaterThanOrEqual(7);
      expect(wrong).toBeLessThanOrEqual(1);
    }
  });

  it("takes no other sharpness for a hallucination", () => {
    const { perfect, reference, recorded, focus } = subject(name);
    const outputs: Record<string, Plane> = {
      identity: reference,
      "the input, above focus": planeOf(recorded, focus + 1),
      "the input, below focus": planeOf(recorded, focus - 1),
      "the input, farther": planeOf(recorded, focus - 2),
      "blurred a little": gaussianFilter(reference, 1),
      blurred: gaussianFilter(reference, 2),
      "blurred much": gaussianFilter(perfect, 4),
      "unsharp mask": sharpened(perfect, 1.5, 1),
      "unsharp mask of a recorded plane": sharpened(reference, 1.5, 1),
      "strong unsharp mask": sharpened(perfect, 2, 3),
    };
    for (const [what, output] of Object.entries(outputs)) {
      const { spots, hallucinatedShare } = hallucinationMap({ output, reference });
      expect({ what, spots, hallucinatedShare }).toEqual({ what, spots: [], hallucinatedShare: 0 });
    }
  });

  it("forgives a shift of a pixel, but not of twelve", () => {
    const { perfect, reference } = subject(name);
    for (const [dy, dx] of [
      [1, 0],
      [0, -1],
      [1, 1],
      [-1, 1],
    ]) {
      expect({ dy, dx, ...hallucinationMap({ output: moved(perfect, dy, dx), reference }) }).toMatchObject({
        spots: [],
      });
    }
    expect(hallucinationMap({ output: moved(perfect, 12, 12), reference }).spots.length).toBeGreaterThan(2);
  });

  it("another field is hallucinated, wherever the structures of the two do not meet by chance", () => {
    const { perfect, reference } = subject(name);
    const turned = changed(perfect, (_, i) => perfect.data[size * size - 1 - i]);
    const { spots, hallucinatedShare } = hallucinationMap({ output: turned, reference });
    expect(spots.length).toBeGreaterThan(name === "beads" ? 10 : 1);
    // Filaments are everywhere.
    expect(hallucinatedShare).toBeGreaterThan(name === "beads" ? 0.5 : 0.05);
  });

  it("knows how faint a hallucination may be", () => {
    const { perfect, reference } = subject(name);
    const clear = hallucinationRoc({ output: perfect, reference, random: new Random(1), count: 12 });
    expect(clear.auc).toBeGreaterThan(0.95);
    expect(clear.halfContrast).toBeGreaterThan(0.02);
    expect(clear.halfContrast).toBeLessThan(0.5);
    expect(clear.found.map(({ contrast }) => contrast)).toEqual([0.1, 0.2, 0.4, 0.8, 1.6]);
    expect(clear.curve[0]).toMatchObject({ falseAlarmRate: 0, detectionRate: 0 });
    expect(clear.curve.at(-1)).toMatchObject({ falseAlarmRate: 1, detectionRate: 1 });
    const chance = { output: perfect, reference, random: new Random(2), contrast: 0, contrasts: [], rounds: 6 };
    const nothing = hallucinationRoc(chance);
    expect(Math.abs(nothing.auc - 0.5)).toBeLessThan(0.1);
    expect(nothing.halfContrast).toBeUndefined();
    // A noisier output hides more.
    const random = new Random(3);
    const noisy = changed(perfect, (v) => v + 60 * random.normal());
    const worse = hallucinationRoc({ output: noisy, reference, random: new Random(1), count: 12 }).halfContrast;
    expect(worse ?? Number.POSITIVE_INFINITY).toBeGreaterThan(1.5 * (clear.halfContrast ?? 0));
  });
});

describe("planting", () => {
  it("is the same for the same seed, as strong as asked for, and away from structure", () => {
    const { perfect } = subject("beads");
    const plant = (contrast: number, seed = 4) =>
      plantHallucinations(perfect, { count: 10, contrast, random: new Random(seed), lines: 0.3 });
    expect(plant(0.5)).toEqual(plant(0.5));
    expect(plant(0.5).planted).not.toEqual(plant(0.5, 5).planted);
    expect(plant(1).planted[0].height).toBeCloseTo(2 * plant(0.5).planted[0].height, 3);
    const { plane, planted } = plant(1);
    expect(new Set(planted.map(({ kind }) => kind))).toEqual(new Set(["spot", "line"]));
    const [brightest, floor] = [Math.max(...perfect.data), Math.min(...perfect.data)];
    for (const { x, y, height } of planted) {
      const i = Math.round(y) * size + Math.round(x);
      expect(perfect.data[i] - floor).toBeLessThan(0.15 * (brightest - floor));
      const added = plane.data[i] - perfect.data[i];
      expect(added).toBeGreaterThan(0.8 * height);
      expect(added).toBeLessThanOrEqual(height * 1.001);
    }
    expect(plantHallucinations(perfect, { count: 3, contrast: 0, random: new Random(1) }).plane.data).toEqual(
      perfect.data,
    );
  });
});

describe("odd pictures", () => {
  const plane = (of: (i: number) => number): Plane => ({
    height: 64,
    width: 64,
    data: Float32Array.from({ length: 4096 }, (_, i) => of(i)),
  });
  const flat = plane(() => 100);
  const dot = plane((i) => 100 + 900 * Math.exp(-(((i % 64) - 40) ** 2 + (Math.floor(i / 64) - 20) ** 2) / 4));

  it("without noise or structure", () => {
    expect(hallucinationMap({ output: flat, reference: flat })).toMatchObject({
      spots: [],
      hallucinatedShare: 0,
      gain: 1,
    });
    expect(hallucinationMap({ output: flat, reference: dot })).toMatchObject({ spots: [], hallucinatedShare: 0 });
    expect(hallucinationMap({ output: dot, reference: dot }).spots).toEqual([]);
    const { spots, hallucinatedShare } = hallucinationMap({ output: dot, reference: flat });
    expect(spots[0]).toMatchObject({ x: 40, y: 20 });
    expect(hallucinatedShare).toBe(1);
    const random = new Random(1);
    const noise = () => plane(() => 100 + 3 * random.normal());
    expect(hallucinationMap({ output: noise(), reference: noise() }).spots).toEqual([]);
  });

  it("are refused with a reason", () => {
    const code = (make: () => unknown) => {
      try {
        make();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return "none";
    };
    const random = new Random(1);
    const small = { height: 8, width: 8, data: new Float32Array(64) };
    expect(code(() => hallucinationMap({ output: flat, reference: small }))).toBe("image.unfit");
    expect(code(() => hallucinationMap({ output: plane(() => Number.NaN), reference: flat }))).toBe("image.unfit");
    expect(code(() => hallucinationMap({ output: flat, reference: flat, fwhm: 0 }))).toBe("usage");
    expect(code(() => hallucinationMap({ output: flat, reference: flat, shift: -1 }))).toBe("usage");
    expect(code(() => hallucinationMap({ output: flat, reference: flat, noise: Number.NaN }))).toBe("usage");
    expect(code(() => plantHallucinations(flat, { count: 1, contrast: 1, random }))).toBe("image.unfit");
    expect(code(() => plantHallucinations(dot, { count: 0.5, contrast: 1, random }))).toBe("usage");
    expect(code(() => plantHallucinations(dot, { count: 4, contrast: -1, random }))).toBe("usage");
    expect(code(() => hallucinationRoc({ output: dot, reference: dot, random, rounds: 0 }))).toBe("usage");
  });
});
