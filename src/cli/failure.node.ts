/** Errors as one sentence and an exit code. */
import { CommanderError } from "commander";
import { ParfocalError } from "../errors.ts";
import { kebab, withFlags } from "./flags.ts";

export interface Failure {
  /** 0 where commander "fails" after printing a help or the version. */
  exitCode: number;
  code: string;
  message: string;
  fields: object;
}

/** @param command whose help explains what was used wrongly; none where there is no such command */
export function failureOf(error: unknown, command?: string): Failure {
  if (error instanceof CommanderError) return usageFailure(error, command);
  if (error instanceof ParfocalError) {
    const { exitCode, code, message, fields } = error;
    return { exitCode, code, message, fields };
  }
  if (error instanceof Error && error.name === "AbortError") {
    return { exitCode: 130, code: "interrupted", message: "Stopped on request.", fields: {} };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError && /allocation failed|array length|heap/i.test(message)) {
    return {
      exitCode: 1,
      code: "memory",
      message: `This machine has not enough memory for it (${message}); close other programs, or give a smaller image.`,
      fields: {},
    };
  }
  return {
    exitCode: 1,
    code: "unexpected",
    message: `This is a bug in Parfocal: ${message || "an error without a message"}. Please report it, with the command and its output under --debug.`,
    fields: {},
  };
}

/** A failure with its options named as flags, in the sentence and in the field `option`. */
export function inFlags(failure: Failure, names: ReadonlySet<string>): Failure {
  const { option, ...others } = failure.fields as { option?: string };
  const fields =
    option === undefined ? failure.fields : { option: names.has(option) ? `--${kebab(option)}` : option, ...others };
  return { ...failure, message: withFlags(failure.message, names), fields };
}

/** Commander says "error: unknown option '--sed'\n(Did you mean --seed?)". */
function usageFailure({ code, exitCode, message }: CommanderError, command: string | undefined): Failure {
  if (exitCode === 0) return { exitCode: 0, code, message, fields: {} };
  const [said, hint] = message.replace(/^error: /, "").split("\n");
  const sentence = `${said.charAt(0).toUpperCase()}${said.slice(1).replace(/\.$/, "")}`;
  const advice = hint
    ? hint.replace(/^\(D/, "d").replace(/\?\)$/, "?")
    : `see "parfocal ${command === undefined ? "" : `${command} `}--help".`;
  const option = /(?:option|argument) '([^' ,]+)/.exec(said)?.[1];
  return {
    exitCode: 2,
    code: "usage",
    message: `${sentence}; ${advice}`,
    fields: option === undefined ? {} : { option },
  };
}
