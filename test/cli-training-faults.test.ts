/** Trainings that something happens to: data that change, terminals that close, full disks, two at once, odd names. */
import { type ChildProcess, spawnSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { encodeImage } from "./helpers/images.ts";
import { python } from "./helpers/python.ts";
import { mainScript, type Run, runCli, warningTexts } from "./helpers/run-cli.ts";
import { blurredStack, tinyTrainingFile } from "./helpers/tiny.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-faults-"));
  writeFileSync(join(folder, "config.yaml"), config);
  writeStack("s.tif", (data) => data);
});
afterAll(() => rmSync(folder, { recursive: true }));

const config = tinyTrainingFile({ input_offsets: [0], batch_size: 2, num_steps: 4, steps_per_epoch: 2 });
const { depth, height, width, ...stack } = blurredStack(7, 64, 64, 5);
const size = height * width;

function writeStack(name: string, change: (data: Uint16Array) => Uint16Array): void {
  const data = change(Uint16Array.from(stack.data));
  const info = { axes: "ZYX", shape: [depth, height, width], dtype: "uint16", zStep: 1 } as const;
  writeFileSync(join(folder, name), encodeImage(name, { ...info, pixelSize: { y: 0.3, x: 0.3 }, data }));
}

const cli = (args: readonly string[], onStart?: (child: ChildProcess) => void): Promise<Run> =>
  runCli(args, { cwd: folder, ...(onStart && { onStart }) });
const train = (...args: string[]) => ["train", "--config", "config.yaml", "--device", "cpu", ...args];
const long = ["--num-steps", "100000", "--steps-per-epoch", "2", "--json"];
/** Models after so few steps are of no use, which exit code 3 says. */
async function made(run: Promise<Run>): Promise<{ model: string; run: string; warnings: string[]; val: object }> {
  const { code, stdout, stderr } = await run;
  expect({ code: code === 3 ? 0 : code, stderr: code === 0 || code === 3 ? "" : stderr }).toEqual({
    code: 0,
    stderr: "",
  });
  return { ...JSON.parse(stdout), warnings: warningTexts({ stdout }) };
}

/** Calls once a training has written a checkpoint. */
function afterCheckpoint(run: string, then: () => void): void {
  const file = join(folder, run, "checkpoints", "last.safetensors");
  const timer = setInterval(() => {
    if (!existsSync(file)) return;
    clearInterval(timer);
    then();
  }, 50);
}

describe("data that a score has no end for", () => {
  test("black and repeated planes: the model can be used, and the user is told", async () => {
    writeStack("odd.tif", (data) => {
      data.fill(0, 0, 3 * size);
      data.copyWithin(5 * size, 4 * size, 5 * size);
      return data;
    });
    const { model, warnings, val } = await made(cli(train("odd.tif", "--output", "odd", "--json")));
    expect(warnings).toContainEqual(expect.stringMatching(/\d+ of \d+ validation examples equal their ground truth/));
    expect(val).toMatchObject({ psnr: expect.any(Number), input_psnr: expect.any(Number) });
    expect(readFileSync(join(folder, model, "model.yaml"), "utf8")).not.toMatch(/\.inf|\.nan/);
    const used = ["refocus", "s.tif", "--model", model, "--input-planes", "4", "--z", "1", "-o", "used.tif"];
    expect((await cli([...used, "--device", "cpu"])).code).toBe(0);
  });

  test("a target that is the input: the model can be used, and the user is told that there was nothing to learn", async () => {
    const few = ["--num-steps", "2", "--patch-size", "32", "--batch-size", "2", "--device", "cpu"];
    const { model, warnings, val } = await made(
      cli(["train", "s.tif", "--task", "section", "--target", "s.tif", "--output", "same", ...few, "--json"]),
    );
    expect(warnings).toContainEqual(expect.stringMatching(/^s\.tif: its target has the same pixels/));
    expect(warnings).toContainEqual(expect.stringMatching(/^All \d+ validation examples equal their ground truth/));
    expect(val).toMatchObject({ input_psnr: null, input_ssim: 1 });
    const used = ["section", "s.tif", "--model", model, "-o", "section.tif", "--device", "cpu"];
    expect((await cli(used)).code).toBe(0);
  });

  test("one perfect plane does not hide the others in the mean of evaluate", async () => {
    writeStack("near.tif", (data) => data.map((value, i) => (i < size ? value : value + (i % 7))));
    const run = await cli(["evaluate", "near.tif", "--truth", "s.tif", "--json", "--quiet"]);
    const { output, planes, perfect_planes } = JSON.parse(run.stdout);
    const others = planes.slice(1).map((one: { output: { psnr: number } }) => one.output.psnr);
    expect(planes[0].output.psnr).toBeNull();
    expect(output.psnr).toBeCloseTo(others.reduce((a: number, b: number) => a + b) / others.length, 9);
    expect(perfect_planes).toEqual({ output: [0], input: [] });
    expect(warningTexts(run)).toEqual([
      expect.stringMatching(/^1 of 7 planes of the output equals the ground truth exactly \(0\)/),
    ]);
  });
});

describe("a stack given twice", () => {
  test("through links and under another name is learnt from once", async () => {
    symlinkSync("s.tif", join(folder, "symbolic.tif"));
    linkSync(join(folder, "s.tif"), join(folder, "hard.tif"));
    writeStack("copy.tif", (data) => data);
    writeStack("other.tif", (data) => data.map((value, i) => value + (i % 5)));
    const stacks = ["s.tif", "symbolic.tif", "hard.tif", "s.tif", "other.tif", "copy.tif"];
    const args = ["--val-split", "stack", "--output", "twice", "--json"];
    const { model, warnings } = await made(cli(train(...stacks, ...args)));
    expect(warnings.filter((one) => /has the same pixels as/.test(one))).toHaveLength(4);
    const { trained_on } = parse(readFileSync(join(folder, model, "model.yaml"), "utf8"));
    expect(trained_on.map(({ name }: { name: string }) => name)).toEqual(["s.tif", "other.tif"]);
    const alone = await cli(train("s.tif", "copy.tif", ...args));
    expect(alone).toMatchObject({ code: 2 });
  });
});

