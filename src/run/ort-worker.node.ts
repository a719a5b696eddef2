import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { Env } from "onnxruntime-common";
import { BUSY, CLOSING, type OrtReply, type OrtRequest, type OrtWorkerData } from "./ort-messages.ts";
import { type OrtModule, type OrtProgram, type OrtProgramOptions, openOrtProgram } from "./ort-program.ts";
import { buffersOf } from "./transfer.ts";

/**
 * The thread in which a runtime lives under Node: `session.run` of ONNX Runtime blocks the thread that calls it for as
 * long as it computes. Requests are answered one after the other.
 */
const port = parentPort;
if (!port) throw new Error("ort-worker.node.js is a worker thread, not a program.");

const { runtime, device, threads, flags } = workerData as OrtWorkerData;
type Ort = OrtModule & { env: Env };
// Without a top-level await, which would let requests come before anyone listens.
const loading: Promise<Ort> =
  runtime === "native"
    ? Promise.resolve(createRequire(import.meta.url)("onnxruntime-node") as Ort)
    : // The default entry of the package is the WebAssembly build for Node: the others have no threads there.
      import("onnxruntime-web").then((web) => web as unknown as Ort);

async function loadOrt(): Promise<Ort> {
  const ort = await loading;
  // Errors arrive as exceptions; nothing is printed beside them.
  ort.env.logLevel = "fatal";
  // 0 leaves it to ONNX Runtime: half of the processor's threads, at most 4.
  if (runtime === "web") ort.env.wasm.numThreads = threads ?? 0;
  return ort;
}
// Measured on two cores, against ONNX Runtime's defaults: threads that do not spin while they wait make a training step
// 1.2 times as long; without the memory arena a plane of 1024^2 takes 1.25 times as long and needs a third of the
// memory when idle, a training step is as fast and peaks at 0.6 of the memory. So the defaults stay.
const options: OrtProgramOptions = {
  provider: runtime === "web" ? "wasm" : device,
  ...(threads === undefined ? {} : { threads }),
  // CUDA tensors do not survive a run in onnxruntime-node: there the state crosses the bus twice a step.
  stateOn: device === "webgpu" ? "gpu-buffer" : "cpu",
  // Results of WebAssembly come out of its heap as copies.
  fillsOutputs: runtime === "native",
};
const programs = new Map<number, OrtProgram>();

type Answerable = Exclude<OrtRequest, { kind: "end" }>;

async function answer(request: Answerable): Promise<OrtReply> {
  if (request.kind === "open") {
    programs.set(request.session, await openOrtProgram(await loadOrt(), request.program, options));
    return { tensors: {} };
  }
  const program = programs.get(request.session);
  if (!program) return { failure: "the session is not open" };
  if (request.kind === "run") return { tensors: await program.run(request.graph, request.inputs) };
  if (request.kind === "readState") return { tensors: await program.readState() };
  if (request.kind === "writeState") await program.writeState(request.state);
  if (request.kind === "close") {
    programs.delete(request.session);
    await program.close();
  }
  return { tensors: {} };
}

async function answerUnlessClosing(request: Answerable): Promise<OrtReply> {
  Atomics.store(flags, BUSY, 1);
  try {
    // Looked at after BUSY is set: whoever closes does it the other way round, and one of both sees the other.
    if (Atomics.load(flags, CLOSING) === 1) return { failure: "the runtime is closing" };
    return await answer(request);
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  } finally {
    Atomics.store(flags, BUSY, 0);
    Atomics.notify(flags, BUSY);
  }
}

async function end(): Promise<void> {
  for (const program of programs.values()) await program.close();
  programs.clear();
  port?.close();
}

let last: Promise<void> = Promise.resolve();
port.on("message", ({ id, request }: { id: number; request: OrtRequest }) => {
  last = last.then(async () => {
    if (request.kind === "end") return end();
    const reply = await answerUnlessClosing(request);
    port.postMessage({ id, reply }, "tensors" in reply ? buffersOf(reply.tensors) : []);
  });
});
