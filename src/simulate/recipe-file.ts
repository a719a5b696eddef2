/** Recipes by name or file, and the real stacks that they name. */

import { ParfocalError } from "../errors.ts";
import { readStack } from "../image/image-file.ts";
import { openImage } from "../image/open-stored-image.ts";
import { readText, type Storage } from "../image/storage.ts";
import { isStackObject, type StackFiles } from "./object-phantom.ts";
import type { Recipe } from "./recipe.ts";
import { recipeFromYaml } from "./recipe-yaml.ts";
import { isShippedRecipe, shippedRecipe } from "./shipped-recipes.ts";

/** A recipe as it was written, and where the files that it names are looked for. */
export interface FoundRecipe {
  recipe: object;
  folder: string;
}

/** Whether a word means a file: shipped recipes have no ending. */
const isRecipeFile = (word: string): boolean => /\.(ya?ml|json)$/i.test(word);

/**
 * A recipe of a shipped name or a .yaml or .json file, not checked any further.
 * @throws `usage` for an unknown name; `file.missing`, `file.corrupt`
 */
export async function findRecipe(storage: Storage, word: string): Promise<FoundRecipe> {
  if (!isRecipeFile(word)) return { recipe: shippedRecipe(word), folder: "." };
  const text = await readText(storage, word).catch((cause: unknown) => {
    if (!(cause instanceof ParfocalError) || cause.code !== "file.missing") throw cause;
    throw new ParfocalError("file.missing", `${word} is not there; give a recipe.`, { path: word }, { cause });
  });
  const recipe = recipeFromYaml(text, word);
  if (recipe !== null && typeof recipe === "object" && !Array.isArray(recipe)) {
    return { recipe, folder: storage.dirname(word) };
  }
  const message = `${word} must hold the keys and values of a recipe, such as "size: 256".`;
  throw new ParfocalError("usage", message, { option: "recipe", got: word, expected: "a YAML mapping" });
}

/**
 * The words that mean recipes: .yaml and .json files, and shipped names unless a file or folder is called so.
 */
export async function recipesAmong(storage: Storage, words: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const word of words) {
    const exists = (await storage.kindOf(word)) !== undefined;
    if (isRecipeFile(word) || (!exists && isShippedRecipe(word))) found.push(word);
  }
  return found;
}

/** The stacks that the objects of a recipe name. @throws what opening and reading images throws */
export async function readRecipeStacks(
  storage: Storage,
  recipe: Recipe,
  folder: string,
  signal?: AbortSignal,
): Promise<StackFiles> {
  const stacks = new Map<string, StackFiles[string]>();
  for (const object of [recipe.object, ...recipe.samples.map((sample) => sample.object)]) {
    if (object === undefined || !isStackObject(object)) continue;
    const image = await openImage(storage, storage.resolve(folder, object.file));
    const channel = image.axes.includes("C") ? object.channel : undefined;
    stacks.set(object.file, await readStack(image, { channel, signal, finite: true }).finally(() => image.close()));
  }
  return Object.fromEntries(stacks);
}
