/** The command line: its verbs, and what happens when one of them fails. */
import { Command } from "commander";
import { version } from "../node.ts";
import { autofocus } from "./autofocus.node.ts";
import { deconvolve } from "./deconvolve.node.ts";
import { demo } from "./demo.node.ts";
import { doctor } from "./doctor.node.ts";
import { evaluate } from "./evaluate.node.ts";
import { failureOf } from "./failure.node.ts";
import { fuse } from "./fuse.node.ts";
import { generalise } from "./generalise.node.ts";
import { inspect } from "./inspect.node.ts";
import { psf } from "./psf.node.ts";
import { reconstruct } from "./reconstruct.node.ts";
import { refocus } from "./refocus.node.ts";
import { section } from "./section.node.ts";
import { simulate } from "./simulate.node.ts";
import { study } from "./study.node.ts";
import { printLine, say } from "./terminal.node.ts";
import { train } from "./train.node.ts";
import { addVerb } from "./verb.node.ts";

export function createProgram(): Command {
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
  addVerb(program, inspect);
  addVerb(program, simulate);
  addVerb(program, train);
  addVerb(program, refocus);
  addVerb(program, reconstruct);
  addVerb(program, autofocus);
  addVerb(program, deconvolve);
  addVerb(program, section);
  addVerb(program, fuse);
  addVerb(program, psf);
  addVerb(program, evaluate);
  addVerb(program, study);
  addVerb(program, generalise);
  addVerb(program, doctor);
  addVerb(program, demo);
  return program;
}

/** Runs one command. @returns the exit code */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    const program = createProgram();
    if (args.length === 0) {
      say(program.helpInformation());
      return 2;
    }
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    const { exitCode, ...failure } = failureOf(error);
    if (exitCode === 0) return 0;
    if (args.includes("--debug") && error instanceof Error) say(error.stack ?? error.message);
    say(`parfocal: ${failure.message}`);
    if (args.includes("--json")) await printLine(JSON.stringify({ error: failure }, null, 2));
    return exitCode;
  }
}
