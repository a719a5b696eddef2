/** Simulates one field of a recipe in one call. */

import type { Warning } from "../warning.ts";
import { changeRecipe, type RecipeFlags } from "./recipe-flags.ts";
import { shippedRecipe } from "./shipped-recipes.ts";
import { createSimulator, type FieldControl, type SimulatedField, type SimulatorOptions } from "./simulator.ts";

export interface SimulateFieldOptions extends FieldControl, SimulatorOptions {
  /** Number of the field; default 0. */
  index?: number;
}

/**
 * Simulates one field. For many fields use {@link createSimulator}, which computes the PSFs only once.
 *
 * @param recipe a recipe, or the name of a shipped one
 * @param flags changes of the most common keys
 * @throws `usage` for a recipe that is wrong or needs too much memory; `interrupted`
 */
export async function simulateField(
  recipe: string | object,
  flags: RecipeFlags = {},
  options: SimulateFieldOptions = {},
): Promise<SimulatedField & { warnings: readonly Warning[] }> {
  const { index = 0, stacks, memory, ...control } = options;
  const changed = changeRecipe(typeof recipe === "string" ? shippedRecipe(recipe) : recipe, flags);
  const simulator = createSimulator(changed, { ...(stacks && { stacks }), ...(memory !== undefined && { memory }) });
  return { ...(await simulator.field(index, control)), warnings: simulator.warnings };
}
