/** Leave-one-out: who is trained on what, that nothing judged is trained on, and what the gains say. */
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { gainMatrix } from "../src/figures/gain-matrix.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { viewOfField } from "../src/simulate/assign-fields.ts";
import { cellsOf, recipeOfCells, setAside } from "../src/simulate/leave-out-recipe.ts";
import { resolveRecipe, viewsOf } from "../src/simulate/resolve-recipe.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import type { Candidate } from "../src/study/candidate.ts";
import { gainOverBaseline } from "../src/study/gain-over-baseline.ts";
import { isResampled, resamplingAlone } from "../src/study/resampling-alone.ts";
import { openStudiedStack } from "../src/study/studied-stack.ts";
import { keysForAll } from "../src/tasks/generalise/leave-one-out-keys.ts";
import { type Gain, isSeen, leaveOneOut, summariseGains } from "../src/tasks/generalise/leave-one-out-plan.ts";
import { recipeSource } from "../src/tasks/generalise/leave-one-out-recipe.ts";
import { stacksSource } from "../src/tasks/generalise/leave-one-out-stacks.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { recipeFields } from "../src/train/data/recipe-fields.ts";
import { identity } from "./helpers/constructed-candidates.ts";
import { blurredStack } from "./helpers/tiny.ts";
import { tinyObjectives } from "./helpers/tiny-objectives.ts";

const crossObjective = resolveRecipe(shippedRecipe("cross-objective"));
const cell = (objective: string, specimen: string) => ({
  name: `${objective}, ${specimen}`,
  groups: { objective, specimen },
});
const four = [cell("low", "beads"), cell("low", "nuclei"), cell("high", "beads"), cell("high", "nuclei")];

describe("the plan", () => {
  it("is one model for everything, and one without each objective and each specimen", () => {
    const plan = leaveOneOut(four, ["objective", "specimen"]);
    expect(plan.map(({ name }) => name)).toEqual([
      "all",
      "without-low",
      "without-high",
      "without-beads",
      "without-nuclei",
    ]);
    const seen = plan.map((model) => four.filter((data) => isSeen(model, data)).map(({ name }) => name));
    expect(seen).toEqual([
      four.map(({ name }) => name),
      ["high, beads", "high, nuclei"],
      ["low, beads", "low, nuclei"],
      ["low, nuclei", "high, nuclei"],
      ["low, beads", "high, beads"],
    ]);
    expect(leaveOneOut(four, ["objective"])).toHaveLength(3);
  });

  it("gives folders names that no two have, and that stay in their folder", () => {
    const data = [cell("a", "a"), cell("../b c", "d"), cell("b c", "d"), cell("b-c", "d")];
    const names = leaveOneOut(data, ["objective", "specimen"]).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.slice(1, 3)).toEqual(["without-objective-a", "without-..-b-c"]);
    for (const name of names) expect(name).toMatch(/^[\w.-]+$/);
  });
});