describe("a training that is stopped", () => {
  const run = join("hup", "refocus", "version_0");

  test("by a terminal that closes (SIGHUP, twice, and SIGTERM) writes a checkpoint", async () => {
    const stopped = await cli(train("s.tif", ...long, "--output", "hup"), (child) =>
      afterCheckpoint(run, () => {
        child.kill("SIGHUP");
        child.kill("SIGHUP");
        child.kill("SIGTERM");
      }),
    );
    expect(stopped.code).toBe(130);
    expect(JSON.parse(stopped.stdout).error).toMatchObject({ code: "interrupted", fields: { checkpoint: run } });
    expect(readdirSync(join(folder, run))).not.toContain("training.lock");
  });

  test("goes on with the same stack only, and says with which run", async () => {
    const resume = train("s.tif", ...long, "--output", "hup", "--resume");
    writeStack("s.tif", (data) => data.reverse());
    const refused = await cli(resume);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /Cannot resume .*: it was trained on other data \(s\.tif: its pixels are different\)/,
    );
    writeStack("s.tif", (data) => data);
    mkdirSync(join(folder, "hup", "refocus", "version_7"));
    const went = await cli(resume, (child) => {
      let said = "";
      child.stderr?.on("data", (text) => {
        said += text;
        if (/step \d+ of/.test(said.replace(/Resuming.*\n/, ""))) child.kill("SIGINT");
      });
    });
    expect(went.code).toBe(130);
    expect(went.stderr).toMatch(/Warning: .*version_7 is newer than the run that is resumed, but has no checkpoint/);
    expect(went.stderr).toMatch(/^Resuming .*version_0 from step \d+ of 100000$/m);
  });

  const py = python("pty");
  test.skipIf(!py || process.platform !== "linux")("by a real terminal that closes writes a checkpoint", () => {
    const script = `
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(sys.argv[1])
    os.execv(sys.argv[2], sys.argv[2:])
file = os.path.join(sys.argv[1], "pty/refocus/version_0/checkpoints/last.safetensors")
os.set_blocking(terminal, False)
while not os.path.exists(file):
    time.sleep(0.05)
    try: os.read(terminal, 65536)
    except BlockingIOError: pass
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
    const args = [folder, process.execPath, mainScript, ...train("s.tif", ...long, "--output", "pty")];
    expect(py?.(script, args).trim()).toBe("130");
    const at = join(folder, "pty", "refocus", "version_0");
    expect(readdirSync(at)).not.toContain("training.lock");
  });
});

describe("two trainings", () => {
  test("in one run's folder: the second is refused, the first goes on", async () => {
    const run = join("both", "refocus", "version_0");
    let second: Promise<Run> | undefined;
    const first = await cli(train("s.tif", ...long, "--output", "both"), (child) =>
      afterCheckpoint(run, () => {
        second = cli(train("s.tif", ...long, "--output", "both", "--resume"));
        second.finally(() => child.kill("SIGINT"));
      }),
    );
    const refused = await second;
    expect(refused?.code).toBe(1);
    expect(refused?.stderr).toMatch(/Another training is writing into both\/refocus\/version_0 \(process \d+ on /);
    expect(first.code).toBe(130);
    expect(readdirSync(join(folder, run))).not.toContain("training.lock");
  });

  test("that begin at once get a folder each", async () => {
    const runs = await Promise.all([1, 2].map(() => made(cli(train("s.tif", "--output", "race", "--json")))));
    expect(runs.map(({ run }) => run).sort()).toEqual([0, 1].map((n) => join("race", "refocus", `version_${n}`)));
  });
});

describe("a full disk", () => {
  const full = (command: string) =>
    spawnSync("sh", ["-c", `"$0" "$1" ${command}`, process.execPath, mainScript], { cwd: folder, encoding: "utf8" });

  test.skipIf(!existsSync("/dev/full"))("behind stdout is an error in one sentence", () => {
    for (const command of ["inspect s.tif --json", "--help", "--version"]) {
      const { status, stderr } = full(`${command} >/dev/full`);
      expect({ command, status }).toEqual({ command, status: 1 });
      expect(stderr).toBe(
        "parfocal: The result could not be written to stdout: the disk is full; make room or write elsewhere.\n",
      );
    }
  });

  test.skipIf(!existsSync("/dev/full"))("behind stderr changes nothing", () => {
    const { status, stdout } = full("train s.tif --config config.yaml --device cpu --output full --json 2>/dev/full");
    expect([0, 3]).toContain(status);
    expect(existsSync(join(folder, JSON.parse(stdout).model, "model.onnx"))).toBe(true);
    expect(full("inspect absent.tif 2>/dev/full")).toMatchObject({ status: 1, stdout: "" });
  });
});

describe("the name of an experiment", () => {
  test.each(["../x", "a/b", "a\\b", ".", "..", ".hidden", "", "a\nb", "x".repeat(101), "end."])(
    "is no %j",
    async (name) => {
      const run = await cli(train("s.tif", "--output", "inside", "--experiment-name", name));
      expect(run).toMatchObject({ code: 2, stdout: "" });
      expect(run.stderr).toMatch(/experiment_name/);
      expect(existsSync(join(folder, "inside"))).toBe(false);
      expect(existsSync(join(folder, "x"))).toBe(false);
    },
  );
});
