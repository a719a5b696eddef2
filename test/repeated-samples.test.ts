/** A stack that is given twice must not be trained on and validate as well. */
import { describe, expect, it } from "vitest";
import { runThrough } from "../src/array/breathe.ts";
import type { NamedStack } from "../src/image/named-stack.ts";
import { stacksSource } from "../src/tasks/generalise/leave-one-out-stacks.ts";
import { pairedSources } from "../src/train/data/paired-data.ts";
import { isSameStack, withoutRepeated } from "../src/train/data/repeated-samples.ts";
import { createLearner } from "../src/train/model-pixels.ts";
import { textsOf } from "./helpers/texts.ts";
import { blurredStack, tinyConfig } from "./helpers/tiny.ts";

const [one, two] = [1, 2].map((seed) => blurredStack(6, 48, 64, seed));
const copyOf = (stack: typeof one) => ({ ...stack, data: stack.data.slice() });
const named = (...stacks: [string, typeof one][]): NamedStack[] => stacks.map(([name, stack]) => ({ name, stack }));
const config = tinyConfig({ val_split: "stack" });

describe("a stack that is given twice", () => {
  it("is learnt from once, by whatever name, and the user is told", () => {
    const samples = named(["a.tif", one], ["b.tif", two], ["link-to-a.tif", copyOf(one)], ["a.tif", one]);
    const { samples: kept, warnings } = withoutRepeated(samples, config);
    expect(kept.map(({ name }) => name)).toEqual(["a.tif", "b.tif"]);
    expect(textsOf(warnings)).toEqual([
      "link-to-a.tif has the same pixels as a.tif: it is left out, since it could be used both for training and for validation.",
      "a.tif has the same pixels as another stack of that name: it is left out, since it could be used both for training and for validation.",
    ]);
  });

  it("is another one where a single pixel, or the size, differs", () => {
    const changed = copyOf(one);
    changed.data[changed.data.length - 1] += 1;
    const turned = { ...one, height: one.width, width: one.height };
    expect([changed, turned, two].map((other) => isSameStack(one, other))).toEqual([false, false, false]);
    expect(isSameStack(one, copyOf(one))).toBe(true);
    const samples = named(["a", one], ["b", changed], ["c", turned]);
    expect(withoutRepeated(samples, config)).toEqual({ samples, warnings: [] });
  });

  it("leaves too few stacks to keep one for validation, for every method's learner", async () => {
    const input = { samples: named(["a.tif", one], ["b.tif", copyOf(one)]) };
    await expect(createLearner(input, config)).rejects.toThrow(/stack/);
    await createLearner({ samples: named(["a.tif", one], ["b.tif", two]) }, config);
  });

  it("may have several targets, but not where whole stacks validate", () => {
    const samples = [
      { name: "a", stack: one, target: two },
      { name: "b", stack: copyOf(one), target: blurredStack(6, 48, 64, 3) },
      { name: "c", stack: one, target: copyOf(two) },
    ];
    expect(withoutRepeated(samples, tinyConfig()).samples.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(() => withoutRepeated(samples, config)).toThrow(/a and b have the same pixels.*Give each stack once/);
  });

  it("cannot be left out: a model would have seen the other copy", () => {
    const samples = named(["a.tif", one], ["b.tif", two], ["c.tif", copyOf(one)]);
    expect(() => stacksSource({ samples })).toThrow(/^a and c have the same pixels.*give each stack once/i);
  });

  it("is no target of its own: the user is told", () => {
    const warningsOf = (target: typeof one): string[] => {
      const samples = [{ name: "s.tif", stack: one, target }];
      return textsOf(runThrough(pairedSources({ samples }, tinyConfig(), { registered: false })).warnings);
    };
    expect(warningsOf(copyOf(one))).toEqual([expect.stringMatching(/^s\.tif: its target has the same pixels/)]);
    expect(warningsOf(two)).toEqual([]);
  });
});
