/** How a number at one place of the names is written: its sign and its decimal mark, found from all names together. */

import { spacingOf } from "./even-spacing.ts";
import { guessedOrder } from "./folder-errors.ts";
import type { FieldAxis, NameField } from "./name-field.ts";
import { axisAfter, lastWord, unitBefore } from "./name-words.ts";

/** A number as it is written in a name. `mark` and `part` are empty for whole numbers. */
export interface WrittenNumber {
  sign: "" | "-" | "+";
  whole: string;
  mark: string;
  part: string;
}

/** The same place in all names. */
export interface NumberPlace {
  /** Text between the previous number and this one, without its sign. An ellipsis represents a word that varies. */
  before: string;
  after: string;
  numbers: readonly WrittenNumber[];
  /** Whether the signs are known already. */
  signed?: boolean;
}

/**
 * The numbers of a place: one field, or two if the apparent decimal mark separates two numbers.
 * @throws usage if a minus sign may as well be a hyphen
 */
export function readPlace(place: NumberPlace, path: string): NameField[] {
  const { before, after, numbers } = place;
  const unit = unitBefore(after);
  const axis = axisAfter(before);
  const signed = place.signed ?? areSigned(place, axis, unit, path);
  const values = (read: (number: WrittenNumber) => string) =>
    numbers.map((number) => {
      const value = Number(read(number));
      return signed && number.sign === "-" && value !== 0 ? -value : value;
    });
  const shared = { label: labelOf(before), word: lastWord(before) };
  const marked = numbers.some(({ mark }) => mark !== "");
  const all = values(({ whole, part }) => (part === "" ? whole : `${whole}.${part}`));
  if (!marked || isDecimal(place, axis, unit, signed, all)) {
    return [{ ...shared, axis: withUnit(axis, unit, all), values: all, ...(unit !== undefined && { unit }) }];
  }
  const marks = new Set(numbers.map(({ mark }) => mark));
  if (marks.size > 1) {
    const found = [...marks].filter((mark) => mark !== "").map((mark) => `"${mark}"`);
    throw guessedOrder(path, `${shared.label} contains ${found.join(" or ")} in some of the names only`);
  }
  const mark = numbers[0].mark;
  const behind = axisAfter(mark);
  return [
    { ...shared, axis, values: values(({ whole }) => whole) },
    {
      axis: withUnit(behind, unit, []),
      label: labelOf(mark),
      values: numbers.map(({ part }) => Number(part)),
      ...(unit !== undefined && { unit }),
    },
  ];
}

function labelOf(before: string): string {
  const word = lastWord(before) || before.replace("\u2026", "").slice(-8);
  return word === "" ? "the number at the start" : `the number after "${word}"`;
}

/** "488nm" is a wavelength, "z250nm" and "250um" are heights. */
function withUnit(axis: FieldAxis, unit: string | undefined, values: readonly number[]): FieldAxis {
  if (axis !== "?" || unit === undefined) return axis;
  if (unit === "nm" && values.length > 0 && values.every((value) => value >= 350 && value <= 1100)) return "C";
  return "Z";
}

/**
 * A minus is a sign if other names have a plus or nothing in its place (z-4 ... z4), or if a separator precedes it
 * (_-4). It is a hyphen if all names have it between a word and a number (scan-001 ... scan-010).
 */
function areSigned({ before, numbers }: NumberPlace, axis: FieldAxis, unit: string | undefined, path: string): boolean {
  const signs = new Set(numbers.map(({ sign }) => sign));
  if (!signs.has("-")) return false;
  if (signs.size > 1) return true;
  const padded = numbers.some(({ whole }) => /^0\d/.test(whole));
  if (padded) return false;
  if (/(?:^|[_=(: ])$/.test(before)) return true;
  const withoutZero = numbers.every(({ whole, part }) => Number(`${whole}.${part || 0}`) !== 0);
  const varies = numbers.some(({ whole, part }) => whole !== numbers[0].whole || part !== numbers[0].part);
  const height = axis === "Z" && (unit !== undefined || numbers.some(({ mark }) => mark !== ""));
  if (varies && height && withoutZero) {
    throw guessedOrder(path, `"${lastWord(before)}-" precedes every number, and its "-" may be a minus or a hyphen`);
  }
  return false;
}

/** Whether ".", "," or "p" inside the numbers is a decimal mark. */
function isDecimal(
  { before, numbers }: NumberPlace,
  axis: FieldAxis,
  unit: string | undefined,
  signed: boolean,
  values: readonly number[],
): boolean {
  const marks = new Set(numbers.map(({ mark }) => mark.toLowerCase()));
  marks.delete("");
  if (marks.size > 1) return false;
  const [mark] = marks;
  const parts = numbers.map(({ part }) => part).filter((part) => part !== "");
  // Decimals all have the same number of digits, or none of them ends in 0: 1.9 is not followed by 1.10.
  const sameWidth = parts.every((part) => part.length === parts[0].length);
  if (!sameWidth && parts.some((part) => part.length > 1 && part.endsWith("0"))) return false;
  if (unit !== undefined) return true;
  if (axis === "C" || axis === "T" || axis === "P" || axis === "p") return false;
  const fits = axis === "Z" || signed;
  // In "a1p2", p may be a separate word.
  if (mark === "p" && !fits && /\p{L}$/u.test(before)) return false;
  const wholes = new Set(numbers.map(({ whole }) => whole));
  if (!fits && wholes.size === 1 && numbers[0].whole !== "0") return false;
  const spacing = spacingOf([...new Set(values)].sort((a, b) => a - b));
  const even = spacing.step !== undefined && spacing.missingCount === 0;
  // Two numbers of a grid (1,1 1,2 2,1 2,2), read as decimals, would not be evenly spaced.
  const grid = wholes.size > 1 && new Set(parts).size > 1 && wholes.size * new Set(parts).size === numbers.length;
  if (grid && parts.length === numbers.length && !even) return false;
  return fits || mark === "." || spacing.step !== undefined;
}
