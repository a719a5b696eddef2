/**
 * Where filters work: a float64 memory of its own beside that of the transforms, so that who only filters needs none of
 * their code. All filters of a thread share it; nothing stays in it between calls, and it is given back when none is
 * under way for a while.
 */
import { assembleModule } from "./assembler.ts";
import { lanesOf } from "./lanes.ts";
import { memoryOf, type NumberMemory } from "./number-memory.ts";
import { pairSumSource } from "./pair-sum.ts";

export interface FilterWorkspace extends NumberMemory {
  pairSum(list: number, weights: number, out: number, pairs: number, blocks: number): void;
}

let module: WebAssembly.Module | undefined;
let shared: WeakRef<FilterWorkspace> | undefined;

export function filterWorkspace(): FilterWorkspace {
  let workspace = shared?.deref();
  if (workspace === undefined) {
    module ??= new WebAssembly.Module(assembleModule([pairSumSource(lanesOf("float64"))]));
    const { exports } = new WebAssembly.Instance(module);
    const memory = memoryOf("float64", exports.memory as WebAssembly.Memory);
    workspace = { ...memory, pairSum: exports.pairSum as FilterWorkspace["pairSum"] };
    shared = new WeakRef(workspace);
  }
  return workspace;
}
