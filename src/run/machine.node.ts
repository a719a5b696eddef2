import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import type { Machine } from "./machine.ts";

/** This machine as Node sees it. */
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
    engine: { node: process.versions.node },
  };
}
