/** `pattern`: the meaning of file names as the user gives it, such as "img_z{z}_c{c}.tif". */
import { ParfocalError } from "../errors.ts";
import type { NameField } from "./name-field.ts";
import { unitBefore } from "./name-words.ts";

const axisOf = new Map([
  ["z", "Z"],
  ["c", "C"],
  ["t", "T"],
] as const);

/** More wildcards could take a long time to match. */
const maxWildcards = 4;

/**
 * The names that match, and their values. {z} is a number with sign and decimals (-0.25, 0,25, M0p25), {t} a whole
 * number, {c} a number or a word, {*} anything.
 * @param path of the folder, for messages
 * @throws usage for a pattern that is not understood, or that no name matches
 */
export function matchNames(
  names: readonly string[],
  pattern: string,
  path: string,
): { names: string[]; fields: NameField[] } {
  const { expression, axes, units } = compile(pattern);
  const found: { name: string; match: RegExpExecArray }[] = [];
  for (const name of names) {
    const match = expression.exec(name);
    if (match) found.push({ name, match });
  }
  if (found.length === 0) {
    throw wrong(
      pattern,
      `${path}: none of its ${names.length} image files matches the pattern "${pattern}"; the first is "${names[0]}", and a pattern is a complete file name with its ending`,
    );
  }
  const fields = axes.map((letter, i): NameField => {
    const texts = found.map(({ match }) => match[i + 1]);
    const numbers = letter !== "c" || texts.every((text) => /^\d+$/.test(text));
    return {
      axis: axisOf.get(letter) ?? "?",
      label: `{${letter}} of the pattern`,
      values: numbers ? texts.map(numberOf) : texts,
      ...(units[i] !== undefined && { unit: units[i] }),
    };
  });
  return { names: found.map(({ name }) => name), fields };
}

function numberOf(text: string): number {
  const [, sign, digits] = /^([-+\u2212MmPp]?)(.*)$/.exec(text) as RegExpExecArray;
  const value = Number(digits.replace(/[,pP]/, "."));
  return /[-\u2212Mm]/.test(sign) && value !== 0 ? -value : value;
}

function compile(pattern: string): { expression: RegExp; axes: ("z" | "c" | "t")[]; units: (string | undefined)[] } {
  const axes: ("z" | "c" | "t")[] = [];
  const units: (string | undefined)[] = [];
  let wildcards = 0;
  let source = "";
  const pieces = pattern.split(/(\{[^{}]*\}|\*)/);
  for (const [i, piece] of pieces.entries()) {
    if (i % 2 === 0) source += piece.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    else if (piece === "{*}" || piece === "*") {
      wildcards++;
      source += ".*?";
    } else {
      const letter = piece.slice(1, -1).trim().toLowerCase() as "z" | "c" | "t";
      if (!axisOf.has(letter)) throw wrong(pattern, `The pattern "${pattern}" has ${piece}, which is not known`);
      if (axes.includes(letter)) throw wrong(pattern, `The pattern "${pattern}" has {${letter}} twice`);
      axes.push(letter);
      units.push(unitBefore(pieces[i + 1] ?? ""));
      source += { z: "([-+\u2212MmPp]?\\d+(?:[.,pP]\\d+)?)", c: "(.+?)", t: "(\\d+)" }[letter];
    }
  }
  if (axes.length === 0)
    throw wrong(pattern, `The pattern "${pattern}" has no {z}, which stands for the number of the plane`);
  if (wildcards > maxWildcards) throw wrong(pattern, `The pattern "${pattern}" has more than ${maxWildcards} {*}`);
  return { expression: new RegExp(`^${source}$`, "iu"), axes, units };
}

function wrong(pattern: string, what: string): ParfocalError<"usage"> {
  return new ParfocalError(
    "usage",
    `${what}; give \`pattern <file name with {z}, {c}, {t} and {*}>\`: {z} is the number of the plane, {c} of the channel, {t} of the time, {*} anything.`,
    { option: "pattern", got: pattern, expected: "a file name with {z}, {c}, {t} or {*} in place of what varies" },
  );
}
