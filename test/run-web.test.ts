import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { tanh } from "../src/graph/operators/activations.ts";
import { matMul } from "../src/graph/operators/matmul.ts";
import { openWebRuntimeThread } from "../src/run/web.node.ts";
import { openWebRuntime } from "../src/run/web.ts";
import { drawTensor } from "./graph-cases.ts";
import { contract } from "./run-contract.ts";

// Measured: 3.2e-7 at most.
contract("the web runtime, WebAssembly", () => openWebRuntime(), { tolerance: 1e-5 });
contract("the web runtime in a thread of Node", () => openWebRuntimeThread({ threads: 1 }), { tolerance: 1e-5 });
contract("the web runtime in two threads of Node", () => openWebRuntimeThread({ threads: 2 }), { tolerance: 1e-5 });

describe("the web runtime in a thread of Node", () => {
  const graph = new Graph();
  const x = graph.input("x", [512, 512]);
  let y = x;
  for (let i = 0; i < 200; i++) y = tanh(matMul(y, x));
  graph.output("y", y);
  const inputs: { x: Tensor } = { x: drawTensor(new Random(1), { shape: [512, 512] }) };
  const interrupted = { name: "ParfocalError", code: "interrupted" };

  it("stops in the middle of a long run, and is closed then", { timeout: 60_000 }, async () => {
    const runtime = await openWebRuntimeThread({ threads: 2 });
    const session = await runtime.open({ graphs: { long: graph } });
    const begun = performance.now();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    // Alone it takes more than a second: 200 products of 512^3 multiplications.
    await expect(session.run("long", inputs, controller.signal)).rejects.toMatchObject(interrupted);
    expect(performance.now() - begun).toBeLessThan(1000);
    await expect(session.run("long", inputs)).rejects.toThrow(/it was stopped/);
    await session.close();
    await runtime.close();
  });

  it("rejects what was waiting when the runtime is closed, at once", { timeout: 60_000 }, async () => {
    const runtime = await openWebRuntimeThread();
    const session = await runtime.open({ graphs: { long: graph } });
    const rejected = expect(session.run("long", inputs)).rejects.toThrow(/was closed/);
    const begun = performance.now();
    await runtime.close();
    await rejected;
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it("is used wrongly: threads", async () => {
    await expect(openWebRuntimeThread({ threads: 0 })).rejects.toThrow(/`threads` must be a whole number.*got 0/);
  });
});

describe("the web runtime", () => {
  it("says where WebGPU is missing", async () => {
    await expect(openWebRuntime({ device: "webgpu" })).rejects.toMatchObject({
      code: "runtime.unavailable",
      message: expect.stringMatching(/no WebGPU here \(no navigator.gpu\); choose cpu/),
    });
  });
});
