/** Flags from the schema of a task's options: snake_case keys become kebab-case flags with the same help and defaults. */
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import type { OptionMeta, TaskOptions } from "../tasks/task.ts";
import { kebab } from "./flags.ts";
import { finiteNumber, keyAndValue, numberOf, rangeOrList } from "./option-values.ts";

/** What zod's JSON Schema says about one key, as far as flags need it. */
export interface KeySchema extends OptionMeta {
  type?: string;
  default?: unknown;
  enum?: readonly (string | number)[];
  const?: string | number;
  anyOf?: readonly KeySchema[];
  prefixItems?: readonly KeySchema[];
  items?: KeySchema;
  minItems?: number;
  maxItems?: number;
  /** JSON has no infinity: null is none. */
  minimum?: number | null;
  exclusiveMinimum?: number | null;
}

/** Keys of a schema that flags or arguments can hold, in their order; objects with keys of their own are for files. */
export function keysOf(schema: TaskOptions): [name: string, key: KeySchema, required: boolean][] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const { properties = {}, required = [] } = json as { properties?: Record<string, KeySchema>; required?: string[] };
  return Object.entries(properties)
    .filter(([, key]) => key.type !== "object" || isRecord(key))
    .map(([name, key]) => [name, key, required.includes(name)]);
}

const isRecord = (key: KeySchema): boolean =>
  key.type === "object" && "additionalProperties" in key && !("properties" in key);

const camel = (key: string) => key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/**
 * Adds an argument or a flag for every key. Limits are checked with the whole, by the schema.
 * @param own whether also those that are for one choice of another option only; default true
 */
export function addTaskFlags(command: Command, schema: TaskOptions, { own = true } = {}): void {
  const positional = keysOf(schema).filter(([, key]) => key.positional);
  for (const [name, key, required] of positional) {
    const word = `${kebab(name)}${key.type === "array" ? "..." : ""}`;
    command.addArgument(new Argument(required ? `<${word}>` : `[${word}]`, key.description));
  }
  for (const [name, key, required] of keysOf(schema)) {
    if (!key.positional && (own || !key.own))
      for (const option of optionsOf(name, key, required)) command.addOption(option);
  }
}

function optionsOf(name: string, key: KeySchema, required: boolean): Option[] {
  const flag = `--${kebab(name)}`;
  const help = helpOf(key, required);
  const grouped = (option: Option): Option => (key.group === undefined ? option : option.helpGroup(`${key.group}:`));
  if (key.type === "boolean") {
    const onByDefault = key.default === true || key.on_by_default === true;
    // A switch that is on by default is there to be turned off.
    const on = new Option(flag, help);
    const off = new Option(`--no-${kebab(name)}`, key.off ?? `do not ${key.description ?? ""}`);
    // The positive flag first: commander takes a negative one alone for a switch that is on.
    return [grouped(on).hideHelp(onByDefault), grouped(off).hideHelp(!onByDefault)];
  }
  const short = key.short === undefined ? "" : `-${key.short}, `;
  const option = new Option(`${short}${flag} <${placeholderOf(key)}>`, help).argParser((text, before: unknown) =>
    readInto(text, before, key),
  );
  return [grouped(required ? option.makeOptionMandatory() : option)];
}

function helpOf(key: KeySchema, required: boolean): string {
  const { description = "", unit, default_in_words: words } = key;
  const standard = words ?? (key.default === undefined || key.type === "boolean" ? undefined : written(key.default));
  const withUnit =
    unit === undefined || new RegExp(`\\b${unit}\\b`).test(description) ? description : `${description}, ${unit}`;
  const unnamed = key.enum?.some((word) => !description.includes(String(word)));
  const choices =
    unnamed && key.placeholder === undefined && placeholderOf(key) === "name" ? `: ${key.enum?.join(", ")}` : "";
  const end = required ? " (required)" : standard === undefined ? "" : ` (default: ${standard})`;
  return `${withUnit}${choices}${end}`;
}

