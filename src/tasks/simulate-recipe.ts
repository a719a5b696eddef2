/** A recipe to files: one field as a few files, or several as a data set. */
import { ParfocalError } from "../errors.ts";
import type { Storage } from "../image/storage.ts";
import type { OpenSimulation } from "../simulate/open-simulation.ts";
import type { Recipe } from "../simulate/recipe.ts";
import { readRecipeStacks } from "../simulate/recipe-file.ts";
import { resolveRecipe } from "../simulate/resolve-recipe.ts";
import type { SimulatedField } from "../simulate/simulator.ts";
import type { Warning } from "../warning.ts";
import { checkDataSet, type DataSet, saveDataSet } from "./save-data-set.ts";
import { checkFieldFiles, type FieldFiles, fieldFiles, saveField } from "./save-field.ts";

export interface SimulateRecipeOptions {
  openSimulation: OpenSimulation;
  /** A folder; for a single field also the name of its stack. */
  output: string;
  /** Where the files that the recipe names are looked for; default the working folder. */
  folder?: string;
  force?: boolean | undefined;
  /** Also writes the specimen's density. */
  volume?: boolean | undefined;
  /** Threads that share the planes of a single field, or make the fields of a data set; default one for each processor. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface SimulatedRecipe {
  recipe: Recipe;
  warnings: readonly Warning[];
  /** For a single field. */
  single?: { files: FieldFiles; field: SimulatedField };
  /** For several fields. */
  dataSet?: DataSet;
}

/**
 * Simulates a recipe and writes its files. Errors in the recipe, the memory and the outputs are reported before any work.
 * @throws `usage`, `output.exists`, `output.failed`, `interrupted`
 */
export async function simulateRecipe(
  storage: Storage,
  input: unknown,
  options: SimulateRecipeOptions,
): Promise<SimulatedRecipe> {
  const { openSimulation, output, folder = ".", force = false, volume = false, signal, onProgress, threads } = options;
  const recipe = resolveRecipe(input);
  const several = recipe.fields > 1;
  if (several && /\.\w*tiff?$/i.test(output)) {
    const message = `${output} is a file name, but ${recipe.fields} fields need a folder; give a folder, or \`fields 1\`.`;
    throw new ParfocalError("usage", message, { option: "output", got: output, expected: "a folder" });
  }
  const files = several ? undefined : fieldFiles(storage, recipe, output, { volume });
  if (files) await checkFieldFiles(storage, files, force);
  else await checkDataSet(storage, recipe, output, force);
  const stacks = await readRecipeStacks(storage, recipe, folder, signal);
  const simulation = await openSimulation(recipe, { stacks, threads });
  const { warnings, together } = simulation;
  const sentences = warnings.map(({ text }) => text);
  try {
    if (files) {
      const field = await simulation.field(0, { signal, onProgress, volume });
      await saveField(storage, files, field, recipe, { force, warnings: sentences });
      return { recipe, warnings, single: { files, field } };
    }
    const settings = { force, volume, warnings: sentences, signal, onProgress, together };
    return { recipe, warnings, dataSet: await saveDataSet(storage, recipe, output, simulation.field, settings) };
  } finally {
    await simulation.close();
  }
}
