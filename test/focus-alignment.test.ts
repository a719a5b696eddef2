/** Focus curves of virtual stacks: candidates that are right, shifted, reversed, damped, flat or noise, and real planes. */
import { beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { type Plane, planeOf, type Stack } from "../src/image/image.ts";
import type { Candidate, PlaneRequest } from "../src/study/candidate.ts";
import {
  type FocusAlignment,
  focusAlignment,
  minAmplitude,
  minLead,
  type VirtualStack,
} from "../src/study/focus-alignment.ts";
import { focusAlignmentFigures, focusAlignmentTable } from "../src/study/focus-alignment-figure.ts";
import { openStudiedStack, type StudiedStack } from "../src/study/studied-stack.ts";
import { identity } from "./helpers/constructed-candidates.ts";
import { haveRealData, mitochondria } from "./helpers/real-data.ts";

const [edge, depth, step, focus] = [96, 21, 0.5, 10];

/** Dots at three heights, most of them at 0: sharpness over z has one peak, and is steeper below than above. */
const layers = [-0.4, 0, 1.5].map((height, k) => {
  const random = new Random(k + 1);
  const data = new Float32Array(edge * edge);
  for (let i = 0; i < [40, 90, 60][k]; i++) data[Math.floor(random.uniform() * data.length)] += 1000;
  return { height, plane: { data, height: edge, width: edge } };
});

/** The field at any z, um: every layer blurred by how far off it is. */
function fieldAt(z: number): Plane {
  const sum = new Float32Array(edge * edge).fill(100);
  for (const { height, plane } of layers) {
    const { data } = gaussianFilter(plane, 0.9 + 0.9 * Math.abs(z - height));
    for (let i = 0; i < sum.length; i++) sum[i] += data[i];
  }
  return { data: sum, height: edge, width: edge };
}

const heightOf = (plane: number): number => (plane - focus) * step;

function recordedStack(): Stack {
  const data = new Float32Array(depth * edge * edge);
  for (let z = 0; z < depth; z++) data.set(fieldAt(heightOf(z)).data, z * edge * edge);
  return { data, depth, height: edge, width: edge, zStep: step, dtype: "float32" };
}

/** Of what it is asked for, the field at a height of its own choice, um from focus. */
function choosing(name: string, heightFor: (input: number, distance: number) => number, gain = 1): Candidate {
  return {
    name,
    kind: "constructed",
    task: "refocus",
    offsets: [0],
    range: [-4, 4],
    make: async (_stack, _whole, requests) =>
      requests.map(({ plane, distance }) => {
        const field = fieldAt(heightFor(heightOf(plane), distance));
        return { ...field, data: field.data.map((value) => gain * value) };
      }),
  };
}

const right = choosing("right", (z, d) => z + d);
const shifted = choosing("shifted", (z, d) => z + d + 1);
const lowered = choosing("lowered", (z, d) => z + d - 0.7);
const flipped = choosing("flipped", (z, d) => z - d);
const flippedAndShifted = choosing("flipped and shifted", (z, d) => z - d + 0.6);
const faint = choosing("faint", (z, d) => z + d, Math.SQRT1_2);
const still = choosing("still", (z) => z);
const even = choosing("even", (z, d) => (z < 0 ? -1 : 1) * Math.abs(d));

const found = new Map<string, FocusAlignment>();
let studied: StudiedStack;

beforeAll(async () => {
  studied = openStudiedStack("dots", recordedStack());
  for (const one of [right, shifted, lowered, flipped, flippedAndShifted, faint, still, even]) {
    const alignment = await focusAlignment(one, studied, studied.stack);
    if (alignment) found.set(one.name, alignment);
  }
});

function of({ name }: Candidate): FocusAlignment {
  const one = found.get(name);
  if (!one) throw new Error(`nothing found of ${name}`);
  return one;
}
const asked = ({ asRequested }: VirtualStack) => asRequested ?? expect.fail("nothing aligned");
const reversed = ({ reversed }: VirtualStack) => reversed ?? expect.fail("nothing aligned");

describe("focus curves of virtual stacks", () => {
  it("start half of the reach below and above focus, and are held against all recorded planes", () => {
    expect(studied.sharpest).toBe(focus);
    const { recorded, stacks, maxShift } = of(right);
    expect(stacks.map(({ plane, defocus }) => [plane, defocus])).toEqual([
      [6, -2],
      [14, 2],
    ]);
    expect(maxShift).toBe(2);
    expect(recorded).toHaveLength(depth);
    expect(recorded[focus]).toEqual({ z: 0, sharpness: 1 });
    expect(recorded[0].z).toBe(-5);
  });

  it("find nothing to move where the recorded planes come out", () => {
    for (const one of of(right).stacks) {
      expect(asked(one)).toMatchObject({ shift: 0, error: 0, unshiftedError: 0 });
      expect(asked(one).correlation).toBeCloseTo(1, 6);
      expect(asked(one).unshifted).toBeCloseTo(1, 6);
      expect(one.amplitude).toBeCloseTo(1, 6);
      expect(one.direction).toBe("right");
      expect(one.inputError).toBeGreaterThan(0.05);
    }
  });

  it("find a shift of two planes, and one between planes", () => {
    for (const [candidate, shift] of [
      [shifted, 1],
      [lowered, -0.7],
    ] as const) {
      for (const one of of(candidate).stacks) {
        const { unshifted, correlation, error, unshiftedError } = asked(one);
        expect(Math.abs(asked(one).shift - shift)).toBeLessThan(0.1);
        expect(correlation).toBeGreaterThan(0.99);
        expect(correlation).toBeGreaterThan(unshifted + 0.01);
        expect(error).toBeLessThan(0.5 * unshiftedError);
        expect(one.direction).toBe("right");
      }
    }
  });

  it("tell a reversed stack, also a shifted one", () => {
    for (const [candidate, shift] of [
      [flipped, 0],
      [flippedAndShifted, 0.6],
    ] as const) {
      for (const one of of(candidate).stacks) {
        expect(one.direction).toBe("wrong");
        expect(Math.abs(reversed(one).shift - shift)).toBeLessThan(0.1);
        expect(reversed(one).correlation).toBeGreaterThan(0.99);
        expect(reversed(one).error).toBeLessThan(0.5 * one.inputError);
        expect(asked(one).nearby).toBeLessThan(reversed(one).nearby - minLead);
      }
    }
  });

  it("measure how much of the rise and fall there is", () => {
    for (const one of of(faint).stacks) {
      // Tenengrad goes with the square of the gain.
      expect(one.amplitude).toBeCloseTo(0.5, 5);
      expect(asked(one)).toMatchObject({ shift: 0 });
      expect(asked(one).correlation).toBeCloseTo(1, 5);
      expect(one.direction).toBe("right");
    }
  });

  it("are flat for what gives its input back: nothing to align", () => {
    for (const one of of(still).stacks) {
      expect(one.amplitude).toBe(0);
      for (const { sharpness } of one.curve) expect(sharpness).toBeCloseTo(one.inputSharpness, 6);
      expect([one.asRequested, one.reversed, one.direction]).toEqual([undefined, undefined, undefined]);
    }
  });

  it("cannot tell a direction where up and down look the same", () => {
    for (const one of of(even).stacks) {
      expect(one.amplitude).toBeGreaterThan(0.5);
      expect(one.direction).toBeUndefined();
    }
  });

  it("nor where the recorded curve is about the same up and down", async () => {
    // Half of the reach below this "sharpest" plane lies the true one, in the middle of the peak.
    const middle = { ...studied, sharpest: focus + 4 };
    const [below] = (await focusAlignment(right, middle, middle.stack))?.stacks ?? [];
    expect(below.plane).toBe(focus);
    expect(asked(below).nearby).toBeCloseTo(1, 6);
    expect(asked(below).imageGain).toBeGreaterThan(0);
    expect(reversed(below).nearby).toBeGreaterThan(0.8);
    expect(below.direction).toBeUndefined();
  });

  /** How many of 40 virtual stacks are said to go in some direction, though each is random. */
  async function toldOf(make: (random: Random, input: Plane) => Plane): Promise<number> {
    let told = 0;
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const candidate: Candidate = {
        ...right,
        make: async (stack, _whole, requests) => requests.map(({ plane }) => make(random, planeOf(stack, plane))),
      };
      const { stacks } = (await focusAlignment(candidate, studied, studied.stack)) ?? expect.fail("nothing found");
      for (const { amplitude, direction } of stacks) {
        expect(amplitude).toBeGreaterThan(minAmplitude);
        told += direction === undefined ? 0 : 1;
      }
    }
    return told;
  }

  it("see no direction in noise, though its curves are not flat", async () => {
    const told = await toldOf((random, input) => {
      const size = 150 * random.uniform();
      return { ...input, data: input.data.map(() => size * random.uniform()) };
    });
    expect(told).toBe(0);
  });

  it("seldom see one in the field at a random height", async () => {
    const told = await toldOf((random) => fieldAt(5 * (random.uniform() - 0.5)));
    expect(told).toBeLessThanOrEqual(4);
  });
});

