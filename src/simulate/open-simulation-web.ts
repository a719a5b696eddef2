import { availableMemory } from "../array/require-memory.ts";
import { openSuperposePoolWeb } from "../optics/imaging/superpose-pool-web.ts";
import type { OpenSimulation } from "./open-simulation.ts";
import { createSimulator } from "./simulator.ts";

/**
 * A simulation in a browser: fields are simulated one after the other, and worker threads share the planes of each. The
 * result does not depend on the number of threads, which is by default that of the processor.
 */
export const openSimulationOnWebWorkers: OpenSimulation = async (
  recipe,
  { stacks, threads = navigator.hardwareConcurrency },
) => {
  const simulator = createSimulator(recipe, { stacks, memory: availableMemory() });
  const pool = threads > 1 ? openSuperposePoolWeb(threads) : undefined;
  return {
    warnings: simulator.warnings,
    together: 1,
    field: (index, control) => simulator.field(index, { ...control, pool }),
    close: async () => pool?.close(),
  };
};
