/** The computing resources of this machine. */
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";

export interface Machine {
  system: string;
  processor: string;
  /** Threads that this process may use at a time. */
  cores: number;
  /** Memory of the machine, or of the container if that is less, bytes. */
  memory: number;
  /** Memory that this process may still use, bytes. */
  freeMemory: number;
}

export function describeMachine(): Machine {
  // 0 if nothing constrains the process, or the limit is unknown.
  const limit = process.constrainedMemory();
  const total = totalmem();
  return {
    system: `${platform()} ${arch()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory: limit > 0 && limit < total ? limit : total,
    freeMemory: process.availableMemory(),
  };
}
