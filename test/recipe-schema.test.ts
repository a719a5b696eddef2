/** What is wrong with a recipe is told in one sentence, before anything is computed. */
// cspell:ignore optcs beeds
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParfocalError } from "../src/errors.ts";
import { fieldCounts, splitOf, viewOfField } from "../src/simulate/assign-fields.ts";
import { editDistance, nearestKey } from "../src/simulate/nearest-key.ts";
import { changeRecipe, type RecipeFlags } from "../src/simulate/recipe-flags.ts";
import { recipeFromYaml, recipeToYaml } from "../src/simulate/recipe-yaml.ts";
import { resolveRecipe, viewsOf } from "../src/simulate/resolve-recipe.ts";
import { setKey } from "../src/simulate/set-key.ts";
import { shippedRecipe, shippedRecipes } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";

const beads = { name: "x", specimen: { kind: "beads" } };
const messageOf = (recipe: unknown): string => {
  try {
    createSimulator(recipe);
  } catch (error) {
    expect(error).toBeInstanceOf(ParfocalError);
    expect((error as ParfocalError).exitCode).toBe(2);
    return (error as Error).message;
  }
  return "nothing was refused";
};

describe("a wrong recipe", () => {
  it.each([
    [{ ...beads, optcs: {} }, /Recipe x: there is no key optcs; did you mean optics\? The known keys are .*specimen/],
    [{ ...beads, specimen: { kind: "beads", bead: 3 } }, /no key specimen\.bead; did you mean beads\?/],
    [{ ...beads, specimen: { kind: "beeds" } }, /specimen\.kind is "beeds": .*did you mean beads\?/],
    [
      { ...beads, images: { a: { mode: "wide-field" } } },
      /images\.a\.mode is "wide-field": .*did you mean widefield\?/,
    ],
    [
      { ...beads, images: { a: { mode: "confocal", pin_hole: 1 } } },
      /no key images\.a\.pin_hole; did you mean pinhole\?/,
    ],
    [
      { ...beads, images: { a: { mode: "widefield", optics: { NA: 1 } } } },
      /no key images\.a\.optics\.NA; did you mean na\?/,
    ],
    [{ ...beads, camera: { photon: 3 } }, /no key camera\.photon; did you mean photons\?/],
    [
      { ...beads, objectives: [{ name: "a", pixelsize: 3 }] },
      /no key objectives\.0\.pixelsize; did you mean pixel_size\?/,
    ],
    [{ ...beads, zzzzzzzz: 1 }, /there is no key zzzzzzzz\. The known keys/],
    [{ ...beads, planes: 0 }, /planes is 0/],
    [{ ...beads, recipe_version: 2 }, /recipe_version is 2/],
    [{ ...beads, seed: -1 }, /seed is -1/],
    [{ ...beads, split: { train: 1, val: 1, test: 1 } }, /shares that add up to 1/],
    [{ ...beads, images: {} }, /at least one image/],
    [{ ...beads, specimen: { kind: "beads", depth_range: [3, -3] } }, /specimen\.depth_range is \[3,-3\]: .*low first/],
    [{ ...beads, camera: { photons: "many" } }, /camera\.photons is "many"/],
    [{ ...beads, planes: 3, focus_plane: 3 }, /focus_plane is 3: expected an index below planes, 3/],
    [{ ...beads, optics: { na: 1.2 } }, /optics\.na is 1\.2: expected below the refractive index 1; .*1\.333/],
    [{ ...beads, objectives: [{ name: "a", optics: { na: 1.2 } }] }, /objectives\.a\.optics\.na is 1\.2/],
    [{ ...beads, optics: { depth: 5 } }, /`depth` has no effect on a scalar PSF/],
    [
      { ...beads, size: 16 },
      /the PSF of image stack is 18\.7 um wide 7\.00 um from focus, which is wider than the field of 16/,
    ],
    [{ name: "x" }, /specimen is missing: give one, such as/],
    [{ ...beads, name: "../x" }, /name is "\.\.\/x": expected letters/],
    [{ ...beads, specimens: [{ name: "a", test_only: true, specimen: { kind: "beads" } }] }, /all are test_only/],
    [{ ...beads, objectives: [{ name: "a" }, { name: "a" }] }, /objectives is "a": two entries have this name/],
    [{ ...beads, size: 20000 }, /needs about [\d.e+]+ GiB of memory, and 2\.00 GiB are allowed/],
    [3, /expected object, received number/],
    [null, /the value is null/],
  ])("%j", (recipe, message) => {
    expect(messageOf(recipe)).toMatch(message);
  });

  it("a specimen of which nothing lies in the box", async () => {
    expect(messageOf({ ...beads, specimen: { kind: "beads", beads: 0 } })).toMatch(/specimen\.beads is 0/);
    const dark = {
      kind: "worm",
      head_neurons: 0,
      cord_neurons: 0,
      tail_neurons: 0,
      granules: 0,
      neurites: 0,
      body_autofluorescence: 0,
    };
    const empty = createSimulator({ ...beads, size: 64, planes: 3, specimen: dark }).field(0);
    await expect(empty).rejects.toThrow(/nothing of it lies in the volume/);
  });
});

