/** Prepares training on a recipe: its fields are simulated in another thread during the training. */

import { availableMemory } from "../../array/require-memory.ts";
import { fileStorage } from "../../image/file-storage.node.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { openFieldWorkers } from "../../simulate/field-workers.node.ts";
import { readRecipeStacks } from "../../simulate/recipe-file.ts";
import { resolveRecipe } from "../../simulate/resolve-recipe.ts";
import { createSimulator } from "../../simulate/simulator.ts";
import type { FieldSource } from "./field-pool.ts";
import { type RecipeFieldsOptions, recipeFields } from "./recipe-fields.ts";

export interface RecipeTrainingOptions extends RecipeFieldsOptions {
  /** Folder of the files that the recipe names; default the working folder. */
  folder?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface RecipeTraining {
  fields: FieldSource;
  /** Held-out fields for validation. */
  validation: NamedStack[];
  /** Warnings about the recipe. */
  warnings: readonly string[];
  /** Ends the thread. */
  close(): Promise<void>;
}

/**
 * @throws `usage` for a recipe that is invalid, cannot be trained on, or needs more memory than is available;
 *   `interrupted`
 */
export async function openRecipeTraining(input: unknown, options: RecipeTrainingOptions = {}): Promise<RecipeTraining> {
  const { folder = ".", signal, ...fields } = options;
  const recipe = resolveRecipe(input);
  const stacks = await readRecipeStacks(fileStorage, recipe, folder, signal);
  const memory = availableMemory();
  // The simulator is created here as well, so that errors are reported before a thread is started.
  const { warnings } = createSimulator(recipe, { stacks, memory });
  const workers = openFieldWorkers({ recipe, stacks, memory });
  try {
    const source = recipeFields(recipe, (index) => workers.field(index, { signal }), fields);
    const validation = await source.validation();
    return { fields: source, validation, warnings, close: workers.close };
  } catch (error) {
    await workers.close();
    throw error;
  }
}
