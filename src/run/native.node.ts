import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { ParfocalError } from "../errors.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { writeOnnx } from "../graph/onnx/write.ts";
import { blockProbe, writeBlockedOnnx } from "./blocked-convolution.ts";
import { type BackendSession, checkedRuntime, runtimeFailed } from "./checked-runtime.ts";
import {
  BUSY,
  CLOSING,
  type Flags,
  type NativeReply,
  type NativeRequest,
  type NativeWorkerData,
} from "./native-messages.ts";
import { encodeProgram } from "./ort-program.ts";
import type { ProgramPlan } from "./plan.ts";
import { probe } from "./probe.ts";
import type { Device, Program, Runtime, Tensors } from "./runtime.ts";
import { buffersOf, copyTensors } from "./transfer.ts";

export interface NativeOptions {
  /** Where the graphs are computed, default "cpu". */
  device?: Device;
  /** Threads of the CPU device; default: ONNX Runtime's choice, one per physical core. */
  threads?: number;
}

/**
 * ONNX Runtime for Node (the optional package onnxruntime-node) in a thread of its own, so that the caller's event loop
 * stays free. An idle runtime does not keep the process alive; a run under way does.
 * @throws runtime.unavailable when the package or the device is missing on this machine
 */
export async function openNativeRuntime({ device = "cpu", threads }: NativeOptions = {}): Promise<Runtime> {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new ParfocalError("usage", `threads must be a whole number of at least 1, got ${threads}.`, {
      option: "threads",
      got: threads,
      expected: "a whole number of at least 1",
    });
  }
  loadNativePackage(device);
  const worker = startWorker({ device, threads });
  let sessions = 0;
  let write: WriteGraph = writeOnnx;
  const runtime = checkedRuntime({
    name: "native",
    device,
    open: (program, plan) => openSession(worker, sessions++, program, plan, write),
    close: () => worker.close(),
  });
  await probe(runtime, device === "cuda" ? cudaAdvice : "choose another device, such as cpu");
  if (device === "cpu") {
    const block = await findBlock(runtime, (candidate) => {
      write = candidate;
    });
    write = block === undefined ? writeOnnx : (graph) => writeBlockedOnnx(graph, block);
  }
  return runtime;
}

type WriteGraph = (graph: Graph) => Uint8Array<ArrayBuffer>;

/** The block of channels of this machine's fastest convolutions (see blocked-convolution.ts); undefined when it has none. */
async function findBlock(runtime: Runtime, writeBy: (write: WriteGraph) => void): Promise<number | undefined> {
  const { graph, inputs } = blockProbe();
  const outputBy = async (write: WriteGraph): Promise<Tensor["data"]> => {
    writeBy(write);
    const session = await runtime.open({ graphs: { probe: graph } });
    return (await session.run("probe", inputs).finally(() => session.close())).output.data;
  };
  const expected = await outputBy(writeOnnx);
  for (const block of [16, 8]) {
    const got = await outputBy((probed) => writeBlockedOnnx(probed, block)).catch(() => undefined);
    if (got?.every((value, i) => Math.abs(value - expected[i]) < 1e-3)) return block;
  }
  return undefined;
}

const cudaAdvice =
  "install NVIDIA's driver and CUDA 12, and install onnxruntime-node with ONNXRUNTIME_NODE_INSTALL=cuda12 set, or choose webgpu or cpu";

async function openSession(
  worker: NativeWorker,
  session: number,
  program: Program,
  plan: ProgramPlan,
  write: WriteGraph,
): Promise<BackendSession> {
  const encoded = encodeProgram(program, plan, write);
  const models = Object.values(encoded.graphs).map(({ model }) => model.buffer);
  const state = copyTensors(encoded.state);
  const moved = [...models, ...buffersOf(state)];
  await worker.ask({ kind: "open", session, program: { ...encoded, state } }, moved);
  return {
    run(graph, inputs) {
      const copies = copyTensors(inputs);
      return worker.ask({ kind: "run", session, graph, inputs: copies }, buffersOf(copies));
    },
    readState: () => worker.ask({ kind: "readState", session }),
    async writeState(tensors) {
      const copies = copyTensors(tensors);
      await worker.ask({ kind: "writeState", session, state: copies }, buffersOf(copies));
    },
    async close() {
      await worker.ask({ kind: "close", session });
    },
  };
}

