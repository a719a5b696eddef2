/** One field of a recipe, in one call. */
import { changeRecipe, type RecipeFlags } from "./recipe-flags.ts";
import { shippedRecipe } from "./shipped-recipes.ts";
import { createSimulator, type FieldControl, type SimulatedField, type SimulatorOptions } from "./simulator.ts";

export interface SimulateFieldOptions extends FieldControl, SimulatorOptions {
  /** Which field; default 0. */
  index?: number;
}

/**
 * Simulates one field. Whoever wants many keeps the simulator ({@link createSimulator}), which makes its PSFs once.
 *
 * @param recipe a recipe, or the name of a shipped one
 * @param flags the keys that are changed most often, put into it
 * @throws `usage` for a recipe that is wrong or needs more memory than there is; `interrupted`
 */
export async function simulateField(
  recipe: string | object,
  flags: RecipeFlags = {},
  options: SimulateFieldOptions = {},
): Promise<SimulatedField & { warnings: readonly string[] }> {
  const { index = 0, stacks, memory, ...control } = options;
  const changed = changeRecipe(typeof recipe === "string" ? shippedRecipe(recipe) : recipe, flags);
  const simulator = createSimulator(changed, { ...(stacks && { stacks }), ...(memory !== undefined && { memory }) });
  return { ...(await simulator.field(index, control)), warnings: simulator.warnings };
}