describe("what is asked for", () => {
  async function requestsOf(candidate: Candidate, one = studied): Promise<PlaneRequest[]> {
    const all: PlaneRequest[] = [];
    const make: Candidate["make"] = async (stack, whole, requests) => {
      all.push(...requests);
      return candidate.make(stack, whole, requests);
    };
    await focusAlignment({ ...candidate, make }, one, one.stack);
    return all;
  }

  it.each([
    [6, -4],
    [14, -4],
    [14, -3.5],
  ])(
    "are at most eleven evenly spaced planes within range, the sharpest among them: from %i, %f um",
    async (plane, low) => {
      const requests = await requestsOf({ ...right, range: [low, 4] });
      const distances = requests.filter((one) => one.plane === plane).map(({ distance }) => distance);
      expect(distances.length).toBeGreaterThan(5);
      expect(distances.length).toBeLessThanOrEqual(11);
      expect(distances).toContain((focus - plane) * step);
      expect(distances.every((um) => um >= low && um <= 4)).toBe(true);
      const steps = distances.slice(1).map((um, i) => um - distances[i]);
      expect(new Set(steps)).toEqual(new Set([1]));
      // Planes of the stack only.
      expect(distances.every((um) => plane + um / step >= 0 && plane + um / step < depth)).toBe(true);
    },
  );

  it("are steps that the candidate can go", async () => {
    const requests = await requestsOf({ ...right, distanceStep: 1.5 });
    expect(requests.length).toBeGreaterThan(6);
    for (const { distance } of requests) expect(Math.abs(distance % 1.5)).toBeLessThan(1e-6);
  });

  it("is nothing of sections, of what has no range, and of short ranges", async () => {
    const { range, ...rangeless } = right;
    expect(range).toEqual([-4, 4]);
    const none: Candidate[] = [
      { ...right, task: "section" },
      { ...rangeless, kind: "model" },
      { ...right, range: [-0.5, 0.5] },
    ];
    for (const one of none) {
      expect(await requestsOf(one)).toEqual([]);
      expect(await focusAlignment(one, studied, studied.stack)).toBeUndefined();
    }
  });

  it("is one stack where planes on the other side were not recorded, and then no direction", async () => {
    const last = { ...studied, sharpest: depth - 1 };
    const alignment = await focusAlignment(right, last, last.stack);
    expect(alignment?.stacks.map(({ defocus }) => defocus)).toEqual([-2]);
    // Two planes, so that the second is missing at the upper end.
    const two = { ...right, offsets: [0, 3.5] };
    expect((await focusAlignment(two, studied, studied.stack))?.stacks.map(({ plane }) => plane)).toEqual([6]);
    // From the lowest plane nothing lies below, where a reversed stack would be.
    const first = { ...studied, sharpest: 4 };
    const [lowest] = (await focusAlignment(right, first, first.stack))?.stacks ?? [];
    expect(lowest.plane).toBe(0);
    expect(asked(lowest).nearby).toBeCloseTo(1, 6);
    expect(lowest.reversed?.nearby).toBeNaN();
    expect(lowest.direction).toBeUndefined();
  });
});

