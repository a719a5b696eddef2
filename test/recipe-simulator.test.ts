/** Fields of recipes: what they show, that they can be made again, and what their truth says. */
import { describe, expect, it } from "vitest";
import { planeOf, type Stack } from "../src/image/image.ts";
import type { RecipeFlags } from "../src/simulate/recipe-flags.ts";
import { shippedRecipe, shippedRecipes } from "../src/simulate/shipped-recipes.ts";
import { type SimulateFieldOptions, simulateField } from "../src/simulate/simulate-field.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { correlation, mean } from "./helpers/numbers.ts";
import { textsOf } from "./helpers/texts.ts";

const variance = (values: ArrayLike<number>) => {
  const m = mean(values);
  return Array.from(values).reduce((a, b) => a + (b - m) ** 2, 0) / values.length;
};
const indexOfMax = (values: ArrayLike<number>) =>
  Array.from(values).reduce((best, v, i, all) => (v > all[best] ? i : best), 0);
const each = (stack: Stack) => Array.from({ length: stack.depth }, (_, z) => planeOf(stack, z).data);

const small = { size: 64, beads: 5, diameter: [1, 3], depth_range: [-2, 2], planes: 5 } satisfies RecipeFlags;
const beads = async (flags: RecipeFlags = {}, options: SimulateFieldOptions = {}) => {
  const field = await simulateField("beads", flags, options);
  return { ...field, ...field.images.stack };
};

