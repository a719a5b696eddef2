/** `parfocal generalise` as users type it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { imageOfStack, writeImage } from "../src/node.ts";
import { complaints, runCli } from "./helpers/run-cli.ts";
import { blurredStack, tinyArchitecture } from "./helpers/tiny.ts";
import { tinyObjectives } from "./helpers/tiny-objectives.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const cli = (...args: string[]) => runCli(["generalise", ...args], { cwd: folder });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-generalise-cli-"));
  for (const [i, name] of ["a.tif", "b.tif"].entries()) {
    const stack = blurredStack(7, 64, 170, i + 1);
    // Different pixels: half as large.
    const pixelSize = i === 0 ? { y: 0.3, x: 0.3 } : { y: 0.15, x: 0.15 };
    await writeImage(at(name), imageOfStack({ ...stack, pixelSize }, name));
  }
  writeFileSync(at("tiny.yaml"), stringify(tinyObjectives));
  const keys = { architecture: tinyArchitecture, patch_size: 16, batch_size: 2, warmup_steps: 2, num_steps: 4 };
  writeFileSync(at("config.yaml"), stringify({ experiment_name: "another", ...keys }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("parfocal generalise", () => {
  test("leaves each stack out: numbers, page and models in one folder", async () => {
    const args = ["a.tif", "b.tif", "--config", "config.yaml", "--steps-per-epoch", "2", "-o", "across"];
    const done = await cli(...args, "--json");
    expect(complaints(done).replace(/^(Warning: |all: |without-).*\n/gm, "")).toBe("");
    expect(done.code).toBe(0);
    const { gains, summary, models, config, report } = JSON.parse(done.stdout);
    expect(models.map(({ name, left_out }: { name: string; left_out: object | null }) => [name, left_out])).toEqual([
      ["all", null],
      ["without-a", { kind: "stack", value: "a" }],
      ["without-b", { kind: "stack", value: "b" }],
    ]);
    expect(gains.map(({ data, seen }: { data: string; seen: boolean }) => `${data} ${seen}`)).toEqual([
      "a true",
      "b true",
      "a false",
      "b true",
      "a true",
      "b false",
    ]);
    expect(config).toMatchObject({ method: "deep-z", model_pixel_size: 0.3, steps_per_epoch: 2, num_steps: 4 });
    expect(summary).toHaveLength(3);
    const page = readFileSync(at(report), "utf8");
    expect(page).toContain("parfocal generalise a.tif b.tif --config config.yaml");
    const shown = await cli(...args, "--force");
    expect(shown.code).toBe(0);
    expect(shown.stderr).toMatch(/without-b: found, \d steps \(model 3 of 3\)/);
    expect(shown.stdout).toMatch(/^ +a +b\n/m);
    expect(shown.stdout.split("*")).toHaveLength(4);
    expect(shown.stdout).toMatch(/^every stack, mean .*(yes|no|cannot tell)$/m);
  });

  test("Ctrl-C keeps what is done, and says how to go on", async () => {
    const args = ["generalise", "a.tif", "b.tif", "--config", "config.yaml", "--num-steps", "100000", "-o", "stopped"];
    const stopped = await runCli(args, {
      cwd: folder,
      onStart: (child) => {
        child.stderr?.on("data", (text) => /of \d+ steps/.test(text) && child.kill("SIGINT"));
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/Stopped after 0 of 3 models\. Give the same command again/);
    expect(existsSync(at("stopped/runs/all/version_0/checkpoints/last.safetensors"))).toBe(true);
    expect(existsSync(at("stopped/index.html"))).toBe(false);
  });

  test.each<[string, string[], RegExp]>([
    ["one stack", ["a.tif"], /needs two stacks or more, but only 1/],
    ["a recipe and a stack", ["tiny.yaml", "a.tif"], /tiny\.yaml is a recipe; give it alone/],
    ["a kind nobody knows", ["tiny.yaml", "--leave-out", "colour"], /objective, specimen, stack or slide/],
    [
      "a kind twice",
      ["tiny.yaml", "--leave-out", "objective,objective"],
      /objective, specimen, stack, slide.*each once/,
    ],
    [
      "a kind that recipes do not have",
      ["tiny.yaml", "--leave-out", "stack"],
      /no stack to leave out.*: objective, specimen/,
    ],
    ["slides of a recipe", ["tiny.yaml", "--slides", "a,b"], /--slides names the slides of stacks/],
    ["too few slides", ["a.tif", "b.tif", "--slides", "a"], /2 stacks but 1 slides/],
    ["changes to no recipe", ["a.tif", "b.tif", "--set", "size=3"], /--set is for recipes/],
    ["a method for another task", ["a.tif", "b.tif", "--method", "hidef"], /hidef is a method for hologram/],
    ["a name for all models", ["a.tif", "b.tif", "--experiment-name", "x"], /Unknown option '--experiment-name'/],
    ["no target for a method that needs one", ["a.tif", "b.tif", "--method", "unet"], /no target.*--target/],
  ])("refuses %s in a sentence, and leaves nothing", async (_, args, message) => {
    const done = await cli(...args, "-o", "refused");
    expect(done.code).not.toBe(0);
    expect(complaints(done)).toMatch(message);
    expect(complaints(done)).not.toMatch(/\n\s+at /);
    expect(existsSync(at("refused"))).toBe(false);
  });
});
