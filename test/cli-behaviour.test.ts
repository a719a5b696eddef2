/** What all verbs have in common: help, signals, pipes, quiet, and errors nobody expected. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf } from "../src/cli/failure.node.ts";
import { sparkline, table } from "../src/cli/text.ts";
import { ParfocalError } from "../src/errors.ts";
import { taskNames } from "../src/tasks/tasks.ts";
import { encodeImage, Random } from "./helpers/images.ts";
import { complaints, runCli } from "./helpers/run-cli.ts";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const verbs: readonly string[] = taskNames;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-cli-"));
  const random = new Random(2);
  const data = Uint16Array.from({ length: 40 * 64 * 64 }, () => random.integer(1000));
  const info = { axes: "ZYX", shape: [40, 64, 64], dtype: "uint16", pixelSize: { y: 1, x: 1 }, zStep: 1 } as const;
  writeFileSync(join(folder, "stack.tif"), encodeImage("stack.tif", { ...info, data }));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("help", () => {
  test("--version is that of the package", async () => {
    expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("--help names every verb and the exit codes, on stdout", async () => {
    const { code, stdout, stderr } = await runCli(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, "m"));
    expect(stdout).toMatch(/0 success, 1 failure, 2 wrong usage, 3 .*130 interrupted/s);
  });

  test("nothing at all is wrong use, with the help on stderr", async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/Usage: parfocal/);
  });

  test.each(verbs)("%s --help has examples, common options and exit codes", async (verb) => {
    const { code, stdout } = await runCli([verb, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n {2}parfocal ${verb}`));
    for (const option of ["--json", "--quiet", "--debug"]) expect(stdout).toContain(option);
    expect(stdout).toMatch(/Exit codes: 0 success/);
    const explained = stdout.slice(0, stdout.indexOf("Examples:"));
    expect(explained.split("\n").filter((line) => line.length > 80)).toEqual([]);
    // Every placeholder says what is expected.
    expect(explained).not.toContain("<text>");
  });
});

describe("common options", () => {
  test("a flag that has no effect on a command is refused", async () => {
    const { code, stderr } = await runCli(["inspect", "stack.tif", "--seed", "1"], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/Unknown option '--seed'/);
  });

  test("warnings go to stderr, and --quiet keeps them back", async () => {
    const args = ["simulate", "beads", "--size", "32", "--planes", "3", "--beads", "2", "--diameter", "0.5:1"];
    const loud = await runCli([...args, "-o", "loud"], { cwd: folder });
    expect(complaints(loud)).toMatch(/^Warning: pixel_size 0\.325 um is coarser.*\n$/);
    expect(loud.stdout).not.toMatch(/Warning/);
    const quiet = await runCli([...args, "-o", "quiet", "--quiet"], { cwd: folder });
    expect({ ...quiet, stdout: quiet.stdout.replaceAll("quiet", "loud") }).toEqual({ ...loud, stderr: "" });
  });
});

describe("signals and pipes", () => {
  const long = [
    "simulate",
    "beads",
    "--size",
    "400",
    "--planes",
    "60",
    "--beads",
    "200",
    "-o",
    "stopped.tif",
    "--json",
  ];

  test("Ctrl-C stops the work, says so, and leaves nothing", async () => {
    let sent = false;
    const run = await runCli(long, {
      cwd: folder,
      onStart: (child) => {
        child.stderr?.on("data", () => {
          if (!sent) child.kill("SIGINT");
          sent = true;
        });
      },
    });
    expect(run.code).toBe(130);
    expect(run.stderr).toMatch(
      /planes simulated(, \d.*\/s, .* left)?\n.*Stopping; press Ctrl-C again.*\nparfocal: Stopped on request\.\n$/s,
    );
    expect(JSON.parse(run.stdout).error.code).toBe("interrupted");
    expect(readdirSync(folder).filter((name) => name.includes("stopped"))).toEqual([]);
  });

  test("a second Ctrl-C does not wait", async () => {
    const run = await runCli(long, {
      cwd: folder,
      onStart: (child) => {
        // At once, and no more: a later one could meet a process that is ending, and has no handler left.
        child.stderr?.once("data", () => {
          child.kill("SIGINT");
          setTimeout(() => child.kill("SIGINT"), 20);
        });
      },
    });
    expect(run.code).toBe(130);
    expect(readdirSync(folder).filter((name) => name.includes("stopped"))).toEqual([]);
  });

  test("a reader that goes away is no failure", async () => {
    const run = await runCli(["inspect", "stack.tif", "--json", "--quiet"], {
      cwd: folder,
      onStart: (child) => child.stdout?.destroy(),
    });
    expect(run).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});

describe("errors", () => {
  test("what nobody expected is called a bug, with where to report it", () => {
    const failure = failureOf(new TypeError("x is not a function"));
    expect(failure).toMatchObject({ exitCode: 1, code: "unexpected" });
    expect(failure.message).toMatch(/bug in Parfocal: x is not a function\..*report.*--debug/);
  });

  test("too little memory is no bug", () => {
    let error: unknown;
    try {
      new Float64Array(2 ** 53 - 1);
    } catch (caught) {
      error = caught;
    }
    expect(failureOf(error)).toMatchObject({ exitCode: 1, code: "memory" });
  });

  test("errors of the library keep their code and fields", () => {
    const error = new ParfocalError("output.exists", "It is there.", { path: "a.tif" });
    expect(failureOf(error)).toEqual({
      exitCode: 2,
      code: "output.exists",
      message: "It is there.",
      fields: { path: "a.tif" },
    });
  });
});

describe("text", () => {
  test("tables line up", () => {
    expect(
      table(
        [
          ["a", "1"],
          ["long", "10.5"],
        ],
        [1],
      ),
    ).toBe("a        1\nlong  10.5");
  });

  test("sparklines span from the smallest to the largest value and keep peaks when shortened", () => {
    expect(sparkline([0, 7, 3.4])).toBe("\u2581\u2588\u2584");
    expect(sparkline([5, 5])).toBe("\u2581\u2581");
    const peak = Array.from({ length: 1000 }, (_, i) => (i === 517 ? 1 : 0));
    expect(sparkline(peak, 50)).toBe(`${"\u2581".repeat(25)}\u2588${"\u2581".repeat(24)}`);
  });
});
