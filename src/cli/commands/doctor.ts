import type { z } from "zod";
import type { doctor as task } from "../../tasks/doctor.ts";
import type { CommandText } from "../command.ts";
import { indent, table } from "../text.ts";

export const doctor: CommandText<z.output<typeof task.result>> = {
  notes: [
    "Every runtime and device is tested with a small computation. WebGPU and CUDA may print messages to stderr meanwhile.",
  ],
  examples: ["parfocal doctor", "parfocal doctor --json"],
  text({ runtimes, versions, system, processor, cores, memory_bytes: memory, free_memory_bytes: free }) {
    const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
    // A package that is missing lacks all its devices, for one reason.
    const lacking = new Set(runtimes.flatMap(({ devices }) => devices.flatMap(({ detail }) => detail ?? [])));
    const lines = [
      "Machine",
      indent(
        table([
          ["system", system],
          ["processor", `${processor}, ${cores} cores to use`],
          ["memory", `${gigabytes(memory)}, ${gigabytes(free)} free`],
        ]),
      ),
      "",
      "Runtimes",
      indent(
        table(
          runtimes.map(({ name, devices }) => [
            name,
            devices.map(({ device, available }) => `${device} ${available ? "works" : "not here"}`).join(", "),
          ]),
        ),
      ),
      "",
      "Versions",
      indent(table(Object.entries(versions))),
    ];
    if (lacking.size > 0) lines.push("", "Not here", ...Array.from(lacking, (sentence) => `  - ${sentence}`));
    return lines.join("\n");
  },
};