describe("what the gains say", () => {
  const plan = leaveOneOut(four, ["objective"]);
  /** Gains of each model on the four data sets. */
  const gainsOf = (rows: Record<string, (number | undefined)[]>): Gain[] =>
    plan.flatMap((model) =>
      four.map((data, i) => ({
        model: model.name,
        data: data.name,
        seen: isSeen(model, data),
        gain_db: rows[model.name][i],
        gain_ssim: undefined,
        gain_detail: undefined,
        gain_over_input_db: undefined,
        width_recovered: undefined,
      })),
    );
  const about = (rows: Record<string, (number | undefined)[]>, value?: string) => {
    const found = summariseGains(plan, four, gainsOf(rows)).find((one) => one.value === value);
    if (!found) throw new Error("nothing was said");
    return found;
  };

  it("compares seen and unseen on the same data, and says what it costs", () => {
    const rows = { all: [4, 6, 1, 3], "without-low": [2, 3, 9, 9], "without-high": [6, 8, 0.5, 1] };
    expect(about(rows, "low")).toEqual({
      kind: "objective",
      value: "low",
      left_out_db: 2.5,
      seen_db: 6,
      seen_range_db: [5, 7],
      resampling_db: 0,
      elsewhere_db: 9,
      drop_db: 3.5,
      share_kept: 2.5 / 6,
      generalises: false,
    });
    expect(about(rows, "high")).toMatchObject({ left_out_db: 0.75, seen_db: 5.5, elsewhere_db: 7, generalises: false });
    expect(about(rows)).toMatchObject({ kind: "objective", left_out_db: 1.625, seen_db: 5.75, elsewhere_db: 8 });
  });

  it.each<[string, number | undefined, number | undefined, boolean | undefined]>([
    ["at half of what was gained with it", 2, 4, true],
    ["just below", 1.99, 4, false],
    ["more than with it", 5, 4, true],
    ["a loss", -0.1, 4, false],
    ["nothing, where nothing is gained with it either", 0, 0, undefined],
    ["a gain, where models that saw it lose", 1, -1, undefined],
    ["not scored", undefined, 4, undefined],
    ["not scored where it was seen", 3, undefined, undefined],
  ])("generalises? %s: %s of %s dB", (_, left, seen, verdict) => {
    const rows = { all: [seen, seen, 4, 4], "without-low": [left, left, 4, 4], "without-high": [seen, seen, 4, 4] };
    expect(about(rows, "low").generalises).toBe(verdict);
  });

  it("with objectives and specimens left out, each data set counts as much, however many models saw its like", () => {
    const both = leaveOneOut(four, ["objective", "specimen"]);
    // On beads of the low objective 6 dB by three models, on nuclei 1, 2 and 6 dB.
    const rows: Record<string, number[]> = {
      all: [6, 1],
      "without-high": [6, 2],
      "without-nuclei": [6, 9],
      "without-beads": [9, 6],
      "without-low": [3, 3],
    };
    const gains = both.flatMap(({ name }) =>
      four.slice(0, 2).map((data, i) => ({ model: name, data: data.name, gain_db: rows[name][i] })),
    );
    const [low, , beads] = summariseGains(both, four, gains);
    expect(low).toMatchObject({ value: "low", left_out_db: 3, seen_db: (6 + 3) / 2, seen_range_db: [3.5, 6] });
    // Of the nuclei, the model without beads saw the high objective alone with the low one's.
    expect(beads).toMatchObject({ value: "beads", left_out_db: 9, seen_db: 6 });
  });

  it("what resampling alone gains is no merit of a model", () => {
    const rows = { all: [4, 2, 4, 4], "without-low": [2.6, 1.4, 4, 4], "without-high": [4, 2, 4, 4] };
    const judge = (low: number) => {
      const alone = { "low, beads": low, "low, nuclei": -3, "high, beads": 9 };
      return summariseGains(plan, four, gainsOf(rows), alone)[0];
    };
    // 2 of 3 dB; where resampling loses, the untouched input is what a model must beat.
    expect(judge(0)).toMatchObject({ resampling_db: 0, share_kept: 2 / 3, generalises: true });
    // Beyond the 1.5 dB that are had without: 0.5 of 1.5 dB.
    expect(judge(3)).toMatchObject({
      left_out_db: 2,
      seen_db: 3,
      resampling_db: 1.5,
      drop_db: 1,
      share_kept: 1 / 3,
      generalises: false,
    });
    expect(judge(8)).toMatchObject({ resampling_db: 4, share_kept: undefined, generalises: undefined });
  });

  it("a data set that could not be scored is left out of the means", () => {
    const rows = {
      all: [4, undefined, 4, 4],
      "without-low": [3, undefined, 4, 4],
      "without-high": [4, Number.NaN, 4, 4],
    };
    expect(about(rows, "low")).toMatchObject({ left_out_db: 3, seen_db: 4, generalises: true });
  });

  it("the matrix colours gains, marks what is asked for, and has a dash for what is not known", () => {
    const matrix = gainMatrix(
      [
        { model: "a", data: "x", value: 1.26 },
        { model: "a", data: "y", value: -0.5, mark: "unseen" },
        { model: "b", data: "y", value: Number.NaN },
      ],
      { caption: "", unit: " dB", digits: 1 },
    );
    expect(matrix.questions).toEqual(["x", "y"]);
    expect(matrix.rows).toEqual([
      {
        label: "a",
        answers: [
          { text: "+1.3 dB", good: true },
          { text: "\u22120.5 dB unseen", good: false },
        ],
      },
      { label: "b", answers: [undefined, undefined] },
    ]);
  });
});

