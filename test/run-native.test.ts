import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Random } from "../src/array/random.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { tanh } from "../src/graph/operators/activations.ts";
import { matMul } from "../src/graph/operators/matmul.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { listRuntimes, openRuntime } from "../src/run/open.node.ts";
import type { Program } from "../src/run/runtime.ts";
import { drawTensor } from "./graph-cases.ts";
import { contract } from "./run-contract.ts";

// Measured: 3.2e-7 at most.
contract("the native runtime, CPU", () => openNativeRuntime(), { tolerance: 1e-5 });

const machinery = vi.hoisted(() => ({ workers: [] as Worker[], packageMissing: false }));

vi.mock("node:worker_threads", async (original) => {
  const real = await original<typeof import("node:worker_threads")>();
  class WatchedWorker extends real.Worker {
    constructor(...args: ConstructorParameters<typeof real.Worker>) {
      super(...args);
      machinery.workers.push(this);
    }
  }
  return { ...real, Worker: WatchedWorker };
});

vi.mock("node:module", async (original) => {
  const real = await original<typeof import("node:module")>();
  const createRequire = (from: string | URL) => {
    const load = real.createRequire(from);
    return (name: string) => {
      if (machinery.packageMissing) throw new Error(`Cannot find module '${name}'`);
      return load(name);
    };
  };
  return { ...real, createRequire };
});

afterEach(() => {
  machinery.packageMissing = false;
});

/** Several products of large matrices: work for about half a second. */
function heavy(): { program: Program; inputs: { x: Tensor } } {
  const graph = new Graph();
  const x = graph.input("x", [1024, 1024]);
  let y = x;
  for (let i = 0; i < 25; i++) y = tanh(matMul(y, x));
  graph.output("y", y);
  return { program: { graphs: { heavy: graph } }, inputs: { x: drawTensor(new Random(1), { shape: [1024, 1024] }) } };
}

describe("the native runtime's thread", () => {
  const { program, inputs } = heavy();
  beforeAll(() => {
    machinery.workers.length = 0;
  });

  it("leaves the event loop free while it computes", async () => {
    const runtime = await openNativeRuntime({ threads: 1 });
    const session = await runtime.open(program);
    await session.run("heavy", inputs);
    let [last, longest, ticks] = [performance.now(), 0, 0];
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      ticks++;
    }, 5);
    const start = performance.now();
    await session.run("heavy", inputs);
    const duration = performance.now() - start;
    clearInterval(timer);
    await runtime.close();
    // Had the run blocked, no tick would have come and the longest wait were the whole run.
    expect(ticks).toBeGreaterThan(3);
    expect(longest).toBeLessThan(duration / 2);
  });

  it("rejects what was waiting when it ends, and what comes after", async () => {
    const runtime = await openNativeRuntime();
    const session = await runtime.open(program);
    const failing = { name: "ParfocalError", code: "runtime.failed" };
    const waiting = Array.from({ length: 4 }, () => session.run("heavy", inputs));
    // A message that its thread cannot read breaks it, before or after the first of them is done.
    machinery.workers.at(-1)?.postMessage(null);
    const settled = await Promise.allSettled(waiting);
    expect(settled.at(-1)).toMatchObject({ status: "rejected", reason: failing });
    await expect(session.run("heavy", inputs)).rejects.toThrow(/its thread failed: .*null/);
    await runtime.close();
  });

  it("rejects what was waiting when the runtime is closed", async () => {
    const runtime = await openNativeRuntime();
    const session = await runtime.open(program);
    const runs = [session.run("heavy", inputs), session.run("heavy", inputs)];
    const rejected = Promise.all(runs.map((run) => expect(run).rejects.toThrow(/was closed/)));
    // The first is being computed by now; the process must survive its end.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await runtime.close();
    await rejected;
  });

  /** Runs a script in a process of its own, with a session of the built package on which `heavy` takes a while. */
  const script = async (code: string): Promise<{ stdout: string; stderr: string }> => {
    const url = (path: string): string => new URL(`../dist/${path}`, import.meta.url).href;
    const prelude = `
      import { Graph } from "${url("graph/graph.js")}";
      import { tanh } from "${url("graph/operators/activations.js")}";
      import { matMul } from "${url("graph/operators/matmul.js")}";
      import { openNativeRuntime } from "${url("run/native.node.js")}";
      const graph = new Graph();
      const x = graph.input("x", [1024, 1024]);
      let y = x;
      for (let i = 0; i < 25; i++) y = tanh(matMul(y, x));
      graph.output("y", y);
      const session = await (await openNativeRuntime()).open({ graphs: { heavy: graph } });
      const inputs = { x: { type: "float32", shape: [1024, 1024], data: new Float32Array(2 ** 20) } };
    `;
    return promisify(execFile)(process.execPath, ["--input-type=module", "-e", prelude + code], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      timeout: 30_000,
    });
  };

  it("neither keeps an idle process alive nor lets one go that waits, and writes nothing", async () => {
    const run = script("console.log((await session.run('heavy', inputs)).y.data.length);");
    expect(await run).toEqual({ stdout: "1048576\n", stderr: "" });
  });

  it("survives process.exit while it computes", async () => {
    const run = script("session.run('heavy', inputs); setTimeout(() => process.exit(3), 50);");
    await expect(run).rejects.toMatchObject({ code: 3, signal: null, stderr: "" });
  });
});

