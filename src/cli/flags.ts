/** Names of options as the command line writes them: the library's messages and errors name them as configuration files do. */
import type { Command } from "commander";

/** "pixel_size" -> "pixel-size". */
export const kebab = (name: string): string => name.replaceAll("_", "-");

/** The names of the options of a program and all its commands, in snake_case. */
export function optionNames(program: Command): ReadonlySet<string> {
  const options = [program, ...program.commands].flatMap((command) => command.options);
  return new Set(options.map((option) => option.name().replaceAll("-", "_")));
}

/**
 * Text with the options that stand in backquotes written as flags: "give `pixel_size <your pixel size>`" becomes
 * "give --pixel-size <your pixel size>". Other text in backquotes, such as a command of npm, stays as it is.
 * @param names options that are known, in snake_case
 */
export function withFlags(text: string, names: ReadonlySet<string>): string {
  return text.replace(/`([a-z][a-z0-9_]*)([ =][^`]*)?`/g, (whole, name: string, rest = "") =>
    names.has(name) ? `--${kebab(name)}${rest}` : whole,
  );
}
