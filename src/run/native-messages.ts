import type { Tensor } from "../graph/graph.ts";
import type { EncodedProgram } from "./ort-program.ts";
import type { Device, Tensors } from "./runtime.ts";

/** What the worker of the native runtime is started with. */
export interface NativeWorkerData {
  device: Device;
  threads: number | undefined;
}

/** What it is asked; answered in order. */
export type NativeRequest =
  | { kind: "open"; session: number; program: EncodedProgram }
  | { kind: "run"; session: number; graph: string; inputs: Tensors }
  | { kind: "readState"; session: number }
  | { kind: "writeState"; session: number; state: Tensors }
  | { kind: "close"; session: number };

/** The answer: tensors where the request asks for them, or why it failed. */
export type NativeReply = { tensors: Tensors } | { failure: string };

/**
 * Copies of tensors whose buffers can be transferred. A view of a larger buffer becomes a buffer of its own: transferring
 * (or cloning) a view would take the whole buffer with it.
 */
export function copyTensors(tensors: Tensors): Tensors {
  const copies = Object.entries(tensors).map(([name, { type, shape, data }]): [string, Tensor] => [
    name,
    { type, shape: [...shape], data: data.slice() },
  ]);
  return Object.fromEntries(copies);
}

/** The buffers of tensors, to be listed as transferred. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  return [...new Set(Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer))];
}
