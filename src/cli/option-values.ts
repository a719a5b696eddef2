/** Values of options: text in, checked value out. What they throw becomes one sentence and exit code 2. */
import { InvalidArgumentError, Option } from "commander";
import { readYaml } from "../node.ts";

/** A whole number of at least `least`. */
export function wholeNumber(least = 0): (text: string) => number {
  return (text) => {
    const value = numberOf(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number, ${least} or more.`);
  };
}

/** A finite number above 0. */
export function positiveNumber(text: string): number {
  const value = numberOf(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const others = words.slice(0, -1).join(", ");
    throw new InvalidArgumentError(`Expected ${others}${others ? " or " : ""}${words.at(-1)}.`);
  };
}

/** Any finite number. */
export function finiteNumber(text: string): number {
  const value = numberOf(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number.");
}

/** "1,2,3.5". */
export function listOfNumbers(text: string): number[] {
  return text.split(",").map(finiteNumber);
}

/** "start:stop:step" with both ends, or a list "1,2,3.5". */
export function rangeOrList(text: string): number[] {
  if (!text.includes(":")) return listOfNumbers(text);
  const [start, stop, step] = text.split(":").map(numberOf);
  const count = Math.floor((stop - start) / step + 1e-6) + 1;
  if (text.split(":").length === 3 && count >= 1 && count <= 10_000) {
    // Rounded so that 0.1 + 0.2 is told as 0.3.
    return Array.from({ length: count }, (_, i) => Number((start + i * step).toFixed(9)));
  }
  throw new InvalidArgumentError("Expected start:stop:step, such as -4:4:0.5, or a list, such as 1,2,3.5.");
}

/** NaN for text that is no number; "" and blanks are none. */
export function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** `--set key=value`, as often as wanted. @param whose "of the recipe" */
export function setOption(whose: string): Option {
  return new Option("--set <key=value>", `any key ${whose} by its path, as object.cells=60; may be repeated`).argParser(
    (text, before: [string, unknown][] = []) => [...before, keyAndValue(text)],
  );
}

/** "object.beads=20": a path and its value, read as YAML reads it (numbers, words, lists). */
function keyAndValue(text: string): [string, unknown] {
  const [, key, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError("Expected key=value, such as object.beads=20.");
  try {
    return [key, readYaml(value, key)];
  } catch {
    throw new InvalidArgumentError(`Expected a value as YAML has them: a number, a word, [a, list], not ${value}.`);
  }
}
