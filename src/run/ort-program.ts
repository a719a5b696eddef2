import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import type { Tensor } from "../graph/graph.ts";
import { writeOnnx } from "../graph/onnx/write.ts";
import type { GraphPlan, ProgramPlan } from "./plan.ts";
import { nextOf, type Program, type Tensors } from "./runtime.ts";

/** What is used of onnxruntime-node and of onnxruntime-web: they share the types of onnxruntime-common. */
export interface OrtModule {
  Tensor: TensorConstructor;
  InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

/** A program as it travels to where it is executed: ONNX files, and what is fed and fetched. */
export interface EncodedProgram {
  graphs: Record<string, { model: Uint8Array<ArrayBuffer>; plan: GraphPlan }>;
  state: Tensors;
}

/** The ONNX files of a program's graphs; the state is not copied. */
export function encodeProgram(program: Program, plan: ProgramPlan): EncodedProgram {
  const graphs = Object.entries(program.graphs).map(
    ([name, graph]) => [name, { model: writeOnnx(graph), plan: plan.graphs[name] }] as const,
  );
  return { graphs: Object.fromEntries(graphs), state: program.state ?? {} };
}

/** An opened program in ONNX Runtime. Calls must not overlap. */
export interface OrtProgram {
  run(graph: string, inputs: Tensors): Promise<Tensors>;
  readState(): Promise<Tensors>;
  writeState(state: Tensors): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a program: one ONNX Runtime session a graph, and the state as tensors of ONNX Runtime that go from the outputs
 * of one run to the inputs of the next. Buffers of the state become the program's own.
 */
export async function openOrtProgram(
  ort: OrtModule,
  program: EncodedProgram,
  options: InferenceSession.SessionOptions,
): Promise<OrtProgram> {
  const sessions = new Map<string, InferenceSession>();
  const state = new Map<string, OrtTensor>();
  const toOrt = ({ type, shape, data }: Tensor): OrtTensor => new ort.Tensor(type, data as Float32Array, shape);
  const close = async (): Promise<void> => {
    for (const tensor of state.values()) tensor.dispose();
    state.clear();
    for (const session of sessions.values()) await session.release();
    sessions.clear();
  };
  try {
    for (const [name, { model }] of Object.entries(program.graphs)) {
      sessions.set(name, await ort.InferenceSession.create(model, options));
    }
  } catch (error) {
    await close();
    throw error;
  }
  for (const [name, tensor] of Object.entries(program.state)) state.set(name, toOrt(tensor));
  return {
    async run(graph, inputs) {
      const { plan } = program.graphs[graph];
      const feeds: Record<string, OrtTensor> = {};
      for (const name of plan.stateInputs) feeds[name] = state.get(name) as OrtTensor;
      for (const [name, tensor] of Object.entries(inputs)) feeds[name] = toOrt(tensor);
      const fetched = [...plan.outputs, ...plan.replaced.map(nextOf)];
      const results = await (sessions.get(graph) as InferenceSession).run(feeds, fetched);
      for (const name of plan.replaced) {
        state.get(name)?.dispose();
        state.set(name, results[nextOf(name)]);
      }
      const outputs: Tensors = {};
      for (const name of plan.outputs) outputs[name] = await fromOrt(results[name]);
      return outputs;
    },
    async readState() {
      const copies: Tensors = {};
      for (const [name, tensor] of state) {
        const { type, shape, data } = await fromOrt(tensor);
        copies[name] = { type, shape, data: data.slice() };
      }
      return copies;
    },
    async writeState(tensors) {
      for (const [name, tensor] of Object.entries(tensors)) {
        state.get(name)?.dispose();
        state.set(name, toOrt(tensor));
      }
    },
    close,
  };
}

async function fromOrt(tensor: OrtTensor): Promise<Tensor> {
  const data = (await tensor.getData()) as Float32Array | Uint8Array;
  return { type: tensor.type as Tensor["type"], shape: [...tensor.dims], data };
}