describe("what a candidate gains", () => {
  const stack = { ...blurredStack(7, 64, 64, 3), zStep: 1 };
  const studied = openStudiedStack("stack", stack, { sharpest: 1 });
  /** Halves the error of every pixel. */
  const halfway: Candidate = {
    name: "halfway",
    kind: "constructed",
    task: "refocus",
    range: [-3, 3],
    offsets: [0],
    make: async (from, _, requests) =>
      requests.map(({ plane, distance }) => {
        const [input, target] = [planeOf(from, plane), planeOf(from, plane + distance)];
        return { ...input, data: input.data.map((value, i) => (value + target.data[i]) / 2) };
      }),
  };

  it("is 20 log10(2) dB over the untouched input for one that halves the error, over the planes within its range but the one in focus", async () => {
    const { means, widthRecovered, example, against } = await gainOverBaseline(halfway, { studied, whole: stack });
    // Planes 0 and 2 to 4.
    expect(means?.planes).toBe(4);
    expect((means?.output.psnr ?? 0) - (means?.input.psnr ?? 0)).toBeCloseTo(20 * Math.log10(2), 4);
    // The baseline may be the input smoothed, and is never below it.
    expect(means?.baseline.psnr).toBeGreaterThanOrEqual(means?.input.psnr ?? Number.POSITIVE_INFINITY);
    expect((means?.output.psnr ?? 0) - (means?.baseline.psnr ?? 0)).toBeGreaterThan(0);
    expect(means?.detail.output).toBeGreaterThan(means?.baseline.detail ?? Number.POSITIVE_INFINITY);
    expect(against).toBe("sharpest plane");
    expect(widthRecovered).toBeGreaterThan(0.2);
    // Three quarters of the way to 3 um.
    expect(example).toMatchObject({ plane: 3, distance: -2 });
    const { input, output, target } = example as NonNullable<typeof example>;
    expect([...target.data]).toEqual([...planeOf(stack, 1).data]);
    expect([...input.data]).toEqual([...planeOf(stack, 3).data]);
    expect(output.data[99]).toBeCloseTo((input.data[99] + target.data[99]) / 2, 2);
  });
});

