/**
 * Executing graphs: the interface of a runtime, the reference runtime, and ONNX Runtime for the web.
 * @module
 */

export type { Machine, RuntimeReport } from "./machine.ts";
export type { RuntimeOptions } from "./open-options.ts";
export { openReferenceRuntime } from "./reference.ts";
export { type Device, nextOf, type Program, type Runtime, type Session, type Tensors } from "./runtime.ts";
export { openWebRuntime, type WebOptions } from "./web.ts";
