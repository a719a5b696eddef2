/**
 * The recipes that come with Parfocal, each with an aberration-free objective and, as NAME-aberrated, with an aberrated
 * one.
 */
import { ParfocalError } from "../errors.ts";
import { nearestKey } from "./nearest-key.ts";
import type { RecipeInput } from "./recipe.ts";
import { crossObjective } from "./shipped/cross-objective.ts";
import { objectiveRecipes } from "./shipped/objectives.ts";
import { pairRecipes } from "./shipped/pairs.ts";
import { specimenRecipes } from "./shipped/specimens.ts";

const recipes: readonly RecipeInput[] = [...specimenRecipes, ...objectiveRecipes, ...pairRecipes, crossObjective];

/**
 * Variants of the optics for every recipe. Without aberrations, the blur is the same above and below focus, so that a
 * single image does not show the direction of defocus; the spherical aberration of a typical index mismatch breaks this
 * symmetry.
 */
const variants = {
  aberrated: { spherical_aberration: 0.15 },
} as const;

/** Names and summaries of the recipes, in the order of the list; each is also available as NAME-aberrated. */
export const shippedRecipes: readonly { name: string; summary: string }[] = recipes.map(({ name, summary = "" }) => {
  return { name, summary };
});

/** The suffixes of the variants: NAME-aberrated. */
export const recipeVariants = Object.keys(variants);

export function isShippedRecipe(name: string): boolean {
  return find(name) !== undefined;
}

/**
 * A copy of a shipped recipe or variant.
 * @throws `usage` for an unknown name, naming the most similar one
 */
export function shippedRecipe(name: string): RecipeInput {
  const found = find(name);
  if (found !== undefined) return structuredClone(found);
  const names = recipes.map((recipe) => recipe.name);
  const near = nearestKey(name, [...names, ...names.flatMap((one) => recipeVariants.map((v) => `${one}-${v}`))]);
  const meant = near === undefined ? "" : ` did you mean ${near}?`;
  const message = `There is no shipped recipe ${name};${meant} Expected a .yaml file or one of ${names.join(", ")}.`;
  throw new ParfocalError("usage", message, { option: "recipe", got: name, expected: `one of ${names.join(", ")}` });
}

function find(name: string): RecipeInput | undefined {
  const plain = recipes.find((recipe) => recipe.name === name);
  if (plain !== undefined) return plain;
  for (const [variant, optics] of Object.entries(variants)) {
    const base = recipes.find((recipe) => name === `${recipe.name}-${variant}`);
    if (base === undefined) continue;
    return { ...base, name, summary: `${base.summary}; ${variant}`, optics: { ...base.optics, ...optics } };
  }
  return undefined;
}
