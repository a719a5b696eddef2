import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { ParfocalError } from "../errors.ts";
import {
  buffersOf,
  copyTensors,
  type NativeReply,
  type NativeRequest,
  type NativeWorkerData,
} from "./native-messages.ts";
import { encodeProgram } from "./ort-program.ts";
import { checkInputs, checkState, planOf, planProgram } from "./plan.ts";
import type { Device, Program, Runtime, Session, Tensors } from "./runtime.ts";

export interface NativeOptions {
  /** Where the graphs are computed, default "cpu". */
  device?: Device;
  /** Threads of the CPU device; default: ONNX Runtime's choice, one per physical core. */
  threads?: number;
}

/**
 * ONNX Runtime for Node (the optional package onnxruntime-node) in a thread of its own, so that the caller's event loop
 * stays free.
 * @throws runtime.unavailable when the package or the device is missing on this machine
 */
export async function openNativeRuntime({ device = "cpu", threads }: NativeOptions = {}): Promise<Runtime> {
  checkAvailable(device);
  const worker = startWorker({ device, threads });
  let sessions = 0;
  return {
    name: "native",
    device,
    async open(program) {
      const id = sessions++;
      return openSession(worker, id, program);
    },
    close: () => worker.close(),
  };
}

async function openSession(worker: NativeWorker, session: number, program: Program): Promise<Session> {
  const plan = planProgram(program);
  const encoded = encodeProgram(program, plan);
  encoded.state = copyTensors(encoded.state);
  const models = Object.values(encoded.graphs).map(({ model }) => model.buffer);
  await worker.ask({ kind: "open", session, program: encoded }, [...models, ...buffersOf(encoded.state)]);
  let closed = false;
  const check = (): void => {
    if (closed) throw failed("the session is closed");
  };
  return {
    async run(graph, inputs) {
      check();
      checkInputs(graph, planOf(plan, graph), inputs);
      const copies = copyTensors(inputs);
      return worker.ask({ kind: "run", session, graph, inputs: copies }, buffersOf(copies));
    },
    async readState() {
      check();
      return worker.ask({ kind: "readState", session });
    },
    async writeState(state) {
      check();
      checkState(plan, state);
      const copies = copyTensors(state);
      await worker.ask({ kind: "writeState", session, state: copies }, buffersOf(copies));
    },
    async close() {
      if (closed) return;
      closed = true;
      await worker.ask({ kind: "close", session });
    },
  };
}

interface NativeWorker {
  ask(request: NativeRequest, transfer?: ArrayBuffer[]): Promise<Tensors>;
  close(): Promise<void>;
}

/** The worker runs JavaScript: when this module was loaded as TypeScript (by the tests), it is the one of the last build. */
function workerUrl(): URL {
  const here = import.meta.url;
  return here.endsWith(".ts")
    ? new URL("../../dist/run/native-worker.node.js", here)
    : new URL("./native-worker.node.js", here);
}

function startWorker(data: NativeWorkerData): NativeWorker {
  const worker = new Worker(workerUrl(), { workerData: data });
  const waiting = new Map<number, { resolve: (tensors: Tensors) => void; reject: (error: unknown) => void }>();
  let requests = 0;
  let gone: string | undefined;
  const end = (why: string): void => {
    gone ??= why;
    for (const { reject } of waiting.values()) reject(failed(gone));
    waiting.clear();
  };
  // An idle runtime must not keep the process alive; a run under way does.
  worker.unref();
  worker.on("message", ({ id, reply }: { id: number; reply: NativeReply }) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if ("failure" in reply) caller?.reject(failed(reply.failure));
    else caller?.resolve(reply.tensors);
  });
  worker.on("error", (error) => end(`its thread broke: ${error.message}`));
  worker.on("exit", (code) => end(`its thread ended with code ${code}`));
  return {
    ask(request, transfer = []) {
      return new Promise((resolve, reject) => {
        if (gone !== undefined) {
          reject(failed(gone));
          return;
        }
        const id = requests++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, request }, transfer);
      });
    },
    async close() {
      end("the runtime was closed");
      await worker.terminate();
    },
  };
}

function failed(detail: string): ParfocalError {
  return new ParfocalError("runtime.failed", `ONNX Runtime (native) failed: ${detail}.`, { runtime: "native", detail });
}

function checkAvailable(device: Device): void {
  let backends: readonly { name: string; bundled: boolean }[];
  try {
    backends = createRequire(import.meta.url)("onnxruntime-node").listSupportedBackends();
  } catch (cause) {
    throw new ParfocalError(
      "runtime.unavailable",
      "The native runtime needs the package onnxruntime-node, which is missing or does not load here: install it with `npm install onnxruntime-node`, or use the web runtime, which is slower and needs nothing.",
      { runtime: "native", detail: String(cause) },
      { cause },
    );
  }
  if (backends.some(({ name }) => name === device)) return;
  const has = backends.map(({ name }) => name).join(", ");
  throw new ParfocalError(
    "runtime.unavailable",
    `onnxruntime-node has no ${device} on this platform, only ${has}; choose another --device.`,
    { runtime: "native", detail: `no ${device}` },
  );
}
