/** Reads recipes by name or file, and the recorded stacks that they name. */

import { ParfocalError } from "../errors.ts";
import { readStack } from "../image/image-file.ts";
import { openImage } from "../image/open-stored-image.ts";
import { readText, type Storage } from "../image/storage.ts";
import type { Recipe } from "./recipe.ts";
import { recipeFromYaml } from "./recipe-yaml.ts";
import { isShippedRecipe, shippedRecipe } from "./shipped-recipes.ts";
import { isStackSpecimen, type StackFiles } from "./specimen-phantom.ts";

/** A recipe as written, and the folder for relative paths in it. */
export interface FoundRecipe {
  recipe: object;
  folder: string;
}

/** Whether a word is a file name; shipped recipes have no extension. */
const isRecipeFile = (word: string): boolean => /\.(ya?ml|json)$/i.test(word);

/**
 * A shipped recipe by its name, or a recipe from a .yaml or .json file; its keys are not checked yet.
 * @throws `usage` for an unknown name; `file.missing`, `file.corrupt`
 */
export async function findRecipe(storage: Storage, word: string): Promise<FoundRecipe> {
  if (!isRecipeFile(word)) return { recipe: shippedRecipe(word), folder: "." };
  const text = await readText(storage, word).catch((cause: unknown) => {
    if (!(cause instanceof ParfocalError) || cause.code !== "file.missing") throw cause;
    throw new ParfocalError(
      "file.missing",
      `${word} does not exist; give the path of a recipe.`,
      { path: word },
      { cause },
    );
  });
  const recipe = recipeFromYaml(text, word);
  if (recipe !== null && typeof recipe === "object" && !Array.isArray(recipe)) {
    return { recipe, folder: storage.dirname(word) };
  }
  const message = `${word} is not a recipe: expected keys and values, such as "size: 256".`;
  throw new ParfocalError("usage", message, { option: "recipe", got: word, expected: "a YAML mapping" });
}

/**
 * The words that are recipes: .yaml and .json files, and names of shipped recipes unless a file or folder has this
 * name.
 */
export async function recipesAmong(storage: Storage, words: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const word of words) {
    const exists = (await storage.kindOf(word)) !== undefined;
    if (isRecipeFile(word) || (!exists && isShippedRecipe(word))) found.push(word);
  }
  return found;
}

/** Reads the stacks that a recipe names as specimens. @throws what opening and reading images throws */
export async function readRecipeStacks(
  storage: Storage,
  recipe: Recipe,
  folder: string,
  signal?: AbortSignal,
): Promise<StackFiles> {
  const stacks = new Map<string, StackFiles[string]>();
  for (const specimen of [recipe.specimen, ...recipe.specimens.map((one) => one.specimen)]) {
    if (specimen === undefined || !isStackSpecimen(specimen)) continue;
    const image = await openImage(storage, storage.resolve(folder, specimen.file));
    const channel = image.axes.includes("C") ? specimen.channel : undefined;
    stacks.set(specimen.file, await readStack(image, { channel, signal, finite: true }).finally(() => image.close()));
  }
  return Object.fromEntries(stacks);
}
