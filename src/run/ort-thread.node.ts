import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { writeOnnx } from "../graph/onnx/write.ts";
import { type BackendSession, runtimeFailed } from "./checked-runtime.ts";
import { BUSY, CLOSING, type Flags, type OrtReply, type OrtRequest, type OrtWorkerData } from "./ort-messages.ts";
import { type EncodedProgram, encodeProgram } from "./ort-program.ts";
import type { ProgramPlan } from "./plan.ts";
import type { Program, Tensors } from "./runtime.ts";
import { buffersOf, copyTensors } from "./transfer.ts";

export type WriteGraph = (graph: Graph) => Uint8Array<ArrayBuffer>;

/** A thread in which ONNX Runtime computes, so that the caller's event loop stays free. */
export interface OrtThread {
  open(program: Program, plan: ProgramPlan, write?: WriteGraph): Promise<BackendSession>;
  /**
   * Rejects waiting requests and ends the thread: the native runtime's after the current computation, the web runtime's
   * at once.
   */
  close(): Promise<void>;
}

/**
 * Starts the thread of a runtime. Idle, it does not keep the process alive; a run under way does.
 * @throws usage for an invalid number of threads
 */
export function startOrtThread(data: Omit<OrtWorkerData, "flags">): OrtThread {
  const { threads } = data;
  // With far more threads than the processor has, ONNX Runtime spends minutes on starting them.
  const maxThreads = Math.max(64, 4 * availableParallelism());
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= maxThreads)) {
    const expected = `a whole number from 1 to ${maxThreads}`;
    throw new ParfocalError("usage", `\`threads\` must be ${expected} on this machine, got ${threads}.`, {
      option: "threads",
      got: threads,
      expected,
    });
  }
  const worker = startWorker(data);
  let sessions = 0;
  return {
    open: (program, plan, write = writeOnnx) => openSession(worker, sessions++, encodeProgram(program, plan, write)),
    close: () => worker.close(),
  };
}

async function openSession(worker: OrtWorker, session: number, encoded: EncodedProgram): Promise<BackendSession> {
  const models = Object.values(encoded.graphs).map(({ model }) => model.buffer);
  const state = copyTensors(encoded.state);
  const moved = [...models, ...buffersOf(state)];
  await worker.ask({ kind: "open", session, program: { ...encoded, state } }, moved);
  return {
    run(graph, inputs, signal) {
      const copies = copyTensors(inputs);
      const running = worker.ask({ kind: "run", session, graph, inputs: copies }, buffersOf(copies));
      return signal ? stoppedBy(signal, running, worker) : running;
    },
    readState: () => worker.ask({ kind: "readState", session }),
    async writeState(tensors) {
      const copies = copyTensors(tensors);
      await worker.ask({ kind: "writeState", session, state: copies }, buffersOf(copies));
    },
    async close() {
      if (!worker.isGone()) await worker.ask({ kind: "close", session });
    },
  };
}

async function stoppedBy(signal: AbortSignal, running: Promise<Tensors>, worker: OrtWorker): Promise<Tensors> {
  const stop = (): void => worker.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await running;
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

interface OrtWorker {
  ask(request: OrtRequest, moved?: ArrayBuffer[]): Promise<Tensors>;
  /** Ends the thread in the middle of a run, where that is possible. */
  stop(): void;
  /** Whether the thread has ended. */
  isGone(): boolean;
  close(): Promise<void>;
}

/**
 * A worker runs JavaScript only. If this module was loaded as TypeScript, by the tests, the worker is that of the last
 * build.
 */
function workerUrl(): URL {
  const here = import.meta.url;
  return here.endsWith(".ts")
    ? new URL("../../dist/run/ort-worker.node.js", here)
    : new URL("./ort-worker.node.js", here);
}

function startWorker(data: Omit<OrtWorkerData, "flags">): OrtWorker {
  const flags: Flags = new Int32Array(new SharedArrayBuffer(8));
  // Without the options of the process: some, such as --input-type, are refused for a worker's file.
  const worker = new Worker(workerUrl(), { workerData: { ...data, flags } satisfies OrtWorkerData, execArgv: [] });
  const waiting = new Map<number, { resolve: (tensors: Tensors) => void; reject: (error: unknown) => void }>();
  let requests = 0;
  let gone: string | undefined;
  const end = (why: string): void => {
    gone ??= why;
    for (const { reject } of waiting.values()) reject(runtimeFailed(data.runtime, gone));
    waiting.clear();
  };
  worker.unref();
  worker.on("message", ({ id, reply }: { id: number; reply: OrtReply }) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if ("failure" in reply) caller?.reject(runtimeFailed(data.runtime, reply.failure));
    else caller?.resolve(reply.tensors);
  });
  worker.on("error", (error) => end(`its thread failed: ${error instanceof Error ? error.message : error}`));
  worker.on("exit", (code) => end(`its thread ended with code ${code}`));
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  // process.exit ends the thread as well: wait for the current native computation to end, for at most a minute.
  const beforeExit = (): void => {
    if (data.runtime === "web") return;
    Atomics.store(flags, CLOSING, 1);
    if (Atomics.load(flags, BUSY) === 1) Atomics.wait(flags, BUSY, 1, 60_000);
  };
  process.once("exit", beforeExit);
  exited.then(() => process.off("exit", beforeExit));
  return {
    ask(request, moved = []) {
      return new Promise((resolve, reject) => {
        if (gone !== undefined) {
          reject(runtimeFailed(data.runtime, gone));
          return;
        }
        const id = requests++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, request }, moved);
      });
    },
    stop() {
      if (data.runtime === "native") return;
      end("it was stopped");
      worker.terminate();
    },
    isGone: () => gone !== undefined,
    async close() {
      Atomics.store(flags, CLOSING, 1);
      end("it was closed");
      worker.ref();
      if (data.runtime === "web") {
        await worker.terminate();
        return;
      }
      worker.postMessage({ id: requests++, request: { kind: "end" } satisfies OrtRequest });
      await exited;
    },
  };
}
