/** Values of options: text in, checked value out. What they throw becomes one sentence and exit code 2. */
import { InvalidArgumentError } from "commander";
import { readYaml } from "../read-yaml.ts";

/** Any finite number. */
export function finiteNumber(text: string): number {
  const value = numberOf(text);
  // -0 is 0.
  if (Number.isFinite(value)) return value || 0;
  throw new InvalidArgumentError("Expected a number.");
}

/** "1,2,3.5". */
export function listOfNumbers(text: string): number[] {
  return text.split(",").map(finiteNumber);
}

/** Most values of a range: more are a slip of the step. */
const mostValues = 10_000;

/**
 * "start:stop:step" with both ends, or a list "1,2,3.5". A range whose steps do not end at `stop` is refused, since one of the ends it
 * promises would be missing.
 */
export function rangeOrList(text: string): number[] {
  if (!text.includes(":")) return listOfNumbers(text);
  const wrong = (sentence: string) => new InvalidArgumentError(`${sentence}.`);
  const parts = text.split(":").map(numberOf);
  const [start, stop, step] = parts;
  if (parts.length !== 3 || !parts.every(Number.isFinite)) {
    throw wrong("Expected start:stop:step, such as -4:4:0.5, or a list, such as 1,2,3.5");
  }
  if (step === 0) throw wrong(`A step of 0 never gets from ${start} to ${stop}`);
  const steps = (stop - start) / step;
  if (steps < 0) throw wrong(`Steps of ${step} lead away from ${stop}; expected ${start}:${stop}:${-step}`);
  if (steps >= mostValues) {
    throw wrong(
      `${text} has ${Number((steps + 1).toPrecision(6))} values, and ${mostValues} are the most; expected a larger step`,
    );
  }
  const whole = Math.round(steps);
  if (Math.abs(steps - whole) > 1e-6 * Math.max(1, steps)) {
    const last = rounded(start + Math.floor(steps) * step);
    const near = Number(((stop - start) / Math.max(1, whole)).toPrecision(6));
    throw wrong(
      `Steps of ${step} from ${start} end at ${last}, not at ${stop}; expected ${start}:${last}:${step}, or a step such as ${near}`,
    );
  }
  return Array.from({ length: whole + 1 }, (_, i) => rounded(start + i * step));
}

/** So that 0.1 + 0.2 is printed as 0.3, and nothing as -0. */
const rounded = (value: number): number => Number(value.toFixed(9)) || 0;

/** NaN for text that is no number; "" and blanks are none. */
export function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** "specimen.beads=20": a path and its value, read as YAML reads it (numbers, words, lists). */
export function keyAndValue(text: string): [string, unknown] {
  const [, key, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError("Expected key=value, such as specimen.beads=20.");
  try {
    return [key, readYaml(value, key)];
  } catch {
    throw new InvalidArgumentError(`Expected a value as YAML has them: a number, a word, [a, list], not ${value}.`);
  }
}