describe("a resolved recipe", () => {
  it("resolves to itself, also through YAML", () => {
    for (const { name } of shippedRecipes) {
      const resolved = resolveRecipe(shippedRecipe(name));
      expect(resolveRecipe(resolved)).toEqual(resolved);
      expect(resolveRecipe(recipeFromYaml(recipeToYaml(resolved), "recipe.yaml"))).toEqual(resolved);
    }
  });

  it("puts what images and objectives say over what the recipe says", () => {
    const recipe = resolveRecipe({
      ...beads,
      optics: { na: 0.5, wavelength: 0.6 },
      camera: { photons: 10 },
      objectives: [{ name: "a", pixel_size: 0.2, planes: 5, optics: { na: 0.6 } }, { name: "b" }],
      images: { one: { mode: "widefield" }, two: { mode: "widefield", optics: { na: 0.7 }, camera: { gain: 3 } } },
    });
    const [a, b] = viewsOf(recipe);
    expect([a.pixelSize, a.planes, a.focusPlane, b.pixelSize, b.planes]).toEqual([0.2, 5, 2, 0.325, 14]);
    const nas = [a, b].map(({ images }) => images.map(({ optics }) => [optics.na, optics.wavelength]));
    expect(nas).toEqual([
      [
        [0.6, 0.6],
        [0.7, 0.6],
      ],
      [
        [0.5, 0.6],
        [0.7, 0.6],
      ],
    ]);
    expect(a.images[1].camera).toMatchObject({ photons: 10, gain: 3, offset: 100 });
  });
});

describe("flags and single keys", () => {
  const count = (flags: RecipeFlags, keys: [string, unknown][] = []) =>
    resolveRecipe(changeRecipe(shippedRecipe("beads"), flags, keys));

  it("reach the part that they belong to", () => {
    const recipe = count({ size: 64, na: 0.5, photons: 9, diameter: [2, 3], seed: 4 }, [
      ["images.stack.mode", "confocal"],
    ]);
    expect(recipe).toMatchObject({ size: 64, seed: 4, optics: { na: 0.5 }, camera: { photons: 9 } });
    expect(recipe.specimen).toMatchObject({ diameter: [2, 3] });
    expect(recipe.images.stack).toMatchObject({ mode: "confocal", pinhole: 1 });
  });

  it("beads are counted in the field", () => {
    const { specimen } = count({ size: 100, pixel_size: 0.5, beads: 12 });
    expect(specimen).toMatchObject({ beads: (12 * 1e4) / 50 ** 2 });
  });

  it("are refused where they are unknown, belong elsewhere, or would have no effect", () => {
    expect(() => count({ nA: 3 } as RecipeFlags)).toThrow(/no key nA; did you mean na\?/);
    expect(() => resolveRecipe(changeRecipe(shippedRecipe("worm"), { beads: 3 }))).toThrow(/no key specimen\.beads/);
    expect(() => changeRecipe(shippedRecipe("cross-objective"), { na: 0.5 })).toThrow(
      /na would have no effect.*objectives\.0\.optics\.na/,
    );
    expect(() => setKey({ size: 3 }, "size.x", 1)).toThrow(/size is 3, which has no keys/);
    expect(() => setKey({ list: [1] }, "list.4", 1)).toThrow(/4 is not an index of a list of 1/);
    expect(setKey({ list: [1, 2], a: { b: 1 } }, "list.1", 5)).toEqual({ list: [1, 5], a: { b: 1 } });
  });
});

describe("which field goes where", () => {
  it("adds up, keeps near the shares, and leaves no part empty", () => {
    const share = fc.integer({ min: 0, max: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), share, share, share, (fields, a, b, c) => {
        const total = a + b + c;
        fc.pre(total > 0);
        const split = { train: a / total, val: b / total, test: c / total };
        const counts = fieldCounts(fields, split);
        expect(counts.train + counts.val + counts.test).toBe(fields);
        for (const part of ["train", "val", "test"] as const) {
          if (split[part] === 0) expect(counts[part]).toBe(0);
          else if (fields >= 3) expect(counts[part]).toBeGreaterThanOrEqual(1);
          expect(Math.abs(counts[part] - fields * split[part])).toBeLessThanOrEqual(2);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("keeps objectives and specimens apart", () => {
    const recipe = resolveRecipe(shippedRecipe("cross-objective"));
    const views = viewsOf(recipe);
    const seen = { train: new Set<string>(), val: new Set<string>(), test: new Set<string>() };
    for (let i = 0; i < recipe.fields; i++) {
      const { objective, specimen } = viewOfField(recipe, views, i);
      seen[splitOf(recipe, i)].add(`${objective} ${specimen}`);
    }
    for (const part of [seen.train, seen.val]) for (const one of part) expect(one).not.toMatch(/40x|nuclei/);
    for (const one of seen.test) expect(one).toMatch(/40x|nuclei/);
    expect(seen.train.size).toBe(6);
    expect(seen.test.size).toBe(6);
    // Beyond the recipe's own fields there is more to train on.
    for (let i = 0; i < 12; i++) {
      const { objective, specimen } = viewOfField(recipe, views, recipe.fields + i);
      expect(`${objective} ${specimen}`).not.toMatch(/40x|nuclei/);
    }
  });
});

describe("nearest words", () => {
  it("measure insertions, deletions and replacements", () => {
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
      { seed: 2 },
    );
  });

  it("are only suggested when they are near", () => {
    expect(nearestKey("pixelSize", ["size", "pixel_size"])).toBe("pixel_size");
    expect(nearestKey("haze", ["photons", "gain"])).toBeUndefined();
  });
});
