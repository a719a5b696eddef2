/**
 * Where the kernels work: one WebAssembly memory for each precision, which all transforms of a thread share. Nothing
 * stays in it between calls. (One for each plan would be simpler, but a memory reserves 10 GiB of address space, and
 * a browser allows some hundred.)
 */
import { assembleModule } from "./assembler.ts";
import { type PassParameters, passSource, radices } from "./butterfly.ts";
import { lanesOf, type Precision } from "./lanes.ts";
import { memoryOf, type NumberMemory } from "./number-memory.ts";
import { copySource, packSource, transposeSource, unpackSource } from "./transpose.ts";
import { complexSumSource, evenSumSource } from "./weighted-sum.ts";

type Call = (...parameters: number[]) => void;

/** Functions that work on the memory; what their parameters mean stands where they are written. */
interface Kernels {
  passes: ReadonlyMap<string, (...parameters: PassParameters) => void>;
  copy: Call;
  transpose: Call;
  unpack: Call;
  pack: Call;
  evenSum: Call;
  complexSum: Call;
}

export interface Workspace extends NumberMemory {
  readonly precision: Precision;
  readonly kernels: Kernels;
}

const modules = new Map<Precision, WebAssembly.Module>();
const shared = new Map<Precision, WeakRef<Workspace>>();

/** Keep it no longer than the plan that uses it: when no plan is left, its memory is given back. */
export function workspaceOf(precision: Precision): Workspace {
  let workspace = shared.get(precision)?.deref();
  if (workspace === undefined) {
    workspace = createWorkspace(precision);
    shared.set(precision, new WeakRef(workspace));
  }
  return workspace;
}

function moduleOf(precision: Precision): WebAssembly.Module {
  let module = modules.get(precision);
  if (module === undefined) {
    const lanes = lanesOf(precision);
    module = new WebAssembly.Module(
      assembleModule([
        ...radices.flatMap((radix) => [passSource(lanes, radix, true), passSource(lanes, radix, false)]),
        copySource(lanes),
        transposeSource(lanes),
        unpackSource(lanes),
        packSource(lanes),
        evenSumSource(lanes),
        complexSumSource(lanes),
      ]),
    );
    modules.set(precision, module);
  }
  return module;
}

function createWorkspace(precision: Precision): Workspace {
  const { exports } = new WebAssembly.Instance(moduleOf(precision));
  const call = (name: string) => exports[name] as Call;
  const passes = new Map(
    radices.flatMap((radix) => [`pass${radix}`, `pass${radix}Bare`]).map((name) => [name, call(name)]),
  );
  return {
    ...memoryOf(precision, exports.memory as WebAssembly.Memory),
    precision,
    kernels: {
      passes,
      copy: call("copy"),
      transpose: call("transpose"),
      unpack: call("unpack"),
      pack: call("pack"),
      evenSum: call("evenSum"),
      complexSum: call("complexSum"),
    },
  };
}
