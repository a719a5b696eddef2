/** What every verb has in common: its options, its help, and how its result is printed. */
import { type Command, Option } from "commander";
import { jsonText } from "../node.ts";
import { optionNames } from "./flags.ts";
import { oneOf, wholeNumber } from "./option-values.ts";
import { createTerminal, type Terminal } from "./terminal.node.ts";

/** What a verb found or made: once for programs (`--json`), once for people. */
export interface Result {
  /** Lengths in um, keys in snake_case; NaN and infinity become null. */
  json: Record<string, unknown>;
  /** What is printed on stdout without `--json`; lines, no newline at the end. */
  text: string;
  /** 3 where the work was done and what it made is of no use; default 0. */
  exitCode?: 0 | 3;
  /** Sentences for stderr, where they are not part of `text`. */
  warnings?: readonly string[];
}

export interface Verb<Options extends object> {
  name: string;
  /** As commander writes them: "<image>", "<stack...>". */
  arguments: string;
  /** One sentence. */
  summary: string;
  /** Lines for the help, below the options. */
  notes?: readonly string[];
  /** Whole commands; the tests run those that need no file of the user's. */
  examples: readonly string[];
  /** Which of the options that every verb takes change what this one does. */
  uses?: readonly ("device" | "threads" | "seed")[];
  options?(command: Command): void;
  run(args: readonly string[], options: Options, terminal: Terminal): Promise<Result>;
}

export interface CommonOptions {
  json?: boolean;
  quiet?: boolean;
  debug?: boolean;
  device?: "auto" | "cpu" | "webgpu" | "cuda";
  threads?: number;
  seed?: number;
}

const exitCodes = "Exit codes: 0 done, 1 failed, 2 used wrongly, 130 interrupted.";

/** The exit code of a verb that did its work and whose result is of no use, such as a model that is not better than what was recorded. */
export const noUse = 3;

/** How a command ended. */
export interface Outcome {
  exitCode: number;
}

/** Adds a verb to the program. Its errors are left to whoever parses. */
export function addVerb<Options extends object>(program: Command, verb: Verb<Options>, outcome: Outcome): void {
  const command = program.command(`${verb.name} ${verb.arguments}`.trim()).description(verb.summary);
  verb.options?.(command);
  addCommonOptions(command, verb.uses ?? []);
  const sections = [verb.notes ?? [], ["Examples:", ...verb.examples.map((line) => `  ${line}`)], [exitCodes]];
  command.addHelpText("after", sections.flatMap((lines) => (lines.length > 0 ? ["", ...lines] : [])).join("\n"));
  command.action(async () => {
    const options = command.opts<Options & CommonOptions>();
    const names = optionNames(program);
    const terminal = createTerminal(options, names);
    try {
      const result = await verb.run(command.args, options, terminal);
      terminal.endProgress();
      await terminal.print(options.json ? jsonText(result.json) : result.text);
      outcome.exitCode = result.exitCode ?? 0;
      if (!options.json) for (const warning of result.warnings ?? []) terminal.warn(warning);
    } finally {
      terminal.endProgress();
    }
  });
}

/** Every verb takes them all, so that scripts can pass the same ones on; those without effect stay out of the help. */
function addCommonOptions(command: Command, uses: readonly string[]): void {
  const added = (name: string) => command.options.some((option) => option.attributeName() === name);
  const add = (name: string, option: Option) => {
    if (!added(name)) command.addOption(uses.includes(name) ? option : option.hideHelp());
  };
  add(
    "device",
    new Option("--device <device>", "auto, cpu, webgpu or cuda").argParser(oneOf(["auto", "cpu", "webgpu", "cuda"])),
  );
  add("threads", new Option("--threads <n>", "processor threads").argParser(wholeNumber(1)));
  add("seed", new Option("--seed <n>", "the same seed gives the same result").argParser(wholeNumber()));
  command.option("--json", "print one JSON document on stdout, everything else on stderr");
  command.option("--quiet", "no progress and no warnings on stderr");
  command.option("--debug", "where an unexpected error came from");
}
