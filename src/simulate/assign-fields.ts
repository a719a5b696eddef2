/** Assigns the fields of a recipe to the parts of a data set, and to objectives and specimens. */

import type { Recipe } from "./recipe.ts";
import type { View } from "./resolve-recipe.ts";

const splits = ["train", "val", "test"] as const;
export type Split = (typeof splits)[number];

/**
 * The number of fields in each part: shares by the largest remainder, so that they add up. A part with a share above 0
 * gets at least one field if there are enough.
 */
export function fieldCounts(fields: number, shares: Recipe["split"]): Record<Split, number> {
  const used = splits.filter((split) => shares[split] > 0);
  const min = fields >= used.length ? 1 : 0;
  const counts = { train: 0, val: 0, test: 0 };
  for (const split of used) counts[split] = Math.max(min, Math.floor(fields * shares[split] + 1e-9));
  const missing = (split: Split): number => fields * shares[split] - counts[split];
  for (let total = sum(counts); total !== fields; total = sum(counts)) {
    const step = total < fields ? 1 : -1;
    // The part that deviates most from its share is changed by one.
    const open = used.filter((split) => step > 0 || counts[split] > min);
    counts[open.reduce((best, split) => (step * missing(split) > step * missing(best) ? split : best))] += step;
  }
  return counts;
}

const sum = (counts: Record<Split, number>): number => counts.train + counts.val + counts.test;

/**
 * The part of a field: first the training fields, then val and test. Fields beyond those of the recipe are training
 * fields.
 */
export function splitOf(recipe: Recipe, index: number): Split {
  if (index >= recipe.fields) return "train";
  const { train, val } = fieldCounts(recipe.fields, recipe.split);
  return index < train ? "train" : index < train + val ? "val" : "test";
}

/**
 * The view (objective and specimen) of a field. Training and validation cycle through the views without any `test_only`
 * objective or specimen; test cycles through the views with one, or through all if there is none.
 */
export function viewOfField(recipe: Recipe, views: readonly View[], index: number): View {
  const testObjectives = new Set(
    recipe.objectives.filter((objective) => objective.test_only).map((objective) => objective.name),
  );
  const testSpecimens = new Set(recipe.specimens.filter((one) => one.test_only).map((one) => one.name));
  const isTestOnly = ({ objective, specimen }: View): boolean =>
    (objective !== undefined && testObjectives.has(objective)) ||
    (specimen !== undefined && testSpecimens.has(specimen));
  const split = splitOf(recipe, index);
  const some = views.some(isTestOnly);
  const choice = views.filter((view) => !some || isTestOnly(view) === (split === "test"));
  const { train, val } = fieldCounts(recipe.fields, recipe.split);
  const first = index >= recipe.fields ? recipe.fields : split === "train" ? 0 : split === "val" ? train : train + val;
  return choice[(index - first) % choice.length];
}
