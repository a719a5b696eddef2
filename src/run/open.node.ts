import type { Env } from "onnxruntime-common";
import { ParfocalError } from "../errors.ts";
import type { RuntimeReport } from "./machine.ts";
import { loadNativePackage, openNativeRuntime } from "./native.node.ts";
import type { RuntimeOptions } from "./open-options.ts";
import { openReferenceRuntime } from "./reference.ts";
import type { Device, Runtime } from "./runtime.ts";
import { openWebRuntimeThread } from "./web.node.ts";

/**
 * The runtime of this machine under Node: the native one if it is installed, otherwise WebAssembly on the CPU.
 * @throws runtime.unavailable when the device is missing
 */
export async function openRuntime({ device = "auto", threads, onWarning }: RuntimeOptions = {}): Promise<Runtime> {
  const requested = device === "auto" ? "cpu" : device;
  const share = threads === undefined ? {} : { threads };
  try {
    return await openNativeRuntime({ device: requested, ...share });
  } catch (error) {
    const missing = error instanceof ParfocalError && error.code === "runtime.unavailable";
    if (!missing || requested !== "cpu") throw error;
    onWarning?.(`${error.message} Continuing with the web runtime.`);
    return openWebRuntimeThread(share);
  }
}

/** Tries every runtime and device. WebGPU and CUDA may write to stderr while they are tried. */
export async function listRuntimes(): Promise<RuntimeReport[]> {
  const native: RuntimeReport = {
    name: "native",
    ...versionOf(() => loadNativePackage("cpu").env.versions.node),
    devices: [],
  };
  for (const device of ["cpu", "webgpu", "cuda"] as const) {
    native.devices.push(await attempt(device, () => openNativeRuntime({ device })));
  }
  const ort = (await import("onnxruntime-web")) as unknown as { env: Env };
  const web: RuntimeReport = { name: "web", ...versionOf(() => ort.env.versions.web), devices: [] };
  web.devices.push(await attempt("cpu", () => openWebRuntimeThread()));
  return [native, web, { name: "reference", devices: [await attempt("cpu", async () => openReferenceRuntime())] }];
}

async function attempt(device: Device, open: () => Promise<Runtime>): Promise<RuntimeReport["devices"][number]> {
  try {
    await (await open()).close();
    return { device, available: true };
  } catch (error) {
    return { device, available: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function versionOf(read: () => string | undefined): { version?: string } {
  try {
    const version = read();
    return version === undefined ? {} : { version };
  } catch {
    return {};
  }
}
