import { fileStorage } from "../image/file-storage.node.ts";
import type { TaskPlatform } from "./task.ts";

/** What tasks get of Node: its file system, the native runtime, threads. The code of each is loaded when it is used. */
export const nodeContext: TaskPlatform = {
  storage: fileStorage,
  openRuntime: async (options) => (await import("../run/open.node.ts")).openRuntime(options),
  openSimulation: async (recipe, options) =>
    (await import("../simulate/open-simulation.node.ts")).openSimulationOnThreads(recipe, options),
  describeMachine: async () => {
    const { describeMachine } = await import("../run/machine.node.ts");
    const { listRuntimes } = await import("../run/open.node.ts");
    return { ...describeMachine(), runtimes: await listRuntimes() };
  },
  drawPng: async (svg, scale) => (await import("../figures/svg-png.node.ts")).svgPng(svg, scale),
};
