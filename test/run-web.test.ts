import { describe, expect, it } from "vitest";
import { openWebRuntime } from "../src/run/web.ts";
import { contract } from "./run-contract.ts";

// Measured: 3.2e-7 at most.
contract("the web runtime, WebAssembly", () => openWebRuntime(), { tolerance: 1e-5 });

describe("the web runtime", () => {
  it("says where WebGPU is missing", async () => {
    await expect(openWebRuntime({ device: "webgpu" })).rejects.toMatchObject({
      code: "runtime.unavailable",
      message: expect.stringMatching(/no WebGPU here \(no navigator.gpu\): choose cpu/),
    });
  });
});
