import { ParfocalError, throwIfAborted } from "../errors.ts";
import { checkInputs, checkState, type ProgramPlan, planOf, planProgram } from "./plan.ts";
import { requireRoomFor } from "./require-room.ts";
import type { Device, Program, Runtime, Session, Tensors } from "./runtime.ts";

/** The part that differs between runtimes. It may rely on checked programs, inputs and states. */
export interface Backend {
  name: Runtime["name"];
  device: Device;
  open(program: Program, plan: ProgramPlan): Promise<BackendSession>;
  /** Frees everything; `open` are the sessions that were not closed. */
  close(open: readonly BackendSession[]): Promise<void>;
}

/** Must take from the inputs what it needs before it returns its promise. */
export interface BackendSession {
  run(graph: string, inputs: Tensors, signal?: AbortSignal): Promise<Tensors>;
  readState(): Promise<Tensors>;
  writeState(state: Tensors): Promise<void>;
  close(): Promise<void>;
}

/**
 * A runtime that refuses inputs that do not match or do not fit into memory before they reach its backend, and any call
 * after it was closed.
 */
export function checkedRuntime(backend: Backend): Runtime {
  const { name, device } = backend;
  const open = new Set<BackendSession>();
  let closed = false;
  return {
    name,
    device,
    async open(program) {
      if (closed) throw runtimeFailed(name, "it is closed");
      const plan = planProgram(program);
      if (device === "cpu") requireRoomFor(program.graphs);
      const session = await backend.open(program, plan);
      open.add(session);
      return checkedSession(
        name,
        plan,
        session,
        () => closed || !open.has(session),
        () => open.delete(session),
      );
    },
    async close() {
      if (closed) return;
      closed = true;
      await backend.close([...open]);
      open.clear();
    },
  };
}

function checkedSession(
  name: string,
  plan: ProgramPlan,
  session: BackendSession,
  isClosed: () => boolean,
  forget: () => void,
): Session {
  const check = (): void => {
    if (isClosed()) throw runtimeFailed(name, "the session is closed");
  };
  return {
    async run(graph, inputs, signal) {
      check();
      checkInputs(graph, planOf(plan, graph), inputs);
      throwIfAborted(signal);
      return session.run(graph, inputs, signal);
    },
    async readState() {
      check();
      return session.readState();
    },
    async writeState(state) {
      check();
      checkState(plan, state);
      return session.writeState(state);
    },
    async close() {
      if (isClosed()) return;
      forget();
      await session.close();
    },
  };
}

export function runtimeFailed(runtime: string, detail: string, cause?: unknown): ParfocalError {
  const message = `The ${runtime} runtime failed: ${detail.trimEnd().replace(/\.$/, "")}.`;
  return new ParfocalError("runtime.failed", message, { runtime, detail }, cause === undefined ? {} : { cause });
}
