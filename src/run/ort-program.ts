import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { Graph, type Tensor } from "../graph/graph.ts";
import { writeOnnx } from "../graph/onnx/write.ts";
import type { GraphPlan, ProgramPlan } from "./plan.ts";
import { nextOf, type Program, type Tensors } from "./runtime.ts";
import { needsChannelsFirst } from "./webgpu-layout.ts";

/** What is used of onnxruntime-node and of onnxruntime-web: they share the types of onnxruntime-common. */
export interface OrtModule {
  Tensor: TensorConstructor;
  InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

/** A program as it travels to where it is executed: ONNX files, and what is fed and fetched. */
export interface EncodedProgram {
  graphs: Record<string, EncodedGraph>;
  state: Tensors;
}

interface EncodedGraph {
  model: Uint8Array<ArrayBuffer>;
  plan: GraphPlan;
  /** See {@link needsChannelsFirst}. */
  channelsFirst: boolean;
}

/** The ONNX files of a program's graphs, as `write` gives them; the state is not copied. */
export function encodeProgram(
  program: Program,
  plan: ProgramPlan,
  write: (graph: Graph) => Uint8Array<ArrayBuffer> = writeOnnx,
): EncodedProgram {
  const graphs = Object.entries(program.graphs).map(([name, graph]): [string, EncodedGraph] => [
    name,
    { model: write(graph), plan: plan.graphs[name], channelsFirst: needsChannelsFirst(graph) },
  ]);
  return { graphs: Object.fromEntries(graphs), state: program.state ?? {} };
}

/** An opened program in ONNX Runtime. Calls must not overlap. */
export interface OrtProgram {
  run(graph: string, inputs: Tensors): Promise<Tensors>;
  readState(): Promise<Tensors>;
  writeState(state: Tensors): Promise<void>;
  close(): Promise<void>;
}

export interface OrtProgramOptions {
  /** ONNX Runtime's execution provider. */
  provider: "cpu" | "wasm" | "webgpu" | "cuda";
  /** Threads of the provider "cpu"; default: one per physical core. */
  threads?: number;
  /** Where the state lies between two runs. */
  stateOn: "cpu" | "gpu-buffer";
  /**
   * Whether outputs can be written into tensors that are given (onnxruntime-node does). The state then lives in two
   * sets of buffers that take turns, instead of new ones at every run that wait for the garbage collector.
   */
  fillsOutputs: boolean;
}

/**
 * Opens a program: one ONNX Runtime session a graph, and the state as tensors of ONNX Runtime that go from the outputs
 * of one run to the inputs of the next. Buffers of the state become the program's own.
 */
export async function openOrtProgram(
  ort: OrtModule,
  { graphs, state: initial }: EncodedProgram,
  options: OrtProgramOptions,
): Promise<OrtProgram> {
  const created: InferenceSession[] = [];
  const create: CreateSession = async ({ model, channelsFirst }, outputs, onGpu) => {
    const { provider, threads, stateOn } = options;
    const location = (name: string) => (onGpu.includes(name) ? ("gpu-buffer" as const) : ("cpu" as const));
    const placed = { preferredOutputLocation: Object.fromEntries(outputs.map((name) => [name, location(name)])) };
    const firstChannels = { name: "webgpu", preferredLayout: "NCHW" } as const;
    const session = await ort.InferenceSession.create(model, {
      executionProviders: [provider === "webgpu" && channelsFirst ? firstChannels : provider],
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(stateOn === "cpu" ? {} : placed),
      logSeverityLevel: 4,
    });
    created.push(session);
    return session;
  };
  const release = async (): Promise<void> => {
    for (const session of created.splice(0)) await session.release();
  };
  try {
    const sessions = new Map<string, InferenceSession>();
    for (const [name, graph] of Object.entries(graphs)) {
      const replaced = graph.plan.replaced.map(nextOf);
      sessions.set(name, await create(graph, [...graph.plan.outputs, ...replaced], replaced));
    }
    const state = options.stateOn === "cpu" ? cpuState(ort, options) : await gpuState(create, ort, initial);
    await state.write(initial);
    const close = async (): Promise<void> => {
      state.dispose();
      await release();
    };
    return { ...runner(ort, graphs, sessions, state), close };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Opens a model, with some of its outputs staying on the GPU. */
type CreateSession = (
  graph: Pick<EncodedGraph, "model" | "channelsFirst">,
  outputs: readonly string[],
  onGpu: readonly string[],
) => Promise<InferenceSession>;

function runner(
  ort: OrtModule,
  graphs: EncodedProgram["graphs"],
  sessions: ReadonlyMap<string, InferenceSession>,
  state: State,
): Omit<OrtProgram, "close"> {
  return {
    async run(graph, inputs) {
      const { plan } = graphs[graph];
      const feeds: Record<string, OrtTensor> = {};
      for (const name of plan.stateInputs) feeds[name] = state.tensor(name);
      for (const [name, tensor] of Object.entries(inputs)) feeds[name] = toOrt(ort, tensor);
      const fetches: Record<string, OrtTensor | null> = {};
      for (const name of plan.outputs) fetches[name] = null;
      for (const name of plan.replaced) fetches[nextOf(name)] = state.target(name);
      const results = await (sessions.get(graph) as InferenceSession).run(feeds, fetches);
      for (const name of plan.replaced) state.replace(name, results[nextOf(name)]);
      return Object.fromEntries(plan.outputs.map((name) => [name, fromOrt(results[name])]));
    },
    readState: () => state.read(),
    writeState: (tensors) => state.write(tensors),
  };
}

/** The state between two runs. */
interface State {
  tensor(name: string): OrtTensor;
  /** Where the next value may be written; null for a new tensor. */
  target(name: string): OrtTensor | null;
  replace(name: string, next: OrtTensor): void;
  read(): Promise<Tensors>;
  write(tensors: Tensors): Promise<void>;
  dispose(): void;
}

function cpuState(ort: OrtModule, { fillsOutputs }: OrtProgramOptions): State {
  const current = new Map<string, OrtTensor>();
  const spare = new Map<string, OrtTensor>();
  const known = (name: string): OrtTensor => current.get(name) as OrtTensor;
  return {
    tensor: known,
    target(name) {
      if (!fillsOutputs) return null;
      let target = spare.get(name);
      if (!target) {
        const { type, dims, data } = known(name);
        target = toOrt(ort, { type: type as Tensor["type"], shape: dims, data: (data as Float32Array).map(() => 0) });
        spare.set(name, target);
      }
      return target;
    },
    replace(name, next) {
      const filled = spare.get(name);
      if (filled) spare.set(name, known(name));
      else known(name).dispose();
      current.set(name, filled ?? next);
    },
    async read() {
      const copies: Tensors = {};
      for (const [name, tensor] of current) {
        const { type, shape, data } = fromOrt(tensor);
        copies[name] = { type, shape, data: data.slice() };
      }
      return copies;
    },
    async write(tensors) {
      for (const [name, tensor] of Object.entries(tensors)) current.set(name, toOrt(ort, tensor));
    },
    dispose() {
      for (const tensor of [...current.values(), ...spare.values()]) tensor.dispose();
      current.clear();
      spare.clear();
    },
  };
}

/**
 * State in GPU buffers. It goes up and down through graphs that only copy, once with its outputs on the GPU and once on
 * the CPU: downloading a GPU tensor directly ends the process with onnxruntime-node 1.30.
 */
async function gpuState(create: CreateSession, ort: OrtModule, initial: Tensors): Promise<State> {
  const names = Object.keys(initial);
  const outputs = names.map(nextOf);
  const copying = { model: copyingModel(initial), channelsFirst: false };
  const up = names.length > 0 ? await create(copying, outputs, outputs) : undefined;
  const down = names.length > 0 ? await create(copying, outputs, []) : undefined;
  const current = new Map<string, OrtTensor>();
  const replace = (name: string, next: OrtTensor): void => {
    current.get(name)?.dispose();
    current.set(name, next);
  };
  const read = async (): Promise<Tensors> => {
    if (!down) return {};
    const results = await down.run(Object.fromEntries(current), outputs);
    return Object.fromEntries(names.map((name) => [name, fromOrt(results[nextOf(name)])]));
  };
  return {
    tensor: (name) => current.get(name) as OrtTensor,
    target: () => null,
    replace,
    read,
    async write(tensors) {
      if (!up || Object.keys(tensors).length === 0) return;
      const complete = { ...(current.size > 0 ? await read() : {}), ...tensors };
      const feeds = Object.entries(complete).map(([name, tensor]) => [name, toOrt(ort, tensor)] as const);
      const results = await up.run(Object.fromEntries(feeds), outputs);
      for (const name of names) replace(name, results[nextOf(name)]);
    },
    dispose() {
      for (const tensor of current.values()) tensor.dispose();
      current.clear();
    },
  };
}

/** `next:x = x` for every tensor. */
function copyingModel(tensors: Tensors): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  for (const [name, { shape, type }] of Object.entries(tensors)) {
    graph.output(nextOf(name), graph.input(name, shape, type));
  }
  return writeOnnx(graph);
}

function toOrt(ort: OrtModule, { type, shape, data }: Tensor): OrtTensor {
  return new ort.Tensor(type, data as Float32Array, shape);
}

function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  return { type: type as Tensor["type"], shape: [...dims], data: data as Float32Array };
}
