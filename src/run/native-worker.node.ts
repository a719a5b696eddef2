import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { Env } from "onnxruntime-common";
import type { NativeReply, NativeRequest, NativeWorkerData } from "./native-messages.ts";
import { type OrtModule, type OrtProgram, type OrtProgramOptions, openOrtProgram } from "./ort-program.ts";
import { buffersOf } from "./transfer.ts";

/**
 * The thread in which the native runtime lives: `session.run` of onnxruntime-node blocks the thread that calls it for as
 * long as it computes. Requests are answered one after the other.
 */
const port = parentPort;
if (!port) throw new Error("native-worker.node.js is a worker thread, not a program.");

const { device, threads } = workerData as NativeWorkerData;
const ort = createRequire(import.meta.url)("onnxruntime-node") as OrtModule & { env: Env };
// Errors arrive as exceptions; nothing is printed beside them.
ort.env.logLevel = "fatal";
const options: OrtProgramOptions = {
  session: {
    executionProviders: [device],
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    logSeverityLevel: 4,
  },
  // CUDA tensors do not survive a run in onnxruntime-node: there the state crosses the bus twice a step.
  stateOn: device === "webgpu" ? "gpu-buffer" : "cpu",
  fillsOutputs: true,
};
const programs = new Map<number, OrtProgram>();

async function answer(request: NativeRequest): Promise<NativeReply> {
  if (request.kind === "open") {
    programs.set(request.session, await openOrtProgram(ort, request.program, options));
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

let last: Promise<void> = Promise.resolve();
port.on("message", ({ id, request }: { id: number; request: NativeRequest }) => {
  last = last.then(async () => {
    let reply: NativeReply;
    try {
      reply = await answer(request);
    } catch (error) {
      reply = { failure: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage({ id, reply }, "tensors" in reply ? buffersOf(reply.tensors) : []);
  });
});
