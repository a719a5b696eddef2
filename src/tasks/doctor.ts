import { z } from "zod";
import type { RuntimeReport } from "../run/machine.ts";
import { version } from "../version.ts";
import { plain, warnings } from "./results.ts";
import { defineTask } from "./task.ts";

/** Says what this machine can do: every runtime and device is tried with a small computation. */
export const doctor = defineTask({
  options: z.strictObject({}),
  result: z.strictObject({
    runtimes: z.array(
      z.strictObject({
        name: z.string(),
        version: z.string().optional(),
        devices: z.array(z.strictObject({ device: z.string(), available: z.boolean(), detail: z.string().optional() })),
      }),
    ),
    devices: z.array(z.strictObject({ device: z.string(), available: z.boolean(), runtimes: z.array(z.string()) })),
    versions: z.record(z.string(), z.string()),
    system: z.string(),
    processor: z.string(),
    cores: z.int(),
    memory_bytes: z.number(),
    free_memory_bytes: z.number(),
    warnings,
  }),
  async run(_options, { signal, describeMachine }) {
    const { runtimes, ...machine } = await describeMachine();
    signal.throwIfAborted();
    const packages: Record<RuntimeReport["name"], string> = {
      native: "onnxruntime-node",
      web: "onnxruntime-web",
      reference: "parfocal",
    };
    return plain({
      runtimes,
      devices: devicesOf(runtimes),
      versions: {
        parfocal: version,
        ...machine.engine,
        ...Object.fromEntries(runtimes.flatMap(({ name, version: its }) => (its ? [[packages[name], its]] : []))),
      },
      system: machine.system,
      processor: machine.processor,
      cores: machine.cores,
      memory_bytes: machine.memory,
      free_memory_bytes: machine.freeMemory,
    });
  },
});

/** Every device once, with the runtimes that can use it. */
function devicesOf(runtimes: readonly RuntimeReport[]) {
  const names = [...new Set(runtimes.flatMap((runtime) => runtime.devices.map(({ device }) => device)))];
  return names.map((device) => {
    const able = runtimes.filter((runtime) => runtime.devices.some((one) => one.device === device && one.available));
    return { device, available: able.length > 0, runtimes: able.map(({ name }) => name) };
  });
}
