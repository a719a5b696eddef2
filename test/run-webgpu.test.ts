import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { contract } from "./run-contract.ts";
import { torchTraining } from "./torch-training.ts";

/**
 * WebGPU without a GPU: Debian's chromium brings a Vulkan loader and a software driver. The loader is found through variables
 * that are read when a process starts, so that this file starts itself again with them.
 */
const chromium = "/usr/lib/chromium";
const driver = `${chromium}/vk_swiftshader_icd.json`;
const inside = process.env.PARFOCAL_TEST_WEBGPU === "1";

if (inside) {
  const open = () => openNativeRuntime({ device: "webgpu" });
  contract("the native runtime, WebGPU", open, { tolerance: 1e-5 });
  torchTraining("the native runtime, WebGPU", open);
} else {
  const present = existsSync(driver) && existsSync(`${chromium}/libvulkan.so.1`);
  if (!present) console.warn(`Skipping WebGPU: ${driver} (Debian's chromium) is not there.`);
  it.skipIf(!present)("the native runtime on WebGPU keeps the contract (software Vulkan)", { timeout: 120_000 }, () => {
    const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
    const run = spawnSync(process.execPath, [vitest, "run", fileURLToPath(import.meta.url), "--reporter=json"], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      encoding: "utf8",
      env: {
        ...process.env,
        PARFOCAL_TEST_WEBGPU: "1",
        VK_DRIVER_FILES: driver,
        VK_ICD_FILENAMES: driver,
        LD_LIBRARY_PATH: [chromium, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
      },
    });
    const report = JSON.parse(run.stdout.slice(run.stdout.indexOf("{")));
    const failures = report.testResults.flatMap(
      (file: {
        message: string;
        assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
      }) =>
        file.assertionResults
          .filter(({ status }) => status === "failed")
          .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages.join(" ").slice(0, 300)}`),
    );
    expect(failures).toEqual([]);
    expect(report.numPassedTests).toBeGreaterThan(40);
  });
}
