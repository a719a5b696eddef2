/** Decides which of the fields in file names are z, channel and time, or reports that it cannot be decided. */
import { ParfocalError } from "../errors.ts";
import { spacingOf } from "./even-spacing.ts";
import { guessedOrder } from "./folder-errors.ts";
import type { FieldAxis, NameField } from "./name-field.ts";
import { stemOf } from "./split-names.ts";

export interface FolderAxes {
  Z?: NameField;
  C?: NameField;
  T?: NameField;
  /** Words that go with the numbers of channels ("w1DAPI"). */
  channelWords?: NameField;
  /** Fields that vary and are not needed to tell the planes apart. */
  unused: NameField[];
}

/**
 * @param fields what varies, in the order of the names
 * @param files the names, for messages
 * @param axes "ZYX": the axes of the fields in their order, and YX
 * @throws usage if the decision would be a guess, or if several positions are mixed
 */
export function folderAxes(
  fields: readonly NameField[],
  files: readonly string[],
  path: string,
  axes: string | undefined,
): FolderAxes {
  if (axes !== undefined) return axesAsGiven(fields, path, axes);
  const of = (axis: FieldAxis) => fields.filter((field) => field.axis === axis);
  const channels = of("C");
  const Z = oneOf(of("Z"), path);
  const T = oneOf(of("T"), path);
  const C = oneOf(channels, path);
  const channelWords = channels.find((field) => field !== C && typeof field.values[0] === "string");
  const known = [Z, C, T].filter((field) => field !== undefined);
  const found = {
    ...(Z && { Z }),
    ...(C && { C }),
    ...(T && { T }),
    ...(channelWords && { channelWords }),
    unused: [],
  };
  const positions = [...of("P"), ...(known.length > 0 ? of("p") : [])];
  if (positions.length > 0) throw severalPositions(positions, path);
  const unknown = [...of("?"), ...of("p")];
  if (unknown.length === 0) return found;
  if (known.length > 0 && tellApart(known, files.length)) return { ...found, unused: unknown };
  const words = unknown.filter(({ values }) => typeof values[0] === "string");
  if (words.length > 0) throw guessedOrder(path, oddOnes(files) ?? differ(words));
  const numbers = known.filter((field) => typeof field.values[0] === "number").concat(unknown);
  const only = unknown[0];
  if (numbers.length === 1 && only.axis === "p") {
    throw guessedOrder(path, `${only.label} may count planes or positions`);
  }
  if (numbers.length === 1) return { ...found, Z: { ...only, label: onlyNumber(only) } };
  if (known.length === 0 && unknown.every(({ axis }) => axis === "?") && riseTogether(unknown)) {
    // An index in steps of 1 is distinguished from times and other numbers that rise with it.
    const step = ({ values }: NameField) => spacingOf((values as number[]).toSorted((a, b) => a - b)).step;
    const chosen =
      unknown.find((field) => step(field) === 1) ?? unknown.find((field) => step(field) !== undefined) ?? only;
    return { Z: chosen, unused: unknown.filter((field) => field !== chosen) };
  }
  throw guessedOrder(path, differ(numbers));
}

function onlyNumber({ label }: NameField): string {
  return label.includes('"')
    ? `the only number that varies (${label.replace("the number ", "")})`
    : "the only number that varies";
}

function differ(fields: readonly NameField[]): string {
  const shown = fields.map(({ label, values }) => {
    const distinct = new Set(values);
    return typeof values[0] === "number" ? `${label} (${distinct.size} values)` : label;
  });
  return `the names differ in ${shown.join(" and ")}, and nothing says what that means`;
}

/** Names that are written unlike most others: an overview, or a copy, among planes. */
function oddOnes(files: readonly string[]): string | undefined {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const key = stemOf(file).replace(/\d+/g, "#").toLowerCase();
    const group = groups.get(key);
    if (group) group.push(file);
    else groups.set(key, [file]);
  }
  const [largest, ...others] = [...groups.values()].sort((a, b) => b.length - a.length);
  const odd = others.flat();
  if (odd.length === 0 || largest.length < 2 * odd.length) return undefined;
  const shown = `${odd.slice(0, 3).join(", ")}${odd.length > 3 ? `, ... (${odd.length} in all)` : ""}`;
  return `most names are like ${largest[0]}, but not ${shown}`;
}

/** Two fields of the same axis, such as the index and the height of a plane, must agree. */
function oneOf(fields: readonly NameField[], path: string): NameField | undefined {
  if (fields.length < 2) return fields[0];
  const chosen =
    fields.find(({ unit }) => unit !== undefined) ??
    fields.find(({ values }) => typeof values[0] === "number") ??
    fields[0];
  for (const field of fields) {
    const there = new Map<number | string, number | string>();
    const back = new Map<number | string, number | string>();
    for (const [i, value] of chosen.values.entries()) {
      const other = field.values[i];
      if ((there.get(value) ?? other) !== other || (back.get(other) ?? value) !== value) {
        throw guessedOrder(path, `both ${chosen.label} and ${field.label} may be meant`);
      }
      there.set(value, other);
      back.set(other, value);
    }
  }
  return chosen;
}

/** Whether no two files have the same values. */
function tellApart(fields: readonly NameField[], count: number): boolean {
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) seen.add(fields.map(({ values }) => values[i]).join("\n"));
  return seen.size === count;
}

/** Whether all numbers rise together, so that each gives the same order. */
function riseTogether(fields: readonly NameField[]): boolean {
  const numbers = fields.map(({ values }) => values as readonly number[]);
  const order = [...numbers[0].keys()].sort((a, b) => numbers[0][a] - numbers[0][b]);
  return numbers.every((values) => order.every((at, i) => i === 0 || values[order[i - 1]] < values[at]));
}

function axesAsGiven(fields: readonly NameField[], path: string, axes: string): FolderAxes {
  const letters = [...axes.slice(0, -2)];
  const varying = fields.map(({ label }) => label).join(", ") || "none";
  if (letters.length !== fields.length) {
    throw new ParfocalError(
      "usage",
      `${path}: \`axes ${axes}\` has letters for ${letters.length} parts of the file names, but ${fields.length} parts vary: ${varying}; give one letter for each of them in this order and then YX, or say what the names mean with \`pattern <file name with {z}, {c}, {t} and {*}>\`.`,
      { option: "axes", got: axes, expected: `${fields.length} letters out of T, C and Z, and YX` },
    );
  }
  const found: FolderAxes = { unused: [] };
  for (const [i, letter] of letters.entries()) {
    if (letter !== "C" && typeof fields[i].values[0] !== "number") {
      throw guessedOrder(path, `\`axes ${axes}\` calls ${fields[i].label} ${letter}, but they are not numbers`);
    }
    found[letter as "Z" | "C" | "T"] = fields[i];
  }
  return found;
}

function severalPositions(fields: readonly NameField[], path: string): ParfocalError<"usage"> {
  const { label, values } = fields[0];
  const distinct = [...new Set(values)].sort((a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : a < b ? -1 : 1,
  );
  const shown = `${distinct.slice(0, 8).join(", ")}${distinct.length > 8 ? ", ..." : ""}`;
  return new ParfocalError(
    "usage",
    `${path} holds ${distinct.length} positions by ${label}: ${shown}; choose the files of one with \`pattern <file name of one position with {z}, {c}, {t} and {*}>\`, or give each position a folder of its own.`,
    { option: "pattern", got: shown, expected: "the files of one position" },
  );
}
