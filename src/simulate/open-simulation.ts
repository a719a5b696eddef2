import { availableMemory } from "../array/require-memory.ts";
import type { Warning } from "../warning.ts";
import type { Recipe } from "./recipe.ts";
import { createSimulator, type FieldControl, type SimulatedField } from "./simulator.ts";
import type { StackFiles } from "./specimen-phantom.ts";

/** A recipe that is ready to be simulated. */
export interface Simulation {
  warnings: readonly Warning[];
  /** Fields that may be made at a time. */
  together: number;
  /** One field. @throws what the simulator throws; `interrupted` */
  field(index: number, control?: FieldControl): Promise<SimulatedField>;
  close(): Promise<void>;
}

export interface OpenSimulationOptions {
  /** The stacks that the recipe names. */
  stacks: StackFiles;
  /** Threads that share the planes of a single field, or make the fields of a data set. */
  threads?: number | undefined;
  /** Whether the caller works on meanwhile: fields are then made beside it, where the machine can. */
  beside?: boolean | undefined;
  /** Fields that are asked for at a time. Default: one beside the caller, otherwise those of the recipe. */
  together?: number | undefined;
}

/** @throws `usage` for a recipe that cannot be simulated, or that memory has no room for */
export type OpenSimulation = (recipe: Recipe, options: OpenSimulationOptions) => Promise<Simulation>;

/** A simulation in the thread of the caller, which any runtime of JavaScript has. */
export const openSimulation: OpenSimulation = async (recipe, { stacks }) => {
  const simulator = createSimulator(recipe, { stacks, memory: availableMemory() });
  return { warnings: simulator.warnings, together: 1, field: simulator.field, close: async () => undefined };
};