describe("review-beads", () => {
  it("is the review's experiment: 14 planes, sharpest at plane 7, beads at different heights", async () => {
    const field = await simulateField("review-beads");
    const { stack, truth } = field.images.stack;
    expect([stack.depth, stack.height, stack.width, stack.dtype]).toEqual([14, 256, 256, "uint16"]);
    expect([stack.pixelSize, stack.zStep]).toEqual([{ y: 0.325, x: 0.325 }, 1]);
    expect(stack.optics).toEqual({ na: 0.8, wavelength: 0.515, refractiveIndex: 1 });
    expect(field.planes).toEqual([-7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6]);
    expect(field.focusPlane).toBe(7);
    expect(textsOf(field.warnings).join()).toMatch(/0.325 um is coarser than the Nyquist limit, 0.161/);
    expect(stack.data.every((c) => Number.isInteger(c) && c >= 0 && c <= 65535)).toBe(true);
    const sharpness = each(truth).map((plane) => variance(plane));
    expect(Math.abs(indexOfMax(sharpness) - 7)).toBeLessThanOrEqual(1);
    expect(Math.max(...sharpness)).toBeGreaterThan(2.5 * Math.max(sharpness[0], sharpness[13]));
    const heights = field.objects.map(({ z }) => z);
    expect(heights.length).toBeGreaterThan(25);
    expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(7);
    // Brightest point, background, and noise about the truth.
    expect(truth.data.reduce((a, b) => Math.max(a, b))).toBeCloseTo(100 + 2 * (20 + 3000), 0);
    expect(truth.data.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(140);
    let sum = 0;
    for (let i = 0; i < truth.data.length; i++) {
      const electrons = (truth.data[i] - 100) / 2;
      sum += (stack.data[i] - truth.data[i]) ** 2 / (4 * (electrons + 1.5 ** 2) + 1 / 12);
    }
    expect(sum / truth.data.length).toBeCloseTo(1, 2);
  });
});

describe("fields", () => {
  it("are the same bytes whatever was made before, and other ones for another number or seed", async () => {
    const recipe = { ...shippedRecipe("beads"), size: 64, planes: 5, fields: 6 };
    const first = createSimulator(recipe);
    const forwards = [await first.field(0), await first.field(1), await first.field(7)];
    const second = createSimulator(first.recipe);
    const backwards = [await second.field(7), await second.field(1), await second.field(0)].reverse();
    expect(backwards).toEqual(forwards);
    expect(forwards[1].images.stack.stack.data).not.toEqual(forwards[0].images.stack.stack.data);
    const other = await createSimulator({ ...recipe, seed: 1 }).field(0);
    expect(other.images.stack.stack.data).not.toEqual(forwards[0].images.stack.stack.data);
  });

  it("keep their noise when another image is seen beside", async () => {
    const recipe = { ...shippedRecipe("beads"), size: 48, planes: 3 };
    const alone = await createSimulator(recipe).field(0);
    const both = { "a-first": { mode: "confocal" }, stack: { mode: "widefield" } };
    const beside = await createSimulator({ ...recipe, z_step: 1, images: both }).field(0);
    expect(Object.keys(beside.images)).toEqual(["a-first", "stack"]);
    // The confocal wants thinner slices, so that pixels are alike, not the same.
    expect(correlation(beside.images.stack.stack.data, alone.images.stack.stack.data)).toBeGreaterThan(0.99);
  });

  it("have things in focus where and at which height they say", async () => {
    for (const z of [-2, 0, 3]) {
      const flags: RecipeFlags = { size: 72, beads: 3, diameter: [1, 1], bead_kinds: ["solid"], planes: 11 };
      const { truth, objects } = await beads({ ...flags, depth_range: [z, z], seed: 3 });
      // Away from the border and from others.
      const inside = objects.filter((one) => Math.min(one.x, one.y, 23 - one.x, 23 - one.y) > 2);
      const alone = inside.find((a) => objects.every((b) => a === b || Math.hypot(a.x - b.x, a.y - b.y) > 4));
      if (!alone) throw new Error("no bead stands alone");
      const [column, row] = [alone.x, alone.y].map((v) => Math.round(v / 0.325));
      const axial = each(truth).map((plane) => plane[row * 72 + column]);
      expect(indexOfMax(axial)).toBe(5 + z);
      const around: [number, number][] = [];
      for (let y = row - 4; y <= row + 4; y++) for (let x = column - 4; x <= column + 4; x++) around.push([y, x]);
      const values = around.map(([y, x]) => planeOf(truth, 5 + z).data[y * 72 + x]);
      const [y, x] = around[indexOfMax(values)];
      expect(Math.abs(x * 0.325 - alone.x)).toBeLessThan(0.33);
      expect(Math.abs(y * 0.325 - alone.y)).toBeLessThan(0.33);
    }
  });

  it("look the same on both sides of focus, unless the objective is aberrated", async () => {
    const asymmetry = async (name: string) => {
      const flags: RecipeFlags = { ...small, depth_range: [0, 0], bead_kinds: ["solid"], planes: 7 };
      const { images } = await simulateField(name, flags);
      const { truth } = images.stack;
      const [above, below] = [planeOf(truth, 6).data, planeOf(truth, 0).data];
      return mean(above.map((v, i) => Math.abs(v - below[i]))) / Math.sqrt(variance(above));
    };
    expect(await asymmetry("review-beads")).toBeLessThan(1e-4);
    expect(await asymmetry("review-beads-aberrated")).toBeGreaterThan(0.05);
  });

  it("receive light from outside: out of focus, the rim is as bright as the middle", async () => {
    const flags: RecipeFlags = { size: 64, beads: 20, diameter: [1, 1.5], depth_range: [14, 16], planes: 1 };
    const { truth } = await beads({ ...flags, background: 0, offset: 0 });
    const rim: number[] = [];
    const middle: number[] = [];
    truth.data.forEach((v, i) => {
      const edge = Math.min(i % 64, 63 - (i % 64), Math.floor(i / 64), 63 - Math.floor(i / 64));
      if (edge < 6) rim.push(v);
      if (edge > 20) middle.push(v);
    });
    // Light cut at the border would leave half or less.
    expect(mean(rim) / mean(middle)).toBeGreaterThan(0.75);
    expect(mean(rim) / mean(middle)).toBeLessThan(1.33);
  });

  it("hold the beads that were asked for, on average, all of them inside", async () => {
    const counts: number[] = [];
    const recipe = createSimulator({ ...shippedRecipe("beads"), size: 64, planes: 1 }).recipe;
    const asked = (recipe.specimen as { beads?: number }).beads ?? 0;
    const { field } = createSimulator(recipe);
    for (let i = 0; i < 12; i++) {
      const { objects } = await field(i);
      counts.push(objects.length);
      for (const { x, y } of objects) for (const v of [x, y]) expect(v > -0.17 && v < 64 * 0.325 - 0.16).toBe(true);
    }
    expect(mean(counts) / ((asked * (64 * 0.325) ** 2) / 1e4)).toBeGreaterThan(0.6);
    expect(mean(counts) / ((asked * (64 * 0.325) ** 2) / 1e4)).toBeLessThan(1.4);
  });

  it("give the specimen itself on request: imaged again, it is the image", async () => {
    const { volume, truth } = await beads({ ...small, depth_range: [0, 0] }, { volume: true });
    if (!volume) throw new Error("no volume");
    expect([volume.height, volume.width]).toEqual([64, 64]);
    const projected = new Float32Array(64 * 64);
    volume.data.forEach((v, i) => {
      projected[i % (64 * 64)] += v;
    });
    expect(correlation(projected, planeOf(truth, 2).data)).toBeGreaterThan(0.9);
    expect((await beads(small)).volume).toBeUndefined();
  });

  it("report their progress and stop on request", async () => {
    const seen: number[] = [];
    await beads(small, { onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    const controller = new AbortController();
    const stopped = beads(small, {
      signal: controller.signal,
      onProgress: ({ done }) => done === 2 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  });
});

describe("several images of one specimen", () => {
  const seen = async (images: Record<string, { mode: string }>, flags: object = {}) =>
    createSimulator({ ...shippedRecipe("tissue"), size: 96, planes: 5, ...flags, images }).field(0);

  it("sections hold the same things with less out-of-focus light", async () => {
    const { images } = await seen({
      wide: { mode: "widefield" },
      confocal: { mode: "confocal" },
      sheet: { mode: "light-sheet" },
      grid: { mode: "structured-illumination" },
    });
    // Darkest against brightest parts: out-of-focus light raises the dark ones.
    const background = ({ truth }: { truth: Stack }) => {
      const sorted = truth.data.slice().sort();
      return (sorted[Math.floor(0.1 * sorted.length)] - 100) / (sorted[Math.floor(0.99 * sorted.length)] - 100);
    };
    const { wide, ...sections } = images;
    for (const [name, section] of Object.entries(sections)) {
      expect([name, background(section) < 0.6 * background(wide)]).toEqual([name, true]);
      expect([name, correlation(section.truth.data, wide.truth.data) > 0.4]).toEqual([name, true]);
    }
  });

  it("a grid gives three exposures, their phases, and the section that they make", async () => {
    const { images } = await seen({ grid: { mode: "structured-illumination" } });
    const { exposures = [], stack, truth, details } = images.grid;
    expect(exposures.map(({ name }) => name)).toEqual(["phase 1", "phase 2", "phase 3"]);
    const [a, b, c] = exposures.map((one) => one.stack.data);
    const i = 4321;
    const section = (Math.SQRT2 / 3) * Math.hypot(a[i] - b[i], b[i] - c[i], c[i] - a[i]);
    expect(stack.data[i]).toBeCloseTo(100 + section, 1);
    expect([stack.dtype, truth.dtype, exposures[0].stack.dtype]).toEqual(["float32", "float32", "uint16"]);
    expect(details).toMatchObject({ grid_per_um: [0, expect.any(Number)] });
  });

  it("HiLo gives an even and a speckled exposure of the same mean", async () => {
    const specimen = { kind: "beads", beads: 200, diameter: [3, 3], bead_kinds: ["solid"], depth_range: [0, 0] };
    const { images } = await seen({ hilo: { mode: "hilo" } }, { planes: 1, specimen });
    const [even, speckled] = images.hilo.exposures ?? [];
    expect(mean(speckled.stack.data) / mean(even.stack.data)).toBeCloseTo(1, 1);
    // Grains differ from even light by much more than photon noise does.
    const difference = speckled.stack.data.map((v, i) => v - even.stack.data[i]);
    const noise = 2 * (mean(even.stack.data) - 100);
    expect(variance(difference)).toBeGreaterThan(5 * 2 * noise);
  });

  it("holograms come with their field, whose intensity the in-line ones are", async () => {
    const field = await createSimulator({ ...shippedRecipe("holograms"), size: 128, planes: 3 }).field(0);
    const { "in-line": inLine, "off-axis": offAxis } = field.images;
    const { real, imag } = inLine.field ?? {};
    if (!real || !imag) throw new Error("no field");
    const intensity = real.data.map((v, i) => v * v + imag.data[i] ** 2);
    expect(correlation(intensity, inLine.truth.data)).toBeGreaterThan(0.9999);
    expect(variance(planeOf(imag, 1).data)).toBeGreaterThan(0.01);
    expect(offAxis.details).toMatchObject({ carrier_per_um: [expect.any(Number), expect.any(Number)] });
    expect(correlation(offAxis.truth.data, inLine.truth.data)).toBeLessThan(0.5);
  });

  it("transmitted light is dark where a specimen absorbs", async () => {
    const specimen = { kind: "beads", beads: 80, diameter: [4, 4], bead_kinds: ["solid"], depth_range: [0, 0] };
    const images = { lamp: { mode: "transmitted", absorption: 0.4, index_difference: 0 } };
    const field = await createSimulator({ name: "stained", size: 96, planes: 1, specimen, images }).field(0, {
      volume: true,
    });
    const shade = field.volume?.data.reduce((sums, v, i) => {
      sums[i % 9216] += v;
      return sums;
    }, new Float32Array(9216));
    expect(correlation(shade ?? [], field.images.lamp.truth.data)).toBeLessThan(-0.9);
  });
});

describe("shipped recipes", () => {
  it("are all complete, small enough for a tab of a browser, and have an aberrated variant", () => {
    for (const { name, summary } of shippedRecipes) {
      expect(summary.length).toBeGreaterThan(20);
      if (name === "stack") continue;
      const plain = createSimulator(shippedRecipe(name));
      const aberrated = createSimulator(shippedRecipe(`${name}-aberrated`));
      expect(plain.recipe.optics.spherical_aberration).toBe(0);
      expect(aberrated.recipe.optics.spherical_aberration).toBeGreaterThan(0.05);
      expect({ ...aberrated.recipe, optics: 0, name: 0, summary: 0 }).toEqual({
        ...plain.recipe,
        optics: 0,
        name: 0,
        summary: 0,
      });
    }
  });

  it("have one for each kind of specimen and each objective of the paper", () => {
    const names = shippedRecipes.map(({ name }) => name);
    const wanted = ["review-beads", "beads", "nuclei", "filaments", "mitochondria", "worm", "tissue", "stack"];
    const objectives = ["objective-20x-0.75", "objective-20x-0.8", "objective-40x-1.4", "objective-63x-1.4"];
    expect(names).toEqual(
      expect.arrayContaining([
        ...wanted,
        ...objectives,
        "wf-to-os-sim",
        "wf-to-confocal",
        "holograms",
        "cross-objective",
      ]),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it("a real stack is imaged where it lies", async () => {
    const depth = 9;
    const data = new Float32Array(depth * 40 * 40);
    for (let y = 15; y < 25; y++) for (let x = 18; x < 22; x++) data[(4 * 40 + y) * 40 + x] = 1000;
    const stack: Stack = {
      data,
      depth,
      height: 40,
      width: 40,
      dtype: "uint16",
      pixelSize: { y: 0.5, x: 0.5 },
      zStep: 1,
    };
    const { images } = await simulateField("stack", { size: 128 }, { stacks: { "stack.tif": stack } });
    const sharpness = each(images.stack.truth).map(variance);
    expect(indexOfMax(sharpness)).toBe(7);
    await expect(simulateField("stack")).rejects.toThrow(/stack.tif, but its pixels were not passed/);
  });
});

describe("stages and cameras", () => {
  const field = (flags: object) =>
    createSimulator({ ...shippedRecipe("beads"), size: 96, planes: 5, seed: 2, ...flags }).field(0);

  it("drift moves planes by what the truth says", async () => {
    const still = await field({});
    const moved = await field({ stage: { drift: [0.65, -0.325] } });
    expect(moved.stage.map(({ dy }) => Number((dy / 0.325).toFixed(6)))).toEqual([0, 2, 4, 6, 8]);
    const at = (f: typeof still, z: number, y: number, x: number) =>
      planeOf(f.images.stack.truth, z).data[y * 96 + x] - 140;
    const brightest = (f: typeof still) => f.images.stack.truth.data.reduce((a, b) => Math.max(a, b));
    const same: number[] = [];
    const back: number[] = [];
    for (let y = 20; y < 76; y++)
      for (let x = 20; x < 76; x++) {
        same.push(at(still, 4, y, x));
        back.push(at(moved, 4, y + 8, x - 4));
      }
    expect(correlation(same, back)).toBeGreaterThan(0.9999);
    expect(brightest(moved)).toBeCloseTo(brightest(still), 0);
  });

  it("wrong steps, bleaching and flicker are in the truth as they are in the planes", async () => {
    const { stage, images } = await field({ stage: { z_error: 0.3, bleaching: 0.2, flicker: 0.05 } });
    const errors = stage.map(({ z }, i) => z - (i - 2));
    expect(Math.max(...errors.map(Math.abs))).toBeGreaterThan(0.1);
    const light = each(images.stack.truth).map((plane) => mean(plane) - 140);
    const wanted = stage.map(({ brightness }) => brightness);
    expect(wanted[4]).toBeLessThan(0.6);
    // Wrong steps change what light the field gets by some per cent; bleaching takes 59 % of it.
    for (let z = 1; z < 5; z++) expect(Math.abs(light[z] / light[0] / (wanted[z] / wanted[0]) - 1)).toBeLessThan(0.1);
  });

  it("a tilted specimen is in focus along a line", async () => {
    const specimen = { kind: "beads", beads: 300, diameter: [0.6, 0.6], bead_kinds: ["solid"], depth_range: [0, 0] };
    const { images } = await field({ specimen, size: 128, stage: { tilt: [0, 8] }, planes: 7 });
    const sharpness = (z: number, from: number, to: number) => {
      const plane = planeOf(images.stack.truth, z).data;
      return variance(plane.filter((_, i) => i % 128 >= from && i % 128 < to));
    };
    const best = (from: number, to: number) => indexOfMax([0, 1, 2, 3, 4, 5, 6].map((z) => sharpness(z, from, to)));
    // tan 8 degrees x 15.6 um is 2.2 um.
    expect(best(48, 80)).toBe(3);
    expect(Math.abs(best(0, 32) - 5.2)).toBeLessThan(1);
    expect(Math.abs(best(96, 128) - 0.8)).toBeLessThan(1);
    const wrong = { stage: { tilt: [0, 8] }, images: { a: { mode: "structured-illumination" } } };
    await expect(async () => field(wrong)).rejects.toThrow(
      /stage\.tilt is \[0,8\]: a tilt cannot be simulated for image a/,
    );
  });

  it("a second image lies where its registration puts it, and a camera has its faults", async () => {
    const camera = { hot_pixels: 0.01, bit_depth: 10, photons: 3000, vignetting: 0.5 };
    const images = {
      one: { mode: "widefield" },
      two: { mode: "widefield", camera, registration: { shift: [1.3, 0] } },
    };
    const { one, two } = (await field({ images })).images;
    const cut = (stack: Stack, shift: number) => planeOf(stack, 2).data.slice((10 + shift) * 96, (80 + shift) * 96);
    expect(correlation(cut(one.truth, 0), cut(two.truth, 4))).toBeGreaterThan(0.999);
    expect(two.stack.data.reduce((a, b) => Math.max(a, b))).toBe(1023);
    expect(one.stack.data.reduce((a, b) => Math.max(a, b))).toBeGreaterThan(4000);
  });
});
