/** `parfocal doctor`: what this machine can do, and what it lacks. */
import { describeMachine, listRuntimes, type Machine, type RuntimeReport, version } from "../node.ts";
import { indent, table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

export const doctor: Verb<object> = {
  name: "doctor",
  arguments: "",
  summary: "Say what this machine can do: runtimes, devices, processor, memory, versions, and what is missing.",
  notes: ["Every runtime and device is tried with a small computation. WebGPU and CUDA may write to stderr meanwhile."],
  examples: ["parfocal doctor", "parfocal doctor --json"],
  async run(_args, _options, terminal) {
    const machine = describeMachine();
    const runtimes = await listRuntimes();
    terminal.signal.throwIfAborted();
    const versions = {
      parfocal: version,
      node: process.versions.node,
      ...Object.fromEntries(runtimes.flatMap(({ name, version: its }) => (its ? [[packages[name], its]] : []))),
    };
    const devices = devicesOf(runtimes);
    return {
      json: {
        runtimes,
        devices,
        versions,
        system: machine.system,
        processor: machine.processor,
        cores: machine.cores,
        memory_bytes: machine.memory,
        free_memory_bytes: machine.freeMemory,
      },
      text: write(machine, runtimes, versions),
    };
  },
};

const packages: Record<RuntimeReport["name"], string> = {
  native: "onnxruntime-node",
  web: "onnxruntime-web",
  reference: "parfocal",
};

/** Every device once, with the runtimes that can use it. */
function devicesOf(runtimes: readonly RuntimeReport[]) {
  const names = [...new Set(runtimes.flatMap((runtime) => runtime.devices.map(({ device }) => device)))];
  return names.map((device) => {
    const able = runtimes.filter((runtime) => runtime.devices.some((one) => one.device === device && one.available));
    return { device, available: able.length > 0, runtimes: able.map(({ name }) => name) };
  });
}

function write(machine: Machine, runtimes: readonly RuntimeReport[], versions: Record<string, string>): string {
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  // A package that is missing lacks all its devices, for one reason.
  const lacking = new Set(runtimes.flatMap(({ devices }) => devices.flatMap(({ detail }) => detail ?? [])));
  const lines = [
    "Machine",
    indent(
      table([
        ["system", machine.system],
        ["processor", `${machine.processor}, ${machine.cores} cores to use`],
        ["memory", `${gigabytes(machine.memory)}, ${gigabytes(machine.freeMemory)} free`],
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
}
