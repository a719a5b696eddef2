/**
 * Simulated images with known ground truth, from recipes.
 * @module
 */

export {
  type OpenSimulation,
  type OpenSimulationOptions,
  openSimulation,
  type Simulation,
} from "./open-simulation.ts";
export type { Overrides } from "./overrides.ts";
export {
  type ImageInput,
  type Recipe,
  type RecipeImage,
  type RecipeInput,
  type RecipeSpecimen,
  recipeSchema,
} from "./recipe.ts";
export { type FoundRecipe, findRecipe, recipesAmong } from "./recipe-file.ts";
export { changeRecipe, type RecipeFlags, recipeFlags } from "./recipe-flags.ts";
export { recipeFromYaml, recipeToYaml } from "./recipe-yaml.ts";
export { resolveRecipe } from "./resolve-recipe.ts";
export { recipeVariants, shippedRecipe, shippedRecipes } from "./shipped-recipes.ts";
export { type SimulateFieldOptions, simulateField } from "./simulate-field.ts";
export {
  createSimulator,
  type FieldControl,
  type SimulatedField,
  type SimulatedImage,
  type Simulator,
  type SimulatorOptions,
} from "./simulator.ts";
export type { StackFiles } from "./specimen-phantom.ts";
