import type { EncodedProgram } from "./ort-program.ts";
import type { Device, Tensors } from "./runtime.ts";

/** The data with which a thread for ONNX Runtime is started. */
export interface OrtWorkerData {
  runtime: "native" | "web";
  device: Device;
  threads: number | undefined;
  flags: Flags;
}

/**
 * Two words of shared memory, indexed by {@link CLOSING} and {@link BUSY}. A thread that is ended while
 * onnxruntime-node computes in it takes the whole process with it (an exception that nobody can catch), so that whoever
 * ends the thread first sets CLOSING, after which no computation begins, and waits until BUSY is 0. A thread with
 * onnxruntime-web can be ended at any time.
 */
export type Flags = Int32Array<SharedArrayBuffer>;
export const CLOSING = 0;
export const BUSY = 1;

/** The requests to the thread, which are answered in order. */
export type OrtRequest =
  | { kind: "open"; session: number; program: EncodedProgram }
  | { kind: "run"; session: number; graph: string; inputs: Tensors }
  | { kind: "readState"; session: number }
  | { kind: "writeState"; session: number; state: Tensors }
  | { kind: "close"; session: number }
  /** Frees everything and ends the thread; not answered. */
  | { kind: "end" };

/** The answer: tensors if the request needs them, or the reason of a failure. */
export type OrtReply = { tensors: Tensors } | { failure: string };
