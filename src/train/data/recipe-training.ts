/** Prepares training on a recipe: its fields are simulated in another thread during the training. */

import type { NamedStack } from "../../image/named-stack.ts";
import type { Storage } from "../../image/storage.ts";
import type { OpenSimulation } from "../../simulate/open-simulation.ts";
import { readRecipeStacks } from "../../simulate/recipe-file.ts";
import { resolveRecipe } from "../../simulate/resolve-recipe.ts";
import type { Warning } from "../../warning.ts";
import type { FieldSource } from "./field-pool.ts";
import { type RecipeFieldsOptions, recipeFields } from "./recipe-fields.ts";

export interface RecipeTrainingOptions extends RecipeFieldsOptions {
  openSimulation: OpenSimulation;
  /** Folder of the files that the recipe names; default the working folder. */
  folder?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface RecipeTraining {
  fields: FieldSource;
  /** Held-out fields for validation. */
  validation: NamedStack[];
  /** Warnings about the recipe. */
  warnings: readonly Warning[];
  /** Ends the thread. */
  close(): Promise<void>;
}

/**
 * @throws `usage` for a recipe that is invalid, cannot be trained on, or needs more memory than is available;
 *   `interrupted`
 */
export async function openRecipeTraining(
  storage: Storage,
  input: unknown,
  options: RecipeTrainingOptions,
): Promise<RecipeTraining> {
  const { folder = ".", signal, openSimulation, ...fields } = options;
  const recipe = resolveRecipe(input);
  const stacks = await readRecipeStacks(storage, recipe, folder, signal);
  const simulation = await openSimulation(recipe, { stacks, beside: true });
  try {
    const source = recipeFields(recipe, (index) => simulation.field(index, { signal }), fields);
    const validation = await source.validation();
    return { fields: source, validation, warnings: simulation.warnings, close: simulation.close };
  } catch (error) {
    await simulation.close();
    throw error;
  }
}