describe("resampling alone", () => {
  const fine = { ...blurredStack(5, 96, 96, 1), pixelSize: { y: 0.1, x: 0.1 } };
  const model: Candidate = { ...identity, pixelSize: 0.3, range: [-2, 2] };

  it("shows what a model's pixels take and give: noise goes, and so does detail", async () => {
    const random = new Random(5);
    const flat = { ...fine, data: fine.data.map(() => 1000 + 100 * random.normal()) };
    const [plane] = await resamplingAlone(model).make(flat, flat, [{ plane: 2, distance: 1 }]);
    const sigma = (data: Float32Array): number => {
      const mean = data.reduce((a, b) => a + b) / data.length;
      expect(mean).toBeCloseTo(1000, -1);
      return Math.sqrt(data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length);
    };
    expect(sigma(plane.data)).toBeLessThan(45);
    expect(plane.data.length).toBe(96 * 96);
    const [dots] = await resamplingAlone(model).make(fine, fine, [{ plane: 0, distance: 0 }]);
    expect(Math.max(...dots.data)).toBeLessThan(0.8 * Math.max(...planeOf(fine, 0).data));
  });

  it("is asked for what the model is asked for, and changes nothing where pixels are alike", async () => {
    const alone = resamplingAlone({ ...model, pixelSize: 0.101 });
    expect(alone).toMatchObject({ task: "refocus", range: [-2, 2], offsets: [0] });
    const [plane] = await alone.make(fine, fine, [{ plane: 1, distance: 1 }]);
    expect([...plane.data]).toEqual([...planeOf(fine, 1).data]);
    expect([isResampled(fine, model), isResampled(fine, alone), isResampled(fine, identity)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("recipes of some objectives and specimens", () => {
  const without = (objective: string) => cellsOf(crossObjective).filter((one) => one.objective !== objective);

  it("of cross-objective there are twelve; what is left out is never trained on, and all else in turn, test_only or not", () => {
    expect(cellsOf(crossObjective)).toHaveLength(12);
    const recipe = recipeOfCells(crossObjective, without("63x-1.4"), "without-63x");
    const views = viewsOf(recipe);
    const { fields } = recipe;
    const drawn = Array.from({ length: 18 }, (_, i) => viewOfField(recipe, views, fields + i));
    const names = drawn.map(({ objective, specimen }) => `${objective}, ${specimen}`);
    expect(new Set(names).size).toBe(9);
    expect(names.filter((name) => name.includes("63x"))).toEqual([]);
    expect(names.filter((name) => name.includes("40x-1.4, nuclei"))).toHaveLength(2);
    expect(() => recipeOfCells(crossObjective, [], "none")).toThrow(/nothing is left to train on/);
  });

  it("what is set aside shows its cell, twice no number, and is trained on in none of them", async () => {
    const cells = cellsOf(crossObjective);
    const whole = recipeOfCells(crossObjective, cells, "whole");
    const numbers = cells.map((_, i) => setAside(crossObjective, i, 16));
    const all = numbers.flatMap(({ validation, judged }) => [validation, ...judged]);
    expect(new Set(all).size).toBe(12 * 17);
    const views = viewsOf(whole);
    for (const [i, { validation, judged }] of numbers.entries()) {
      for (const index of [validation, ...judged]) expect(viewOfField(whole, views, index)).toMatchObject(cells[i]);
    }
    for (const some of [cells, without("63x-1.4"), [cells[0]]]) {
      const asked: number[] = [];
      const make = async (index: number): Promise<never> => {
        asked.push(index);
        throw new Error("not simulated");
      };
      const source = recipeFields(recipeOfCells(crossObjective, some, "some"), make, { anyPixelSize: true });
      for (let i = 0; i < 20; i++) await source.field(i).catch(() => undefined);
      expect(new Set(asked).size).toBe(20);
      expect(asked.filter((index) => all.includes(index))).toEqual([]);
    }
    expect(() => setAside(crossObjective, 0, 17)).toThrow(/is 17; expected 1 to 16/);
    expect(() => setAside(crossObjective, 0, 0)).toThrow(/is 0; expected 1 to 16/);
  });
});

describe("a recipe to leave one out of", () => {
  it("judges fields that are neither validated nor trained on, and never shows a model what it shall not see", async () => {
    const progress: number[] = [];
    const source = await recipeSource(nodeContext, { recipe: tinyObjectives, fields: 1 }, "refocus");
    const opened = await source.open({ onProgress: ({ done, total }) => progress.push(done / total) });
    expect(source.kinds).toEqual(["objective", "specimen"]);
    expect(source.data.map(({ name }) => name)).toEqual([
      "low, beads",
      "low, filaments",
      "high, beads",
      "high, filaments",
    ]);
    expect(source.stackKinds.map(({ name, pixelSize }) => [name, pixelSize])).toEqual([
      ["low", 0.4],
      ["high", 0.2],
    ]);
    expect(progress.at(-1)).toBe(1);
    const plan = leaveOneOut(source.data, source.kinds);
    const text = (stack: Stack): string => [...stack.data.subarray(0, 500)].join();
    const judged = new Set(opened.data.flatMap(({ images }) => images.map(({ whole }) => text(whole))));
    expect(judged.size).toBe(4);
    for (const model of plan.slice(0, 3)) {
      const training = await opened.open(model);
      try {
        const { samples, fields } = training;
        const drawn = await Promise.all([0, 1, 2, 3].map((i) => fields?.field(i)));
        const stacks = [...samples, ...drawn].map((one) => (one as (typeof samples)[number]).stack);
        expect(stacks.filter((stack) => judged.has(text(stack)))).toEqual([]);
        expect(new Set(stacks.map(text)).size).toBe(stacks.length);
        const pixels = new Set(stacks.map(({ pixelSize }) => pixelSize?.x));
        const left = model.leftOut?.value;
        expect([...pixels].sort()).toEqual([0.2, 0.4].filter((size) => size !== { low: 0.4, high: 0.2 }[left ?? ""]));
        expect(samples).toHaveLength(left === undefined ? 4 : 2);
        // What is written beside the run tells which recipe it was.
        expect(fields?.description).toContain(`name: tiny-${model.name}`);
      } finally {
        await training.close();
      }
    }
    // Refocusing is judged to the plane at the nominal focus, whichever looks sharpest.
    for (const { groups, images } of opened.data) {
      expect(images[0].whole.pixelSize?.x).toBe(groups.objective === "low" ? 0.4 : 0.2);
    }
    for (const { images } of opened.data) expect(images[0].studied.sharpest).toBe(3);
  });
});

describe("stacks to leave one out of", () => {
  /** Every pixel of a stack tells its place: the stack's number x 1e6 + column + 1000 row. */
  const numbered = (which: number, height: number, width: number): Stack => ({
    data: Float32Array.from({ length: 3 * height * width }, (_, i) => {
      const at = i % (height * width);
      return 1e6 * which + (at % width) + 1000 * Math.floor(at / width);
    }),
    ...{ depth: 3, height, width, zStep: 1, pixelSize: { y: 0.3, x: 0.3 }, dtype: "float32" },
  });
  const samples = [
    { name: "folder/a.tif", stack: numbered(1, 100, 200), target: numbered(1, 100, 200) },
    { name: "other/a.tif", stack: numbered(2, 170, 100), target: numbered(2, 170, 100) },
    { name: "c.ome.tif", stack: numbered(3, 64, 100), target: numbered(3, 64, 100) },
  ];

  it("judges a part of each that nobody trains on, and leaves out what it shall, targets and all", async () => {
    const source = stacksSource({ samples });
    expect(source.data.map(({ name }) => name)).toEqual(["a", "a-2", "c"]);
    const { data, open } = await source.open({});
    const judged = data.map(({ images: [{ studied }] }) => new Set(studied.stack.data));
    expect(data.map(({ images: [{ studied }] }) => [studied.stack.height, studied.stack.width])).toEqual([
      [100, 60],
      [51, 100],
      // No less than a study needs.
      [64, 48],
    ]);
    for (const { images } of data) {
      expect([...(images[0].studied.truth?.data ?? [])]).toEqual([...images[0].studied.stack.data]);
      expect(images[0].whole.data.length).toBeGreaterThan(images[0].studied.stack.data.length);
    }
    for (const model of leaveOneOut(source.data, ["stack"])) {
      const { samples: trained, fields } = await open(model);
      expect(fields).toBeUndefined();
      const names = ["a", "a-2", "c"].filter((name) => name !== model.leftOut?.value);
      expect(trained.map(({ name }) => name)).toEqual(names);
      for (const { name, stack, target } of trained) {
        const i = ["a", "a-2", "c"].indexOf(name);
        const places = new Set(stack.data);
        expect([...places].filter((place) => judged[i].has(place))).toEqual([]);
        // Together they are all of it.
        expect(places.size + judged[i].size).toBe(samples[i].stack.height * samples[i].stack.width);
        expect([...(target?.data ?? [])]).toEqual([...stack.data]);
      }
    }
  });

  it("leaves out all stacks of a slide together", async () => {
    const source = stacksSource({ samples, slides: ["old", "old", "new"] });
    expect(source.kinds).toEqual(["stack", "slide"]);
    const [, withoutOld, withoutNew] = leaveOneOut(source.data, ["slide"]);
    const { open } = await source.open({});
    expect((await open(withoutOld)).samples.map(({ name }) => name)).toEqual(["c"]);
    expect((await open(withoutNew)).samples.map(({ name }) => name)).toEqual(["a", "a-2"]);
  });

  it.each<[string, Parameters<typeof stacksSource>[0], RegExp]>([
    ["one stack", { samples: samples.slice(0, 1) }, /needs two stacks or more, but only 1/],
    ["slides that do not fit", { samples, slides: ["old"] }, /3 stacks but 1 slides/],
    [
      "a stack too small to be judged",
      { samples: [samples[0], { name: "s.tif", stack: numbered(4, 40, 60) }] },
      /s: it has 40 x 48 pixels.*48 x 48/,
    ],
    [
      "a target of another size",
      { samples: [samples[0], { ...samples[1], target: numbered(4, 60, 60) }] },
      /other.a.tif has 3 planes of 170 x 100 pixels and its target 3 planes of 60 x 60 pixels/,
    ],
  ])("refuses %s", (_, data, message) => {
    expect(() => stacksSource(data)).toThrow(message);
  });
});

describe("keys that suit all stacks", () => {
  const kind = (pixelSize: number, zStep: number, planes: number) => ({ name: "", pixelSize, zStep, planes });

  it("of cross-objective: pixels between the smallest and the largest, as far as the thinnest stack goes, two planes that every stack has", () => {
    const views = viewsOf(crossObjective).map((view) => ({ name: "", ...view }));
    expect(keysForAll({}, views)).toEqual({
      model_pixel_size: 0.325,
      distance_range: [-1, 1.9],
      input_offsets: [0, 0.9],
    });
    expect(keysForAll({ method: "unet" }, views)).toEqual({ method: "unet", model_pixel_size: 0.325 });
    expect(keysForAll({ method: "recurrent-mz" }, views)).toMatchObject({ plane_range: [-1, 1] });
  });

  it("what is given wins, and like pixels are not resampled", () => {
    expect(keysForAll({ input_offsets: [0], seed: 1 }, [kind(0.3, 0.5, 45), kind(0.302, 0.5, 30)])).toEqual({
      distance_range: [-3.5, 3.5],
      input_offsets: [0],
      seed: 1,
    });
    expect(keysForAll({}, [kind(0.3, 0.5, 45)]).input_offsets).toEqual([0, 2]);
  });

  it("one plane where no distance is common", () => {
    expect(keysForAll({}, [kind(0.3, 2, 3), kind(0.3, 0.7, 5)]).input_offsets).toEqual([0]);
  });
});
