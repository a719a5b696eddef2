/** Ctrl-C: every command that can take long stops soon, with exit code 130, and leaves no half-written output behind. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeImage, Random } from "./helpers/images.ts";
import { runCli } from "./helpers/run-cli.ts";
import { tinyTrainingFile } from "./helpers/tiny.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-interrupt-"));
  const random = new Random(1);
  const write = (name: string, axes: string, shape: number[], fringes = 0): void => {
    const [height, width] = shape.slice(-2);
    const data = Uint16Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => {
      const [plane, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
      const specimen = 300 + 200 * Math.sin(x / 9) * Math.sin(y / 11);
      return (
        specimen * (1 + fringes * Math.cos((2 * Math.PI * x) / 8 + (2 * Math.PI * plane) / 3)) + random.integer(100)
      );
    });
    const calibration = { pixelSize: { y: 0.325, x: 0.325 }, ...(axes.includes("Z") && { zStep: 1 }) };
    writeFileSync(join(folder, name), encodeImage(name, { ...calibration, dtype: "uint16", axes, shape, data }));
  };
  write("stack.tif", "ZYX", [12, 768, 768]);
  write("long.tif", "ZYX", [48, 512, 512]);
  write("grid.tif", "ZCYX", [24, 3, 512, 512], 0.6);
  write("hologram.tif", "YX", [768, 768], 0.8);
  write("small.tif", "ZYX", [9, 64, 64]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Seconds of processor time that a process has taken (Linux), which a busy machine does not stretch. */
function secondsOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

/** Runs a command and interrupts it once it is `ready`: by default, after so much processor time that it is at work. */
async function interrupt(
  args: readonly string[],
  { ready = (seconds: number) => seconds > 1.8, nodeArgs = [] as string[] } = {},
) {
  let [asked, last] = [Number.NaN, Number.NaN];
  let watch: ReturnType<typeof setInterval> | undefined;
  const run = await runCli(args, {
    cwd: folder,
    nodeArgs,
    onStart(child) {
      watch = setInterval(() => {
        const seconds = secondsOf(child.pid as number);
        if (seconds === undefined) return;
        last = seconds;
        if (!Number.isNaN(asked) || !ready(seconds)) return;
        asked = seconds;
        child.kill("SIGINT");
      }, 20);
    },
  });
  clearInterval(watch);
  return { ...run, seconds: last - asked };
}

const optics = ["--na", "0.8", "--wavelength", "0.515"];

describe.skipIf(process.platform !== "linux")("Ctrl-C", () => {
  test.each([
    ["inspect", ["inspect", "long.tif"]],
    ["autofocus", ["autofocus", "stack.tif", "--tile", "16"]],
    ["fuse", ["fuse", "stack.tif", "-o", "out.tif"]],
    ["deconvolve", ["deconvolve", "stack.tif", ...optics, "--iterations", "100", "-o", "out.tif"]],
    ["deconvolve by wiener", ["deconvolve", "stack.tif", ...optics, "--method", "wiener", "-o", "out.tif"]],
    [
      "deconvolve by consensus",
      ["deconvolve", "stack.tif", ...optics, "--method", "consensus", "--gain", "1", "-o", "out.tif"],
    ],
    ["section by sim", ["section", "grid.tif", "--method", "sim", "--correct", "-o", "out.tif"]],
    [
      "section by hilo",
      ["section", "grid.tif", "--method", "hilo", ...optics, "--uniform", "0", "--speckle", "1", "-o", "out.tif"],
    ],
    [
      "reconstruct off axis",
      ["reconstruct", "hologram.tif", "--wavelength", "0.633", "--off-axis", "auto", "-o", "out.tif"],
    ],
    [
      "reconstruct by multi-height",
      ["reconstruct", "stack.tif", "--wavelength", "0.55", "--method", "multi-height", "-o", "out.tif"],
    ],
    ["evaluate", ["evaluate", "stack.tif", "--truth", "stack.tif", "--input", "stack.tif"]],
    ["simulate", ["simulate", "beads", "--size", "512", "--planes", "60", "-o", "out.tif"]],
    ["demo", ["demo", "-o", "out-demo"]],
  ])("stops %s within two seconds of work", { timeout: 120_000 }, async (_, args) => {
    const before = readdirSync(folder);
    const { code, stderr, seconds } = await interrupt(args);
    const left = readdirSync(folder).filter((name) => !before.includes(name));
    // One that was left must not make the next command fail.
    for (const name of left) rmSync(join(folder, name), { recursive: true });
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringMatching(/Stop/) });
    expect(seconds).toBeLessThan(2);
    // The demo keeps what is complete, and its training can be resumed.
    expect(left.filter((name) => name !== "out-demo")).toEqual([]);
  });

  test("stops a training on the web runtime, which then has a checkpoint", { timeout: 120_000 }, async () => {
    const config = tinyTrainingFile({ num_steps: 100_000, steps_per_epoch: 5 });
    writeFileSync(join(folder, "config.yaml"), config);
    const run = join(folder, "runs", "refocus", "version_0");
    const nodeArgs = ["--require", fileURLToPath(new URL("./fixtures/cli/without-native.cjs", import.meta.url))];
    const ready = () =>
      existsSync(join(run, "metrics.csv")) && readFileSync(join(run, "metrics.csv"), "utf8").split("\n").length > 2;
    const { code, stderr, seconds } = await interrupt(["train", "small.tif", "--config", "config.yaml"], {
      ready,
      nodeArgs,
    });
    expect(stderr).toMatch(/onnxruntime-node is not installed, .* times as long/);
    expect(stderr).toMatch(/Stopped at step \d+ of 100000; a checkpoint was written/);
    expect(code).toBe(130);
    // Of two threads that compute at once.
    expect(seconds).toBeLessThan(4);
    expect(readdirSync(join(run, "checkpoints")).join(" ")).toMatch(/last/);
  });

  test("ends the program while it is loading", async () => {
    // After Node itself has started, which a slow machine takes longer for, and before the program has loaded.
    const program = "const { user, system } = process.cpuUsage(); console.log((user + system) / 1e6)";
    const ofNode = Number(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }));
    const ready = (seconds: number) => seconds > 1.8 * ofNode;
    const { code } = await interrupt(["train", "small.tif", "--config", "config.yaml", "--resume"], { ready });
    expect(code).toBe(130);
  });
});
