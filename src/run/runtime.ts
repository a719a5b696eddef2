import type { Graph, Tensor } from "../graph/graph.ts";

/** Named tensors: the inputs or outputs of a run, or the state of a training. */
export type Tensors = Record<string, Tensor>;

/**
 * Graphs that are executed together and share a state. A graph's input whose name is in the state reads it; a graph's
 * output called `next:<name>` ({@link nextOf}) replaces it after the run. Parameters and optimiser moments thus stay in
 * the runtime (or on the GPU) between two training steps.
 */
export interface Program {
  graphs: Record<string, Graph>;
  state?: Tensors;
}

/** The output that replaces the state tensor `name` after a run. */
export const nextOf = (name: string): string => `next:${name}`;

export type Device = "cpu" | "webgpu" | "cuda";

/** A runtime executes graphs. Every runtime passes the same contract tests (test/run-contract.ts). */
export interface Runtime {
  readonly name: "reference" | "native" | "web";
  readonly device: Device;
  /**
   * Prepares a program.
   * @throws graph.invalid when two graphs disagree about the shape of a state tensor, or a state tensor is missing
   * @throws runtime.failed when the runtime refuses a graph
   */
  open(program: Program): Promise<Session>;
  /** Frees everything, open sessions included. */
  close(): Promise<void>;
}

/** An opened program. Runs of one session are executed one after the other, in the order of the calls. */
export interface Session {
  /**
   * Executes one graph.
   * @param inputs every input of the graph that is not in the state; the buffers stay the caller's and are not changed
   * @param signal for work whose state is of no use once it is stopped: aborted before the run, the run is not begun;
   * aborted while it
   *   goes on, a runtime that can (the web one in its thread under Node) stops in the middle, and with it is closed
   * @returns every output that is not `next:...`
   * @throws graph.invalid when an input is missing, unknown or of another shape; runtime.failed when the execution
   * fails; interrupted
   */
  run(graph: string, inputs: Tensors, signal?: AbortSignal): Promise<Tensors>;
  /** A copy of the state. */
  readState(): Promise<Tensors>;
  /** Replaces some or all of the state. */
  writeState(state: Tensors): Promise<void>;
  close(): Promise<void>;
}
