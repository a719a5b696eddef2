/** A command that runs a task: its flags, its help, and how its result is printed. */
import type { Command } from "commander";
import { jsonText } from "../array/json-text.ts";
import { nodeContext } from "../tasks/node-context.node.ts";
import { runTask } from "../tasks/run-task.ts";
import type { Task } from "../tasks/task.ts";
import { type TaskName, tasks } from "../tasks/tasks.ts";
import { asksForHelp } from "./asks-for-help.ts";
import type { CommandText } from "./command.ts";
import { commands } from "./commands.ts";
import { optionNames, withFlags } from "./flags.ts";
import { helpWidth } from "./help-width.ts";
import type { Outcome } from "./outcome.ts";
import { addTaskFlags, givenOptions } from "./task-flags.ts";
import { createTerminal, progressOn } from "./terminal.node.ts";

/**
 * Adds the flags of a task to its command, its help, and what it does.
 * @returns the names of its options, in snake_case
 */
export async function addTask(
  command: Command,
  name: TaskName,
  args: readonly string[],
  outcome: Outcome,
): Promise<ReadonlySet<string>> {
  const [task, text] = await Promise.all([tasks[name].load(), commands[name]()]);
  addTaskFlags(command, task.options);
  const chosen = scan(args);
  const more = await task.moreOptions?.(chosen, nodeContext.storage);
  // Without a method, a help is about all of them.
  if (more) addTaskFlags(command, more, { own: Object.keys(chosen).length > 0 || !asksForHelp(args) });
  command
    .option("--json", "print one JSON document on stdout, everything else on stderr")
    .option("--quiet", "no progress and no warnings on stderr")
    .option("--debug", "also print where an error came from");
  addNotes(command, text);
  command.configureHelp({
    ...command.configureHelp(),
    optionDescription: (option) => withFlags(option.description, names),
    argumentDescription: (argument) => withFlags(argument.description, names),
  });
  command.action(async () => {
    const given = { ...givenOptions(command, task.options), ...(more && givenOptions(command, more)) };
    const { json, quiet } = command.opts<{ json?: boolean; quiet?: boolean }>();
    outcome.exitCode = await runAndPrint(task, text, given, { json, quiet, names });
  });
  const names = optionNames(command);
  return names;
}

function addNotes(command: Command, { notes = [], examples, exitCode }: CommandText): void {
  const useless = exitCode ? "3 the model is not better than the recorded images, " : "";
  const exitCodes = `Exit codes: 0 success, 1 failure, 2 wrong usage, ${useless}130 interrupted.`;
  const help = Object.assign(command.createHelp(), { helpWidth: helpWidth() });
  // Examples are copied: their lines stay whole.
  const lines = ["Examples:", ...examples.map((line) => `  ${line}`)].join("\n");
  const wrapped = [...notes, lines, exitCodes].map((note) => {
    if (note === lines) return lines;
    if (typeof note === "string") return help.boxWrap(note, helpWidth());
    const width = Math.max(...note.rows.map(([term]) => term.length));
    const rows = note.rows.map(([term, description]) => help.formatItem(term, width, description, help));
    return [help.boxWrap(note.title, helpWidth()), ...rows].join("\n");
  });
  command.addHelpText("after", `\n${wrapped.join("\n\n")}`);
}

/** The words of flags that decide which other flags there are: `--method deep-z`, `--method=deep-z`. */
function scan(args: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [i, word] of args.entries()) {
    const [, flag, value] = /^--(method|task|config)(?:=(.*))?$/s.exec(word) ?? [];
    if (flag !== undefined) found[flag] = value ?? args[i + 1] ?? "";
  }
  return found;
}

async function runAndPrint(
  task: Task,
  text: CommandText,
  given: Record<string, unknown>,
  { json, quiet, names }: { json?: boolean | undefined; quiet?: boolean | undefined; names: ReadonlySet<string> },
): Promise<number> {
  const terminal = createTerminal({ quiet: quiet ?? false }, names);
  const report = progressOn(terminal);
  // In JSON they stand in the result; only where there is none are they printed.
  const kept: string[] = [];
  try {
    const result = await runTask(task, given, {
      ...nodeContext,
      signal: terminal.signal,
      onProgress: ({ unit, message, ...progress }) =>
        report({ what: unit, ...progress, ...(message !== undefined && { state: message }) }),
      warn: ({ text }) => (json ? void kept.push(text) : terminal.warn(text)),
      note: terminal.note,
      request: requestOf(),
    });
    terminal.endProgress();
    // The text of a command knows the result of its own task.
    await terminal.print(json ? withFlags(jsonText(result), names) : text.text(result as never, given));
    return text.exitCode?.(result as never) ?? 0;
  } catch (error) {
    for (const sentence of kept) terminal.warn(sentence);
    throw error;
  } finally {
    terminal.endProgress();
  }
}

/** What was typed, to type it again. */
const requestOf = (): string => ["parfocal", ...process.argv.slice(2).map(quoted)].join(" ");

const quoted = (word: string): string => (/^[\w./:,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
