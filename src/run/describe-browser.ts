import { availableMemory } from "../array/require-memory.ts";
import { ParfocalError } from "../errors.ts";
import type { Machine, RuntimeReport } from "./machine.ts";
import { openReferenceRuntime } from "./reference.ts";
import type { Device, Runtime } from "./runtime.ts";
import { openWebRuntime } from "./web.ts";

/** This machine as a browser tells it, and the runtimes that work in a tab; each is tried. */
export async function describeBrowser(): Promise<Machine & { runtimes: RuntimeReport[] }> {
  // Chrome only, in GiB, rounded and at most 8.
  const { deviceMemory } = navigator as { deviceMemory?: number };
  const memory = deviceMemory === undefined ? availableMemory() : deviceMemory * 2 ** 30;
  const web: RuntimeReport = { name: "web", devices: [] };
  for (const device of ["cpu", "webgpu"] as const)
    web.devices.push(await attempt(device, () => openWebRuntime({ device })));
  const reference: RuntimeReport = {
    name: "reference",
    devices: [await attempt("cpu", async () => openReferenceRuntime())],
  };
  return {
    system: navigator.platform,
    processor: "unknown",
    cores: navigator.hardwareConcurrency,
    memory,
    freeMemory: Math.min(memory, availableMemory()),
    engine: { browser: navigator.userAgent },
    runtimes: [web, reference],
  };
}

async function attempt(device: Device, open: () => Promise<Runtime>): Promise<RuntimeReport["devices"][number]> {
  try {
    await (await open()).close();
    return { device, available: true };
  } catch (error) {
    if (error instanceof ParfocalError) return { device, available: false, detail: error.message };
    return { device, available: false, detail: String(error) };
  }
}
