/** Which field goes to which part of a data set, and which objective and specimen it is made with. */

import type { Recipe } from "./recipe.ts";
import type { View } from "./resolve-recipe.ts";

export const splits = ["train", "val", "test"] as const;
export type Split = (typeof splits)[number];

/**
 * How many of `fields` go to each part: shares by the largest remainder, so that they add up. A part with a share gets at
 * least one field, where there are enough.
 */
export function fieldCounts(fields: number, shares: Recipe["split"]): Record<Split, number> {
  const wanted = splits.filter((split) => shares[split] > 0);
  const least = fields >= wanted.length ? 1 : 0;
  const counts = { train: 0, val: 0, test: 0 };
  for (const split of wanted) counts[split] = Math.max(least, Math.floor(fields * shares[split] + 1e-9));
  const missing = (split: Split): number => fields * shares[split] - counts[split];
  for (let total = sum(counts); total !== fields; total = sum(counts)) {
    const step = total < fields ? 1 : -1;
    // The part that is farthest from its share gives or takes one.
    const open = wanted.filter((split) => step > 0 || counts[split] > least);
    counts[open.reduce((best, split) => (step * missing(split) > step * missing(best) ? split : best))] += step;
  }
  return counts;
}

const sum = (counts: Record<Split, number>): number => counts.train + counts.val + counts.test;

/** Part of a field: the first fields train, then come val and test. Fields beyond the recipe's are more to train on. */
export function splitOf(recipe: Recipe, index: number): Split {
  if (index >= recipe.fields) return "train";
  const { train, val } = fieldCounts(recipe.fields, recipe.split);
  return index < train ? "train" : index < train + val ? "val" : "test";
}

/**
 * The view of a field. Training and validation take turns in all views of which neither objective nor specimen is `test_only`; test
 * takes turns in those of which one is, or in all where none is.
 */
export function viewOfField(recipe: Recipe, views: readonly View[], index: number): View {
  const kept = new Set(recipe.objectives.filter((objective) => objective.test_only).map((objective) => objective.name));
  const specimens = new Set(recipe.specimens.filter((one) => one.test_only).map((one) => one.name));
  const isKept = ({ objective, specimen }: View): boolean =>
    (objective !== undefined && kept.has(objective)) || (specimen !== undefined && specimens.has(specimen));
  const split = splitOf(recipe, index);
  const some = views.some(isKept);
  const choice = views.filter((view) => !some || isKept(view) === (split === "test"));
  const { train, val } = fieldCounts(recipe.fields, recipe.split);
  const first = index >= recipe.fields ? recipe.fields : split === "train" ? 0 : split === "val" ? train : train + val;
  return choice[(index - first) % choice.length];
}
