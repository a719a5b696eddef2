import { availableParallelism } from "node:os";
import { availableMemory } from "../array/require-memory.ts";
import { openSuperposePool } from "../optics/imaging/superpose-pool.node.ts";
import { openFieldWorkers } from "./field-workers.node.ts";
import type { OpenSimulation } from "./open-simulation.ts";
import { createSimulator } from "./simulator.ts";

/** Fields that take fewer bytes, and so less than about a second, are done before threads have started. */
const minBytesForThreads = 200 * 2 ** 20;

/** A simulation on the threads of this machine: the planes of one field are shared, of several each makes its own. */
export const openSimulationOnThreads: OpenSimulation = async (
  recipe,
  { stacks, threads = availableParallelism(), beside = false, together: asked = beside ? 1 : recipe.fields },
) => {
  const memory = availableMemory();
  const simulator = createSimulator(recipe, { stacks, memory });
  const { warnings } = simulator;
  if (beside) {
    const together = Math.min(threads, asked);
    const workers = openFieldWorkers({ recipe, stacks, memory }, together);
    return { warnings, together, field: workers.field, close: workers.close };
  }
  if (recipe.fields === 1) {
    const pool = threads > 1 && simulator.memory > minBytesForThreads ? openSuperposePool(threads) : undefined;
    return {
      warnings,
      together: 1,
      field: (index, control) => simulator.field(index, { ...control, pool }),
      close: async () => pool?.close(),
    };
  }
  const together = Math.max(1, Math.min(threads, asked, Math.floor(memory / simulator.memory)));
  const workers = together > 1 ? openFieldWorkers({ recipe, stacks, memory }, together) : undefined;
  return {
    warnings,
    together,
    field: (workers ?? simulator).field,
    close: async () => workers?.close(),
  };
};
