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
