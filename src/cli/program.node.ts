/** The command line: its verbs, and what happens when one of them fails. */
import { Command } from "commander";
import { jsonText, version } from "../node.ts";
import { autofocus } from "./autofocus.node.ts";
import { deconvolve } from "./deconvolve.node.ts";
import { demo } from "./demo.node.ts";
import { doctor } from "./doctor.node.ts";
import { evaluate } from "./evaluate.node.ts";
import { failureOf, inFlags } from "./failure.node.ts";
import { optionNames } from "./flags.ts";
import { fuse } from "./fuse.node.ts";
import { generalise } from "./generalise.node.ts";
import { inspect } from "./inspect.node.ts";
import { psf } from "./psf.node.ts";
import { reconstruct } from "./reconstruct.node.ts";
import { refocus } from "./refocus.node.ts";
import { say } from "./say.node.ts";
import { section } from "./section.node.ts";
import { simulate } from "./simulate.node.ts";
import { study } from "./study.node.ts";
import { printLine } from "./terminal.node.ts";
import { train } from "./train.node.ts";
import { addVerb, type Outcome } from "./verb.node.ts";

export function createProgram(outcome: Outcome = { exitCode: 0 }): Command {
  const program = new Command("parfocal")
    .description(
      "Virtual refocusing, optical sectioning and autofocusing for microscopy, trained on your own z-stack, and judged.",
    )
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help, or that of a verb")
    .exitOverride()
    // What commander has to say about mistakes is said once, below.
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      "after",
      [
        "",
        "Lengths are micrometres; planes, channels and times count from 0.",
        "Exit codes: 0 done, 1 failed, 2 used wrongly, 130 interrupted.",
        'More about a verb, with examples: "parfocal <verb> --help".',
      ].join("\n"),
    );
  addVerb(program, inspect, outcome);
  addVerb(program, simulate, outcome);
  addVerb(program, train, outcome);
  addVerb(program, refocus, outcome);
  addVerb(program, reconstruct, outcome);
  addVerb(program, autofocus, outcome);
  addVerb(program, deconvolve, outcome);
  addVerb(program, section, outcome);
  addVerb(program, fuse, outcome);
  addVerb(program, psf, outcome);
  addVerb(program, evaluate, outcome);
  addVerb(program, study, outcome);
  addVerb(program, generalise, outcome);
  addVerb(program, doctor, outcome);
  addVerb(program, demo, outcome);
  return program;
}

/** Runs one command. @returns the exit code */
export async function runCommand(args: readonly string[]): Promise<number> {
  const outcome = { exitCode: 0 };
  const program = createProgram(outcome);
  try {
    if (args.length === 0) {
      say(program.helpInformation());
      return 2;
    }
    await program.parseAsync(args, { from: "user" });
    return outcome.exitCode;
  } catch (error) {
    const { exitCode, ...failure } = inFlags(failureOf(error), optionNames(program));
    if (exitCode === 0) return 0;
    if (args.includes("--debug") && error instanceof Error) say(error.stack ?? error.message);
    say(`parfocal: ${failure.message}`);
    if (args.includes("--json")) await printLine(jsonText({ error: failure }));
    return exitCode;
  }
}
