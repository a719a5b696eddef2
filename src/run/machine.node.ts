/** What this machine is, as far as computing goes. */
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";

export interface Machine {
  system: string;
  processor: string;
  /** Threads that this process may use at a time. */
  cores: number;
  /** Bytes of the machine, or of the container where that is less. */
  memory: number;
  /** Bytes that this process may still take. */
  freeMemory: number;
}

export function describeMachine(): Machine {
  // 0 where nothing constrains the process, or the system does not say.
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
