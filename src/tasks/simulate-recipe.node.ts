/** Simulates a recipe into files: a single field, or several as a data set. */

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
  /** A folder; for a single field also the file name of its stack. */
  output: string;
  /** Folder for relative paths in the recipe; default the working folder. */
  folder?: string;
  force?: boolean | undefined;
  /** Also writes the density of the specimen. */
  volume?: boolean | undefined;
  /** Number of threads that share the planes of a single field, or the fields of a data set; default the number of processors. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  onWarning?: ((sentence: string) => void) | undefined;
}

export interface SimulatedRecipe {
  recipe: Recipe;
  warnings: readonly string[];
  /** For a single field. */
  single?: { files: FieldFiles; field: SimulatedField };
  /** For several fields. */
  dataSet?: DataSet;
}

/** Minimum memory of a field, bytes, for several threads: smaller fields are finished before threads have started. */
const minBytesForThreads = 200 * 2 ** 20;

/**
 * Simulates a recipe and writes its files. Errors in the recipe, the memory and the outputs are reported before any work.
 * @throws `usage`, `output.exists`, `output.failed`, `interrupted`
 */
export async function simulateRecipe(input: unknown, options: SimulateRecipeOptions): Promise<SimulatedRecipe> {
  const { output, folder = ".", force = false, volume = false, signal, onProgress } = options;
  const recipe = resolveRecipe(input);
  const several = recipe.fields > 1;
  if (several && /\.\w*tiff?$/i.test(output)) {
    const message = `${output} is a file name, but ${recipe.fields} fields need a folder; give a folder, or fields 1.`;
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
    const pool = cores > 1 && simulator.memory > minBytesForThreads ? openSuperposePool(cores) : undefined;
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
