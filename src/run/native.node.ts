import { createRequire } from "node:module";
import { ParfocalError } from "../errors.ts";
import type { Tensor } from "../graph/graph.ts";
import { writeOnnx } from "../graph/onnx/write.ts";
import { blockProbe, writeBlockedOnnx } from "./blocked-convolution.ts";
import { checkedRuntime } from "./checked-runtime.ts";
import { startOrtThread, type WriteGraph } from "./ort-thread.node.ts";
import { probe } from "./probe.ts";
import type { Device, Runtime } from "./runtime.ts";

export interface NativeOptions {
  /** Where the graphs are computed, default "cpu". */
  device?: Device;
  /** Threads of the CPU device; default: ONNX Runtime's choice, one per physical core. */
  threads?: number;
}

/**
 * ONNX Runtime for Node (the optional package onnxruntime-node) in a thread of its own, so that the caller's event loop
 * stays free. An idle runtime does not keep the process alive; a running computation does.
 * @throws runtime.unavailable when the package or the device is missing on this machine
 */
export async function openNativeRuntime({ device = "cpu", threads }: NativeOptions = {}): Promise<Runtime> {
  loadNativePackage(device);
  const thread = startOrtThread({ runtime: "native", device, threads });
  let write: WriteGraph = writeOnnx;
  const runtime = checkedRuntime({
    name: "native",
    device,
    open: (program, plan) => thread.open(program, plan, write),
    close: () => thread.close(),
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

/**
 * The block of channels of this machine's fastest convolutions (see blocked-convolution.ts); undefined if it has none.
 */
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

/**
 * On Linux its install script downloads CUDA, and npm leaves the package out if that fails: see
 * docs/decisions/native-package.md.
 */
const installAdvice =
  process.platform === "linux"
    ? "install it with `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node` (without this setting, npm silently leaves it out if it cannot download CUDA)"
    : "install it with `npm install onnxruntime-node`";

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
    const detail = String(cause).split("\n")[0];
    const missing = detail.includes("Cannot find module 'onnxruntime-node'");
    throw new ParfocalError(
      "runtime.unavailable",
      `The package onnxruntime-node ${missing ? "is not installed" : `does not load here (${detail})`}, so computing takes two to three times as long; ${installAdvice}.`,
      { runtime: "native", detail },
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