describe("charts and table", () => {
  it("say what was found, in words", async () => {
    const candidates = [right, shifted, flipped, still, even];
    const none = { candidate: { name: "sections" }, studied, focusAlignment: undefined };
    const picks = [...candidates.map((candidate) => ({ candidate, studied, focusAlignment: of(candidate) })), none];
    const [table] = focusAlignmentTable(picks);
    if (table?.kind !== "table") throw new Error("no table");
    expect(table.rows).toHaveLength(10);
    const words = table.rows.filter((_, i) => i % 2 === 0).map((row) => String(row[row.length - 1]));
    expect(words[0]).toMatch(/right direction, in place/);
    expect(words[1]).toMatch(/right direction, but curve and images are shifted by \+\d(\.\d+)? um/);
    expect(words[2]).toMatch(/wrong direction/);
    expect(words[3]).toMatch(/does not change with the distance/);
    expect(words[4]).toMatch(/cannot tell/);
    expect(table.rows[0].slice(0, 5)).toEqual(["right, from below", "1.00", "0", "1.00", "1.00"]);
    expect(focusAlignmentTable([none])).toEqual([]);

    const figures = await focusAlignmentFigures(picks);
    expect(figures.map(({ id }) => id)).toEqual(
      candidates.flatMap(({ name }) => [`virtual-focus-${name}-below`, `virtual-focus-${name}-above`]),
    );
    const svgOf = (id: string): string => {
      const figure = figures.find((one) => one.id === id);
      return figure?.kind === "chart" ? figure.svg : "";
    };
    expect(svgOf("virtual-focus-right-below")).toContain("recorded");
    expect(svgOf("virtual-focus-right-below")).not.toMatch(/virtual, (shifted|reversed)/);
    expect(svgOf("virtual-focus-shifted-above")).toContain("virtual, shifted");
    expect(svgOf("virtual-focus-flipped-above")).toContain("virtual, reversed");
  });

  it("take no shift for one that the images do not follow", () => {
    const alignment = of(right);
    const [below] = alignment.stacks;
    const skewed = { ...asked(below), shift: 1.5, error: 0.3, unshiftedError: 0.1 };
    const focusAlignment = { ...alignment, stacks: [{ ...below, asRequested: skewed }] };
    const [table] = focusAlignmentTable([{ candidate: right, studied, focusAlignment }]);
    expect(table?.kind === "table" && table.rows[0].at(-1)).toMatch(/another shape/);
  });
});

describe.skipIf(!haveRealData)("a real stack of mitochondria", () => {
  it("finds planes that come out 0.1 um too high, and what gives its input back", async () => {
    const zStep = 0.05;
    const real = openStudiedStack("mitochondria", { ...(await mitochondria()), zStep });
    const higher: Candidate = {
      ...right,
      range: [-0.6, 0.6],
      make: async (stack, _whole, requests) =>
        requests.map(({ plane, distance }) =>
          planeOf(stack, Math.max(0, Math.min(stack.depth - 1, plane + Math.round(distance / zStep) + 2))),
        ),
    };
    const { stacks } = (await focusAlignment(higher, real, real.stack)) ?? expect.fail("nothing found");
    expect(stacks).toHaveLength(2);
    for (const one of stacks) {
      expect(Math.abs(asked(one).shift - 0.1)).toBeLessThan(0.02);
      expect(asked(one).error).toBeLessThan(0.02);
      expect(asked(one).unshiftedError).toBeGreaterThan(0.02);
      expect(one.direction).toBe("right");
    }
    const same = await focusAlignment({ ...identity, range: [-0.6, 0.6] }, real, real.stack);
    expect(same?.stacks.map(({ amplitude }) => amplitude)).toEqual([0, 0]);
  });
});
