/** Runs the command line: it finds the command, and leaves the rest to its task. */

import { Command } from "commander";
import { type TaskName, taskNames, tasks } from "../tasks/tasks.ts";
import { version } from "../version.ts";
import { asksForHelp } from "./asks-for-help.ts";
import { helpWidth } from "./help-width.ts";
import type { Outcome } from "./outcome.ts";
import { pageHelp } from "./pager.node.ts";
import { say } from "./say.node.ts";
import { printLine } from "./terminal.node.ts";

/** Runs one command. @returns the exit code */
export async function runCommand(args: readonly string[]): Promise<number> {
  const outcome: Outcome = { exitCode: 0 };
  const program = createProgram();
  let names: ReadonlySet<string> = new Set();
  const name = args.find((word) => !word.startsWith("-"));
  const command = program.commands.find((one) => one.name() === name);
  try {
    if (args.length === 0) {
      say(helpOf(program));
      return 2;
    }
    if (command && isTask(command.name())) {
      // What only a task needs is loaded with it: the list of commands shows at once.
      const { addTask } = await import("./task-command.node.ts");
      names = await addTask(command, command.name() as TaskName, args, outcome);
    }
    if (asksForHelp(args)) {
      await pageHelp(helpOf(command ?? program));
      return 0;
    }
    await program.parseAsync(args, { from: "user" });
    return outcome.exitCode;
  } catch (error) {
    // Commander "fails" after printing the version.
    if ((error as { exitCode?: number }).exitCode === 0) return 0;
    const { failureOf, inFlags } = await import("./failure.node.ts");
    const { exitCode, ...failure } = inFlags(failureOf(error, command?.name()), names);
    if (args.includes("--debug") && error instanceof Error) say(error.stack ?? error.message);
    say(`parfocal: ${failure.message}`);
    if (args.includes("--json")) {
      const { jsonText } = await import("../array/json-text.ts");
      await printLine(jsonText({ error: failure }));
    }
    return exitCode;
  }
}

const isTask = (name: string): name is TaskName => (taskNames as readonly string[]).includes(name);

/** The help with what stands below the options, as it is printed. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text.trimEnd();
}

/** The program with the names of its commands; what each takes is added when it is called. */
function createProgram(): Command {
  const program = new Command("parfocal")
    .description(
      "Virtual refocusing, optical sectioning and autofocusing for microscopy, with models that are trained on your own z-stacks.",
    )
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help, or that of a command")
    .helpCommand(false)
    .exitOverride()
    // What commander has to say about mistakes is said once, by runCommand.
    .configureOutput({ outputError: () => undefined })
    // Long flags leave few columns for their descriptions; these are wrapped all the same.
    .configureHelp({ helpWidth: helpWidth(), minWidthToWrap: 24 })
    .addHelpText(
      "after",
      [
        "",
        "Lengths are in micrometres. Planes, channels and time points count from 0.",
        "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 a trained model that is not",
        "better than the recorded images, 130 interrupted.",
        'Options and examples of a command: "parfocal <command> --help".',
      ].join("\n"),
    );
  for (const name of taskNames) program.command(name).description(tasks[name].summary);
  program
    .command("completion")
    .description("Print a script that makes a shell complete parfocal commands and flags.")
    .argument("<shell>", "bash, zsh or fish")
    .action(async (shell: string) => printLine(await (await import("./completion.ts")).completion(shell)));
  return program;
}
