import type { Env } from "onnxruntime-common";
import { ParfocalError } from "../errors.ts";
import { type BackendSession, checkedRuntime } from "./checked-runtime.ts";
import { inTurns } from "./in-turns.ts";
import { encodeProgram, type OrtModule, type OrtProgramOptions, openOrtProgram } from "./ort-program.ts";
import { probe } from "./probe.ts";
import type { Runtime } from "./runtime.ts";
import { copyTensors } from "./transfer.ts";

export interface WebOptions {
  /** WebAssembly on the CPU (default) or the GPU through WebGPU. */
  device?: "cpu" | "webgpu";
  /**
   * Threads of the CPU device, default 1. More need a page that is cross-origin isolated. The first runtime that is
   * opened in a page, worker or process decides for all.
   */
  threads?: number;
}

/**
 * ONNX Runtime for the web: WebAssembly or WebGPU, in the calling thread, which handles its events before every run
 * (timers, an AbortSignal, painting). Open it in a worker if the page must not wait for a run.
 * @throws runtime.unavailable when the device is missing
 */
export async function openWebRuntime({ device = "cpu", threads = 1 }: WebOptions = {}): Promise<Runtime> {
  if (device === "webgpu") await checkWebGpu();
  // Not the default entry of the package: it returned zeros for some convolutions.
  const loaded = device === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  const ort = loaded as unknown as OrtModule & { env: Env };
  ort.env.logLevel = "fatal";
  ort.env.wasm.numThreads = threads;
  const options: OrtProgramOptions = {
    provider: device === "webgpu" ? "webgpu" : "wasm",
    stateOn: device === "webgpu" ? "gpu-buffer" : "cpu",
    // Results come out of the heap of WebAssembly as copies.
    fillsOutputs: false,
  };
  const inTurn = inTurns("web");
  const runtime = checkedRuntime({
    name: "web",
    device,
    async open(program, plan) {
      const encoded = encodeProgram(program, plan);
      const own = { ...encoded, state: copyTensors(encoded.state) };
      const opened = await inTurn(() => openOrtProgram(ort, own, options));
      const session: BackendSession = {
        run(graph, inputs, signal) {
          const copies = copyTensors(inputs);
          return inTurn(() => opened.run(graph, copies), signal);
        },
        readState: () => inTurn(() => opened.readState()),
        writeState(state) {
          const copies = copyTensors(state);
          return inTurn(() => opened.writeState(copies));
        },
        close: () => inTurn(() => opened.close()),
      };
      return session;
    },
    async close(sessions) {
      for (const session of sessions) await session.close();
    },
  });
  return probe(runtime, "choose cpu, or another browser");
}

/** The part of navigator.gpu that is needed to know whether there is one. */
interface Gpu {
  requestAdapter(): Promise<object | null>;
}

async function checkWebGpu(): Promise<void> {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu } };
  const adapter = await navigator?.gpu?.requestAdapter();
  if (adapter) return;
  const detail = navigator?.gpu ? "the browser has no adapter" : "no navigator.gpu";
  throw new ParfocalError(
    "runtime.unavailable",
    `The web runtime finds no WebGPU here (${detail}); choose cpu, or a browser and a graphics driver with WebGPU.`,
    { runtime: "web", detail },
  );
}
