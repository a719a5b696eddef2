/** Finds from the file names which file of a folder is which plane. */
import { ParfocalError } from "../errors.ts";
import { spacingOf } from "./even-spacing.ts";
import { type FolderAxes, folderAxes } from "./folder-axes.ts";
import { guessedOrder } from "./folder-errors.ts";
import type { NameField } from "./name-field.ts";
import { matchNames } from "./name-pattern.ts";
import { schemeFields } from "./name-schemes.ts";
import { isChannelName } from "./name-words.ts";
import { splitNames } from "./split-names.ts";
import { micrometresPer } from "./units.ts";

/** A file and the indices of its plane, from 0. */
export interface FolderPlane {
  file: string;
  time: number;
  channel: number;
  z: number;
  /** The number of the plane in the name. */
  value?: number;
}

export interface FolderOrder {
  /** How the names were understood, one sentence for each axis. */
  rule: string;
  /** Sorted by time, then channel, then z; their number is the product of `sizes`. */
  planes: readonly FolderPlane[];
  sizes: { T: number; C: number; Z: number };
  channelNames?: readonly string[];
  /** um; known if the names give evenly spaced heights with a unit. */
  zStep?: number;
  /** Numbers of planes that are missing between the first and the last; at most 1000 are listed. */
  missing: readonly number[];
  /** Sentences for the user. */
  warnings: readonly string[];
}

export interface FolderOptions {
  /** Of file names; only files that match are taken. See `matchNames`. */
  pattern?: string | undefined;
  /** "ZYX": the axes of the numbers that vary in the names, in their order, and YX. */
  axes?: string | undefined;
}

/**
 * Finds the order of planes from all names together. The work grows linearly with the number of names.
 * @param names of image files, in any order
 * @throws usage if the order would be a guess or several positions are mixed; image.unfit if planes are duplicated or
 * missing
 */
export function orderFolder(names: readonly string[], path: string, options: FolderOptions = {}): FolderOrder {
  const sorted = [...names].sort();
  const { pattern } = options;
  const chosen = pattern === undefined ? { names: sorted } : matchNames(sorted, pattern, path);
  const files = chosen.names;
  if (files.length === 1) {
    const planes = [{ file: files[0], time: 0, channel: 0, z: 0 }];
    return { rule: "There is one file.", planes, sizes: { T: 1, C: 1, Z: 1 }, missing: [], warnings: [] };
  }
  const fields = "fields" in chosen ? chosen.fields : (schemeFields(files) ?? splitNames(files, path));
  const axes = folderAxes(fields, files, path, pattern === undefined ? options.axes : undefined);
  return arrange(files, axes, path);
}

interface Levels {
  /** The values that occur, sorted. */
  values: (number | string)[];
  /** One index for each file. */
  indices: number[];
}