function written(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.every((one) => typeof one === "number") ? value.join(":") : value.join(",");
}

/** Choices are named in the placeholder up to this length; longer ones leave too little space for the descriptions. */
const maxChoicesLength = 22;

/** Units that a description ends with, or that a comma separates from the rest. */
const unitPattern = /, (um|pixels|minutes|electrons|degrees|GiB)(?=[,;]| \(|$)/;

function placeholderOf(key: KeySchema): string {
  const { placeholder, enum: words, unit = unitPattern.exec(key.description ?? "")?.[1] } = key;
  if (placeholder !== undefined) return placeholder;
  if (key.const !== undefined) return String(key.const);
  if (words) return words.join("|").length > maxChoicesLength ? "name" : words.join("|");
  if (key.prefixItems) return "low:high";
  if (isRecord(key)) return "key=value";
  if (key.type === "array") return "list";
  if (unit !== undefined) return unit;
  return key.type === "integer" ? "n" : key.type === "number" ? "number" : "text";
}

/** One more value of a flag; lists of paths and keys with values grow with every time that the flag is given. */
function readInto(text: string, before: unknown, key: KeySchema): unknown {
  if (isRecord(key)) return { ...(before as object | undefined), ...Object.fromEntries([keyAndValue(text)]) };
  const list = key.type === "array" && key.items?.type === "string" && key.role !== undefined;
  if (list) return [...((before as string[] | undefined) ?? []), text];
  return read(text, key);
}

function read(text: string, key: KeySchema): unknown {
  if (key.anyOf) {
    const word = key.anyOf.find((one) => one.const === text || one.enum?.includes(text));
    if (word) return text;
    const [other] = key.anyOf.filter((one) => one.const === undefined && one.enum === undefined);
    return other ? read(text, other) : text;
  }
  if (key.range) return rangeOrList(text);
  if (key.type === "array" || key.prefixItems) {
    const separator = key.prefixItems ? /[:,]/ : ",";
    return text.split(separator).map((one, i) => read(one, key.prefixItems?.[i] ?? key.items ?? {}));
  }
  if (key.type === "integer" || key.type === "number") return limited(text, key);
  if (key.enum && !key.enum.includes(text)) {
    const words = key.enum.map(String);
    throw new InvalidArgumentError(
      `Expected ${words.slice(0, -1).join(", ")}${words.length > 1 ? " or " : ""}${words.at(-1)}.`,
    );
  }
  return text;
}

function limited(text: string, { type, minimum, exclusiveMinimum }: KeySchema): number {
  // Text that is no number is no whole number either, and the message says so.
  const value = type === "integer" ? numberOf(text) : finiteNumber(text);
  const low = typeof minimum === "number" && minimum > -1e15 ? minimum : undefined;
  if (type === "integer" && !Number.isInteger(value)) {
    throw new InvalidArgumentError(`Expected a whole number${low === undefined ? "" : `, ${low} or more`}.`);
  }
  if (low !== undefined && value < low) {
    throw new InvalidArgumentError(`Expected a ${type === "integer" ? "whole " : ""}number, ${low} or more.`);
  }
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) {
    throw new InvalidArgumentError(`Expected a number above ${exclusiveMinimum}.`);
  }
  // -0 is 0.
  return value || 0;
}

/** The options that were given, under the keys of the schema. */
export function givenOptions(command: Command, schema: TaskOptions): Record<string, unknown> {
  const flags = command.opts<Record<string, unknown>>();
  const positional = keysOf(schema).filter(([, key]) => key.positional);
  const entries = keysOf(schema).flatMap(([name, key]): [string, unknown][] => {
    const place = positional.findIndex(([other]) => other === name);
    const value = key.positional ? command.processedArgs[place] : flags[camel(name)];
    const empty = value === undefined || (Array.isArray(value) && value.length === 0);
    return empty ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}