interface NativeWorker {
  ask(request: NativeRequest, moved?: ArrayBuffer[]): Promise<Tensors>;
  close(): Promise<void>;
}

/** A worker runs JavaScript only: where this module was loaded as TypeScript, by the tests, it is the one of the last build. */
function workerUrl(): URL {
  const here = import.meta.url;
  return here.endsWith(".ts")
    ? new URL("../../dist/run/native-worker.node.js", here)
    : new URL("./native-worker.node.js", here);
}

function startWorker(data: Omit<NativeWorkerData, "flags">): NativeWorker {
  const flags: Flags = new Int32Array(new SharedArrayBuffer(8));
  // Without the options of the process: some, such as --input-type, are refused for a worker's file.
  const worker = new Worker(workerUrl(), { workerData: { ...data, flags } satisfies NativeWorkerData, execArgv: [] });
  const waiting = new Map<number, { resolve: (tensors: Tensors) => void; reject: (error: unknown) => void }>();
  let requests = 0;
  let gone: string | undefined;
  const end = (why: string): void => {
    gone ??= why;
    for (const { reject } of waiting.values()) reject(runtimeFailed("native", gone));
    waiting.clear();
  };
  worker.unref();
  worker.on("message", ({ id, reply }: { id: number; reply: NativeReply }) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if ("failure" in reply) caller?.reject(runtimeFailed("native", reply.failure));
    else caller?.resolve(reply.tensors);
  });
  worker.on("error", (error) => end(`its thread broke: ${error instanceof Error ? error.message : error}`));
  worker.on("exit", (code) => end(`its thread ended with code ${code}`));
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  // process.exit ends the thread as well: let the computation under way come to its end, at most a minute.
  const beforeExit = (): void => {
    Atomics.store(flags, CLOSING, 1);
    if (Atomics.load(flags, BUSY) === 1) Atomics.wait(flags, BUSY, 1, 60_000);
  };
  process.once("exit", beforeExit);
  exited.then(() => process.off("exit", beforeExit));
  return {
    ask(request, moved = []) {
      return new Promise((resolve, reject) => {
        if (gone !== undefined) {
          reject(runtimeFailed("native", gone));
          return;
        }
        const id = requests++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, request }, moved);
      });
    },
    async close() {
      Atomics.store(flags, CLOSING, 1);
      end("it was closed");
      worker.ref();
      worker.postMessage({ id: requests++, request: { kind: "end" } satisfies NativeRequest });
      await exited;
    },
  };
}

interface NativePackage {
  listSupportedBackends(): { name: string; bundled: boolean }[];
  env: { versions: { node?: string; common: string } };
}

/**
 * Loads onnxruntime-node, which computes nothing yet.
 * @throws runtime.unavailable when it is missing, does not load, or does not know the device on this platform
 */
export function loadNativePackage(device: Device): NativePackage {
  let ort: NativePackage;
  try {
    ort = createRequire(import.meta.url)("onnxruntime-node");
  } catch (cause) {
    throw new ParfocalError(
      "runtime.unavailable",
      "The native runtime needs the package onnxruntime-node, which is missing or does not load here: install it with `npm install onnxruntime-node`, or use the web runtime, which is slower and needs nothing.",
      { runtime: "native", detail: String(cause) },
      { cause },
    );
  }
  const devices = ort.listSupportedBackends().map(({ name }) => name);
  if (devices.includes(device)) return ort;
  throw new ParfocalError(
    "runtime.unavailable",
    `onnxruntime-node has no ${device} on this platform, only ${devices.join(", ")}; choose another device.`,
    { runtime: "native", detail: `no ${device}` },
  );
}
