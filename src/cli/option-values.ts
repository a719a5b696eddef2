/** Values of options: text in, checked value out. What they throw becomes one sentence and exit code 2. */
import { InvalidArgumentError } from "commander";

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

/** NaN for text that is no number; "" and blanks are none. */
export function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}
