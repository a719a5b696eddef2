/** A recipe reduced to some of its objectives and specimens, for models that must not see the others. */
import { ParfocalError } from "../errors.ts";
import type { Recipe } from "./recipe.ts";
import { resolveRecipe } from "./resolve-recipe.ts";

/** An objective and a specimen by their names; absent where the recipe has no list of them. */
export interface Cell {
  objective?: string;
  specimen?: string;
}

/** Every objective with every specimen, in the order in which the fields cycle through them. */
export function cellsOf({ objectives, specimens }: Recipe): Cell[] {
  return (objectives.length > 0 ? objectives : [undefined]).flatMap((objective) =>
    (specimens.length > 0 ? specimens : [undefined]).map((specimen) => ({
      ...(objective && { objective: objective.name }),
      ...(specimen && { specimen: specimen.name }),
    })),
  );
}

/** Maximum number of judged fields of each cell. */
const maxJudged = 16;

/**
 * The numbers of the fields of a cell, from 0, in the recipe of all cells: the validation field and the judged fields.
 * No recipe of {@link recipeOfCells} trains on them.
 * @throws usage for fewer than 1 or more than 16 judged fields
 */
export function setAside(recipe: Recipe, cell: number, judged: number): { validation: number; judged: number[] } {
  if (!Number.isInteger(judged) || judged < 1 || judged > maxJudged) {
    const expected = `1 to ${maxJudged}`;
    const message = `The number of judged fields for each objective and specimen is ${judged}; expected ${expected}.`;
    throw new ParfocalError("usage", message, { option: "judged_fields", got: judged, expected });
  }
  const { length: cells } = cellsOf(recipe);
  return { validation: cell, judged: Array.from({ length: judged }, (_, i) => cells * (1 + i) + cell) };
}

/**
 * The recipe with the objectives and specimens of some cells only; none of them is `test_only` any more. A field of a
 * given number uses the same random numbers in every recipe made here. The fields that {@link setAside} gives form the
 * recipe's data set, and training uses the numbers after them.
 *
 * @param name of the new recipe
 * @throws usage if no cell is left
 */
export function recipeOfCells(recipe: Recipe, cells: readonly Cell[], name: string): Recipe {
  if (cells.length === 0) {
    const message = `Recipe ${recipe.name}: nothing is left to train on; give a recipe of several objectives or specimens.`;
    throw new ParfocalError("usage", message, { option: "leave_out", expected: "two or more objectives or specimens" });
  }
  const validation = cellsOf(recipe).length;
  const fields = validation * (1 + maxJudged);
  const kept = <T extends { name: string; test_only: boolean }>(all: readonly T[], key: keyof Cell): T[] =>
    all.filter((one) => cells.some((cell) => cell[key] === one.name)).map((one) => ({ ...one, test_only: false }));
  return resolveRecipe({
    ...recipe,
    name,
    fields,
    split: { train: 0, val: validation / fields, test: 1 - validation / fields },
    objectives: kept(recipe.objectives, "objective"),
    specimens: kept(recipe.specimens, "specimen"),
  });
}