describe("what is not there", () => {
  it("is told: no CUDA", async () => {
    await expect(openNativeRuntime({ device: "cuda" })).rejects.toMatchObject({
      code: "runtime.unavailable",
      message: expect.stringMatching(/cannot use cuda on this machine .*ONNXRUNTIME_NODE_INSTALL=cuda12/),
    });
    await expect(openRuntime({ device: "cuda" })).rejects.toMatchObject({ code: "runtime.unavailable" });
  });

  it("is told: no onnxruntime-node; the web runtime takes its place, with a warning", async () => {
    machinery.packageMissing = true;
    await expect(openNativeRuntime()).rejects.toMatchObject({
      code: "runtime.unavailable",
      message: expect.stringMatching(/is not installed, .* times as long; .*npm install onnxruntime-node/),
    });
    const warnings: string[] = [];
    const runtime = await openRuntime({ threads: 1, onWarning: (message) => warnings.push(message) });
    expect([runtime.name, runtime.device]).toEqual(["web", "cpu"]);
    expect(warnings).toEqual([
      expect.stringMatching(/npm install onnxruntime-node.*Continuing with the web runtime\.$/),
    ]);
    const graph = new Graph();
    graph.output("y", tanh(graph.input("x", [2])));
    const session = await runtime.open({ graphs: { graph } });
    const x: Tensor = { type: "float32", shape: [2], data: Float32Array.of(0, 1) };
    expect((await session.run("graph", { x })).y.data[1]).toBeCloseTo(Math.tanh(1), 6);
    await runtime.close();
  });

  it("is used wrongly: threads", async () => {
    await expect(openNativeRuntime({ threads: 0 })).rejects.toMatchObject({ code: "usage" });
    await expect(openNativeRuntime({ threads: 1.5 })).rejects.toThrow(/`threads` must be a whole number.*got 1.5/);
  });
});

describe("choosing a runtime", () => {
  it("takes the native one by default", async () => {
    const runtime = await openRuntime();
    expect([runtime.name, runtime.device]).toEqual(["native", "cpu"]);
    await runtime.close();
  });

  it("lists what there is, with versions and reasons", async () => {
    const [native, web, reference] = await listRuntimes();
    expect(native).toMatchObject({ name: "native", version: expect.stringMatching(/^\d+\.\d+/) });
    expect(native.devices.map(({ device }) => device)).toEqual(["cpu", "webgpu", "cuda"]);
    expect(native.devices[0]).toEqual({ device: "cpu", available: true });
    for (const { available, detail } of native.devices) expect(detail === undefined).toBe(available);
    expect(web).toMatchObject({ name: "web", devices: [{ device: "cpu", available: true }] });
    expect(reference).toEqual({ name: "reference", devices: [{ device: "cpu", available: true }] });
  });
});
