/**
 * Where the kernels work: one WebAssembly memory for each precision, which all transforms of a thread share. Nothing
 * stays in it between calls. (One for each plan would be simpler, but a memory reserves 10 GiB of address space, and
 * a browser allows some hundred.)
 */
import { assembleModule } from "./assembler.ts";
import { type PassParameters, passSource, radices } from "./butterfly.ts";
import { lanesOf, type Precision } from "./lanes.ts";
import { pairSumSource } from "./pair-sum.ts";
import { copySource, packSource, transposeSource, unpackSource } from "./transpose.ts";
import { complexSumSource, evenSumSource } from "./weighted-sum.ts";

type Call = (...parameters: number[]) => void;

/** Functions that work on the memory; what their parameters mean stands where they are written. */
export interface Kernels {
  passes: ReadonlyMap<string, (...parameters: PassParameters) => void>;
  copy: Call;
  transpose: Call;
  unpack: Call;
  pack: Call;
  evenSum: Call;
  complexSum: Call;
  pairSum: Call;
}

export interface Workspace {
  readonly precision: Precision;
  /** Bytes of a number, and numbers of a vector. */
  readonly bytes: 4 | 8;
  readonly lanes: 2 | 4;
  readonly kernels: Kernels;
  /** The memory as numbers, at least so many of them; what it holds is left from the last use. */
  reserve(numbers: number): Float32Array | Float64Array;
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
        pairSumSource(lanes),
      ]),
    );
    modules.set(precision, module);
  }
  return module;
}

function createWorkspace(precision: Precision): Workspace {
  const { exports } = new WebAssembly.Instance(moduleOf(precision));
  const memory = exports.memory as WebAssembly.Memory;
  const call = (name: string) => exports[name] as Call;
  const passes = new Map(
    radices.flatMap((radix) => [`pass${radix}`, `pass${radix}Bare`]).map((name) => [name, call(name)]),
  );
  const single = precision === "float32";
  const bytes = single ? 4 : 8;
  let view: Float32Array | Float64Array | undefined;
  return {
    precision,
    bytes,
    lanes: single ? 4 : 2,
    kernels: {
      passes,
      copy: call("copy"),
      transpose: call("transpose"),
      unpack: call("unpack"),
      pack: call("pack"),
      evenSum: call("evenSum"),
      complexSum: call("complexSum"),
      pairSum: call("pairSum"),
    },
    reserve(numbers) {
      const missing = numbers * bytes - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / 65536));
      if (view === undefined || view.length * bytes !== memory.buffer.byteLength) {
        view = single ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
      }
      return view;
    },
  };
}
