import type { Device, Runtime } from "./runtime.ts";

/** The computing resources of a machine. */
export interface Machine {
  system: string;
  processor: string;
  /** Threads that this process may use at a time. */
  cores: number;
  /** Memory of the machine, or of the container if that is less, bytes. */
  memory: number;
  /** Memory that this process may still use, bytes. */
  freeMemory: number;
  /** The engine that runs Parfocal, and its version, such as node: "20.20.2". */
  engine: Record<string, string>;
}

/** A runtime, and whether it works on this machine. */
export interface RuntimeReport {
  name: Runtime["name"];
  /** Version of its package; undefined if that is missing, or the runtime is Parfocal's own. */
  version?: string;
  devices: { device: Device; available: boolean /** Why not. */; detail?: string }[];
}