function levelsOf(field: NameField | undefined, count: number): Levels {
  if (!field) return { values: [0], indices: Array<number>(count).fill(0) };
  const values = [...new Set(field.values)].sort((a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : a < b ? -1 : 1,
  );
  const at = new Map(values.map((value, i) => [value, i]));
  return { values, indices: field.values.map((value) => at.get(value) as number) };
}

function arrange(files: readonly string[], axes: FolderAxes, path: string): FolderOrder {
  const [t, c, z] = [axes.T, axes.C, axes.Z].map((field) => levelsOf(field, files.length));
  const sizes = { T: t.values.length, C: c.values.length, Z: z.values.length };
  const place = (i: number) => (t.indices[i] * sizes.C + c.indices[i]) * sizes.Z + z.indices[i];
  const taken = new Map<number, number>();
  for (const [i, file] of files.entries()) {
    const other = taken.get(place(i));
    if (other !== undefined) throw twice(path, files[other], file, axes);
    taken.set(place(i), i);
  }
  const names = channelNames(axes, c);
  if (sizes.T * sizes.C * sizes.Z > files.length) throw lacking(path, files.length, taken, { t, c, z }, names);
  const planes = files
    .map((file, i): FolderPlane => {
      const value = axes.Z && z.values[z.indices[i]];
      const indices = { time: t.indices[i], channel: c.indices[i], z: z.indices[i] };
      return { file, ...indices, ...(typeof value === "number" && { value }) };
    })
    .sort((a, b) => a.time - b.time || a.channel - b.channel || a.z - b.z);
  const heights = axes.Z ? heightsOf(axes.Z, z.values as number[]) : { missing: [], warnings: [] };
  const times = axes.T ? spacingOf(t.values as number[]) : undefined;
  const warnings = [...heights.warnings];
  if (times && times.missingCount > 0) {
    warnings.push(`Time points are missing: ${listed(times.missing, times.missingCount)}.`);
  }
  for (const field of axes.unused) {
    warnings.push(`The names also differ in ${field.label}, which is not used.`);
  }
  return {
    rule: ruleOf(axes, { t, c, z }, names),
    planes,
    sizes,
    ...(names && { channelNames: names }),
    ...(heights.zStep !== undefined && { zStep: heights.zStep }),
    missing: heights.missing,
    warnings,
  };
}

/** Names for the channels, if words or wavelengths give them. */
function channelNames({ C, channelWords }: FolderAxes, { values, indices }: Levels): string[] | undefined {
  if (!C) return undefined;
  const names = values.map((value) => {
    if (typeof value === "string") return value;
    if (C.unit !== undefined) return `${value} ${C.unit}`;
    return C.word !== undefined && isChannelName(`${C.word}${value}`) ? `${C.word}${value}` : "";
  });
  if (channelWords) for (const [i, channel] of indices.entries()) names[channel] = String(channelWords.values[i]);
  return names.every((name) => name === "") ? undefined : names;
}

function heightsOf(field: NameField, values: number[]): Pick<FolderOrder, "zStep" | "missing" | "warnings"> {
  if (values.length < 2) return { missing: [], warnings: [] };
  const { step, missing, missingCount } = spacingOf(values);
  const unit = field.unit === undefined ? "" : ` ${field.unit}`;
  const factor = micrometresPer(field.unit);
  if (step === undefined) {
    const shown = `${values.slice(0, 5).join(", ")}${values.length > 5 ? ", ..." : ""}${unit}`;
    const so = factor === undefined ? "planes may be missing" : "no z step is taken from their names";
    return { missing, warnings: [`By their names, the planes are not evenly spaced (${shown}): ${so}.`] };
  }
  const gap =
    missingCount === 0
      ? []
      : [
          `${missingCount === 1 ? "A plane is" : `${missingCount} planes are`} missing: ${listed(missing, missingCount)}${unit}, ` +
            `where the names go from ${values[0]} to ${values[values.length - 1]}${unit} in steps of ${step}; the planes on both sides of a gap are read as neighbours.`,
        ];
  return { missing, warnings: gap, ...(factor !== undefined && { zStep: Number((step * factor).toPrecision(9)) }) };
}

function listed(values: readonly number[], count: number): string {
  return `${values.slice(0, 10).join(", ")}${count > 10 ? `, ... (${count} in all)` : ""}`;
}

function ruleOf(axes: FolderAxes, levels: { t: Levels; c: Levels; z: Levels }, names: string[] | undefined): string {
  const range = ({ values }: Levels, unit = "") =>
    values.length === 1 || typeof values[0] === "string" ? "" : `, ${values[0]} to ${values[values.length - 1]}${unit}`;
  const sentences: string[] = [];
  if (axes.Z) {
    sentences.push(
      `Planes are ordered by ${axes.Z.label}${range(levels.z, axes.Z.unit === undefined ? "" : ` ${axes.Z.unit}`)}.`,
    );
  }
  if (axes.C) {
    const listed = names && !axes.C.label.startsWith("the words");
    const which = listed ? `: ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", ..." : ""}` : range(levels.c);
    sentences.push(`Channels are given by ${axes.C.label}${which}.`);
  }
  if (axes.T) sentences.push(`Time points are given by ${axes.T.label}${range(levels.t)}.`);
  return sentences.join(" ");
}

function twice(path: string, first: string, second: string, { Z, C, T }: FolderAxes): ParfocalError {
  if (!Z && !C && !T) {
    return guessedOrder(path, `no number distinguishes ${first} from ${second}`);
  }
  return new ParfocalError(
    "image.unfit",
    `${path}: by their names, ${first} and ${second} are the same plane; remove one of them, or say which files are meant with \`pattern <file name with {z}, {c}, {t} and {*}>\`.`,
    { path, detail: `${first} and ${second} are the same plane` },
  );
}

/** Describes the planes that have no file by the first few of them. */
function lacking(
  path: string,
  count: number,
  taken: ReadonlyMap<number, number>,
  { t, c, z }: { t: Levels; c: Levels; z: Levels },
  names: readonly string[] | undefined,
): ParfocalError<"image.unfit"> {
  const [T, C, Z] = [t, c, z].map(({ values }) => values.length);
  const shown: string[] = [];
  for (let place = 0; shown.length < 5 && place < T * C * Z; place++) {
    if (taken.has(place)) continue;
    const channel = Math.floor(place / Z) % C;
    const called = names?.[channel] || c.values[channel];
    shown.push(
      [
        ...(C > 1 ? [`channel ${called}`] : []),
        ...(T > 1 ? [`time ${t.values[Math.floor(place / Z / C)]}`] : []),
        ...(Z > 1 ? [`plane ${z.values[place % Z]}`] : []),
      ].join(" "),
    );
  }
  const lack = T * C * Z - count;
  const sizes = [
    ...(T > 1 ? [`${T} time points`] : []),
    ...(C > 1 ? [`${C} channels`] : []),
    ...(Z > 1 ? [`${Z} planes`] : []),
  ];
  const detail = `no file for ${shown.join("; ")}${lack > shown.length ? `; and ${lack - shown.length} more` : ""}`;
  return new ParfocalError(
    "image.unfit",
    `${path}: ${sizes.join(" x ")} need ${T * C * Z} files, but there are ${count}: ${detail}; add what is missing, or say which files are meant with \`pattern <file name with {z}, {c}, {t} and {*}>\`.`,
    { path, detail },
  );
}
