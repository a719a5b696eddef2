import { requireMemory } from "../array/require-memory.ts";
import type { Graph } from "../graph/graph.ts";
import { peakMemory } from "../graph/peak-memory.ts";

/** @throws usage for a graph whose tensors do not fit into this machine's memory */
export function requireRoomFor(graphs: Readonly<Record<string, Graph>>): void {
  for (const [name, graph] of Object.entries(graphs)) {
    requireMemory({
      what: `The graph "${name}"`,
      bytes: peakMemory(graph),
      advice: "a smaller `batch_size`, `patch_size` or `tile_size`",
      option: "batch_size",
    });
  }
}
