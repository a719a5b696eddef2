/** A recipe to files: one field as a few files, or several as a data set. */

import { availableParallelism } from "node:os";
import { availableMemory } from "../array/require-memory.ts";
import { ParfocalError } from "../errors.ts";
import { fileStorage } from "../image/file-storage.node.ts";
import { openSuperposePool } from "../optics/imaging/superpose-pool.node.ts";
import { openFieldWorkers } from "../simulate/field-workers.node.ts";
import type { Recipe } from "../simulate/recipe.ts";
import { readRecipeStacks } from "../simulate/recipe-file.ts";
import { resolveRecipe } from "../simulate/resolve-recipe.ts";
import { createSimulator, type SimulatedField } from "../simulate/simulator.ts";
import { checkDataSet, type DataSet, saveDataSet } from "./save-data-set.node.ts";
import { checkFieldFiles, type FieldFiles, fieldFiles, saveField } from "./save-field.node.ts";

export interface SimulateRecipeOptions {
  /** A folder; for a single field also the name of its stack. */
  output: string;
  /** Where the files that the recipe names are looked for; default the working folder. */
  folder?: string;
  force?: boolean | undefined;
  /** Also writes the specimen itself. */
  volume?: boolean | undefined;
  /** Threads that share the planes of a single field, or make the fields of a data set; default one for each processor. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  onWarning?: ((sentence: string) => void) | undefined;
}

export interface SimulatedRecipe {
  recipe: Recipe;
  warnings: readonly string[];
  /** Where there is one field. */
  single?: { files: FieldFiles; field: SimulatedField };
  /** Where there are several. */
  dataSet?: DataSet;
}

/** Fields that take fewer bytes, and so less than about a second, are done before threads have started. */
const worthThreads = 200 * 2 ** 20;

/**
 * Simulates what a recipe says and writes it. Whatever is wrong with the recipe, the memory or the outputs is told before any
 * work.
 * @throws `usage`, `output.exists`, `output.failed`, `interrupted`
 */
export async function simulateRecipe(input: unknown, options: SimulateRecipeOptions): Promise<SimulatedRecipe> {
  const { output, folder = ".", force = false, volume = false, signal, onProgress } = options;
  const recipe = resolveRecipe(input);
  const several = recipe.fields > 1;
  if (several && /\.\w*tiff?$/i.test(output)) {
    const message = `${output}: ${recipe.fields} fields are a folder of files; give a folder, or fields 1.`;
    throw new ParfocalError("usage", message, { option: "out", got: output, expected: "a folder" });
  }
  const files = several ? undefined : fieldFiles(recipe, output, { volume });
  if (files) await checkFieldFiles(files, force);
  else await checkDataSet(recipe, output, force);
  const stacks = await readRecipeStacks(fileStorage, recipe, folder, signal);
  const memory = availableMemory();
  const simulator = createSimulator(recipe, { stacks, memory });
  const { warnings } = simulator;
  const cores = options.threads ?? availableParallelism();
  if (files) {
    const pool = cores > 1 && simulator.memory > worthThreads ? openSuperposePool(cores) : undefined;
    const field = await simulator.field(0, { signal, onProgress, volume, pool }).finally(() => pool?.close());
    await saveField(files, field, recipe, { force, warnings });
    return { recipe, warnings, single: { files, field } };
  }
  const threads = Math.max(1, Math.min(cores, recipe.fields, Math.floor(memory / simulator.memory)));
  const workers = threads > 1 ? openFieldWorkers({ recipe, stacks, memory }, threads) : undefined;
  const makeField = (workers ?? simulator).field;
  const settings = { force, volume, warnings, signal, onProgress, together: threads };
  const dataSet = await saveDataSet(recipe, output, makeField, settings).finally(() => workers?.close());
  return { recipe, warnings, dataSet };
}
