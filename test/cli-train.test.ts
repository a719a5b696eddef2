/** Training and refocusing from the command line: the story of a user, on beads, in seconds. */
// cspell:ignore sise
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { python } from "./helpers/python.ts";
import { complaints, runCli } from "./helpers/run-cli.ts";
import { tinyTrainingFile } from "./helpers/tiny.ts";

let folder: string;
const cli = (...args: string[]) => runCli(args, { cwd: folder });
const json = async (...args: string[]) => {
  const run = await cli(...args, "--json", "--quiet");
  const made = JSON.parse(run.stdout);
  // So little training gives a model that is of no use, and says so.
  const code = made.verdict?.use === false ? 3 : 0;
  expect({ code: run.code, stderr: complaints(run) }).toEqual({ code, stderr: "" });
  return made;
};
const bytes = (...path: string[]) => readFileSync(join(folder, ...path));

const common = ["--config", "config.yaml", "--device", "cpu"];
const config = tinyTrainingFile({ experiment_name: "beads", num_steps: 40, steps_per_epoch: 20 });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-train-"));
  writeFileSync(join(folder, "config.yaml"), config);
  await json("simulate", "beads", "-o", "beads.tif", "--size", "80", "--planes", "9", "--beads", "8", "--seed", "1");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("train and refocus", () => {
  test("a run with all its files, better than the input, refocused into a calibrated stack", async () => {
    const made = await json("train", "beads.tif", ...common, "--num-steps", "120", "--steps-per-epoch", "60");
    expect(made).toMatchObject({ run: join("runs", "beads", "version_0"), steps: 120 });
    expect(made.val.loss).toBeGreaterThan(0);
    expect(made.val.psnr).toBeGreaterThan(made.val.input_psnr);
    expect(made.val.ssim).toBeGreaterThan(made.val.input_ssim);
    const files = readdirSync(join(folder, made.run));
    expect(files).toEqual(expect.arrayContaining(["checkpoints", "config.yaml", "metrics.csv", "model", "previews"]));
    // Flag beats file beats default, and the resolved configuration is saved.
    const saved = bytes(made.run, "config.yaml").toString();
    expect(saved).toMatch(/^num_steps: 120$/m);
    expect(saved).toMatch(/^batch_size: 4$/m);
    expect(saved).toMatch(/^learning_rate: 0\.001$/m);
    expect(bytes(made.run, "metrics.csv").toString().trim().split("\n")).toHaveLength(3);

    const input = ["refocus", "beads.tif", "--model", made.run];
    const done = await json(...input, "--input-planes", "3,5", "--z", "-1:2:1", "-o", "out.tif");
    expect(done).toMatchObject({ output: "out.tif", planes_um: [-1, 0, 1, 2] });
    const found = await json("inspect", "out.tif");
    expect(found).toMatchObject({ axes: "ZYX", shape: [4, 80, 80], dtype: "uint16", z_step_um: 1 });
    expect(found.pixel_size_um).toBeCloseTo(0.325, 6);

    // Small tiles give what one tile gives, in counts.
    await json(
      ...input,
      "--input-planes",
      "3,5",
      "--z",
      "-1:2:1",
      "-o",
      "tiled.tif",
      "--tile-size",
      "24",
      "--dtype",
      "float32",
    );
    await json(...input, "--input-planes", "3,5", "--z", "-1:2:1", "-o", "whole.tif", "--dtype", "float32");
    const { output } = await json("evaluate", "tiled.tif", "--truth", "whole.tif");
    expect(output.nrmse).toBeLessThan(1e-5);

    // A surface that is level is no surface; one that is not is seen.
    await json(...input, "--input-planes", "3,5", "--z", "1", "-o", "flat.tif", "--dtype", "float32");
    await json(
      ...input,
      "--input-planes",
      "3,5",
      "--z",
      "1",
      "-o",
      "level.tif",
      "--dtype",
      "float32",
      "--surface",
      "tilt:0:0",
    );
    await json(
      ...input,
      "--input-planes",
      "3,5",
      "--z",
      "1",
      "-o",
      "tilted.tif",
      "--dtype",
      "float32",
      "--surface",
      "tilt:2:0",
    );
    expect((await json("evaluate", "level.tif", "--truth", "flat.tif")).output.nrmse).toBe(0);
    expect((await json("evaluate", "tilted.tif", "--truth", "flat.tif")).output.nrmse).toBeGreaterThan(1e-4);

    const refused: [string[], number, RegExp][] = [
      [[...input, "--z", "1", "-o", "x.tif"], 2, /9 planes.*--input-planes/],
      [[...input, "--z", "1", "-o", "out.tif", "--input-planes", "3,5"], 2, /out\.tif exists already; give --force/],
      [[...input, "--z", "1", "-o", "x.tif", "--input-planes", "7,9"], 2, /planes 0 to 8/],
      [[...input, "--z", "1", "-o", "x.tif", "--input-planes", "3,4"], 1, /model takes 2 planes/],
      [[...input, "--z", "1", "-o", "x.tif", "--input-planes", "3", "--z-step", "0.001"], 2, /planes 0 to 8/],
      [[...input, "--z", "1:2", "-o", "x.tif"], 2, /start:stop:step/],
      [[...input, "--z", "1", "-o", "x.tif", "--input-planes", "3", "--surface", "tilt:1"], 2, /tilt:X:Y/],
      [
        [...input, "--z", "1", "-o", "x.tif", "--input-planes", "3", "--surface", "beads.tif"],
        1,
        /distance map does not fit/,
      ],
      [["refocus", "beads.tif", "--model", ".", "--z", "1", "-o", "x.tif"], 1, /has no model\.yaml/],
      [["refocus", "beads.tif", "--z", "1", "-o", "x.tif"], 2, /--model/],
    ];
    for (const [args, code, sentence] of refused) {
      const run = await cli(...args);
      expect(run.stderr).toMatch(sentence);
      expect({ args, code: run.code, stdout: run.stdout }).toEqual({ args, code, stdout: "" });
    }
    expect(readdirSync(folder)).not.toContain("x.tif");

    const onnx = python("onnx");
    const model = join(folder, made.model, "model.onnx");
    onnx?.("import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=True)", [model]);
  });

  test("stopped by Ctrl-C and resumed, a training ends where it would have ended", async () => {
    const straight = await json("train", "beads.tif", ...common, "--output", "straight");
    const stopped = await runCli(["train", "beads.tif", ...common, "--output", "stopped"], {
      cwd: folder,
      onStart: (child) => {
        child.stderr?.once("data", () => child.kill("SIGINT"));
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/Stopped at step \d+ of 40; a checkpoint was written\. Continue with --resume\./);
    const resumed = await json("train", "beads.tif", ...common, "--output", "stopped", "--resume");
    expect(resumed.run).toBe(join("stopped", "beads", "version_0"));
    expect(resumed.val).toEqual(straight.val);
    expect(bytes(resumed.model, "model.onnx").equals(bytes(straight.model, "model.onnx"))).toBe(true);
  });

  test("what cannot be trained on leaves no run behind", async () => {
    writeFileSync(join(folder, "list.yaml"), "- 1\n");
    writeFileSync(join(folder, "odd.yaml"), "batch_sise: 4\n");
    writeFileSync(join(folder, "broken.yaml"), "a: [1\n");
    await json("simulate", "beads", "-o", "thin.tif", "--size", "64", "--planes", "1", "--beads", "4");
    const refused: [string[], number, RegExp][] = [
      [["beads.tif", "--config", "absent.yaml"], 1, /absent\.yaml does not exist/],
      [["beads.tif", "--config", "broken.yaml"], 1, /broken\.yaml cannot be read as YAML/],
      [["beads.tif", "--config", "list.yaml"], 2, /keys and values/],
      [["beads.tif", "--config", "odd.yaml"], 2, /batch_sise/],
      [["beads.tif", "--patch-size", "17"], 2, /patch_size must be a multiple/],
      [["beads.tif", "--input-offsets", "0,0.3"], 2, /z step is 1 um/],
      [["beads.tif", "--resume"], 1, /Start without --resume/],
      [["beads.tif", "--task", "guess"], 2, /refocus/],
      [["thin.tif"], 1, /single plane/],
      [["absent.tif"], 1, /absent\.tif/],
      [["beads.tif", "--method", "deep-y"], 2, /deep-z/],
    ];
    for (const [args, code, sentence] of refused) {
      const run = await cli("train", ...args, "--output", "none");
      expect(run.stderr).toMatch(sentence);
      expect({ args, code: run.code, stdout: run.stdout }).toEqual({ args, code, stdout: "" });
    }
    expect(readdirSync(folder)).not.toContain("none");
  });
});
