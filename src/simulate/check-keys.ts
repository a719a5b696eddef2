/** Checks plain data against a schema and reports the first mistake in one sentence. */
import type { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { nearestKey } from "./nearest-key.ts";

/**
 * The data with defaults filled in.
 * @param where name of the data in messages, such as "Recipe my.yaml"
 * @param within the path of the data in the recipe: "images.target.optics"
 * @throws `usage` naming the first wrong key with its path, the given value, and what is expected
 */
export function parseChecked<S extends z.ZodType>(schema: S, data: unknown, where: string, within = ""): z.output<S> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue.path.map(String);
  const at = (more: readonly string[]): string => [...(within ? [within] : []), ...more].join(".");
  if (issue.code === "unrecognized_keys") {
    throw unknownKey(where, at(path), issue.keys[0], keysAt(schema, data, path));
  }
  const option = at(path) || "the value";
  const got = path.reduce<unknown>(ownValue, data);
  const given = got === undefined ? "missing" : JSON.stringify(got);
  const expected = issue.code === "invalid_union" ? `one of ${wordsOf(schema, path).join(", ")}` : issue.message;
  const near = typeof got === "string" ? nearestKey(got, wordsOf(schema, path)) : undefined;
  const advice = `${expected}${near === undefined ? "" : `; did you mean ${near}?`}`;
  const message = `${where}: ${option} is ${given}: ${advice}${advice.endsWith("?") ? "" : "."}`;
  throw new ParfocalError("usage", message, { option, got, expected });
}

/** The value of an own key; undefined for inherited names such as "constructor". */
function ownValue(holder: unknown, key: string): unknown {
  const held = holder !== null && typeof holder === "object" && Object.hasOwn(holder, key);
  return held ? (holder as Record<string, unknown>)[key] : undefined;
}

/** The error for an unknown key. @param within path of the object that holds it, "" for the recipe itself */
function unknownKey(where: string, within: string, key: string, known: readonly string[]): ParfocalError {
  const near = nearestKey(key, known);
  const place = within === "" ? key : `${within}.${key}`;
  const advice = near === undefined ? "." : `; did you mean ${near}?`;
  const expected = `one of ${known.join(", ")}`;
  const message = `${where}: there is no key ${place}${advice} The known keys are ${known.join(", ")}.`;
  return new ParfocalError("usage", message, { option: place, got: key, expected });
}

interface Def {
  type: string;
  shape?: Record<string, z.ZodType>;
  innerType?: z.ZodType;
  in?: z.ZodType;
  valueType?: z.ZodType;
  element?: z.ZodType;
  options?: readonly z.ZodType[];
  discriminator?: string;
  entries?: Record<string, string>;
}

const defOf = (schema: z.ZodType): Def => schema.def as unknown as Def;

/** The schema without its wrappers (defaults, optional, refinements); of a union, the member that `data` selects. */
function bare(schema: z.ZodType, data: unknown): z.ZodType {
  const def = defOf(schema);
  if (def.innerType) return bare(def.innerType, data);
  if (def.type === "pipe" && def.in) return bare(def.in, data);
  if (def.type === "union" && def.options && def.discriminator !== undefined) {
    const chosen = ownValue(data, def.discriminator);
    const name = def.discriminator;
    const member = def.options.find((one) => literalsOf(defOf(one).shape?.[name]).includes(String(chosen)));
    return member === undefined ? schema : bare(member, data);
  }
  return schema;
}

function literalsOf(schema: z.ZodType | undefined): string[] {
  if (schema === undefined) return [];
  const def = schema.def as unknown as { type: string; values?: readonly unknown[]; innerType?: z.ZodType };
  if (def.innerType) return literalsOf(def.innerType);
  return def.type === "literal" ? (def.values ?? []).map(String) : [];
}

/** The schema at a path. */
function schemaAt(schema: z.ZodType, data: unknown, path: readonly string[]): z.ZodType | undefined {
  let here: z.ZodType | undefined = schema;
  let value = data;
  for (const key of path) {
    if (here === undefined) return undefined;
    const def: Def = defOf(bare(here, value));
    here = (ownValue(def.shape, key) as z.ZodType | undefined) ?? def.valueType ?? def.element;
    value = ownValue(value, key);
  }
  return here === undefined ? undefined : bare(here, value);
}

/** The keys that an object at a path may have. */
function keysAt(schema: z.ZodType, data: unknown, path: readonly string[]): string[] {
  const found = schemaAt(schema, data, path);
  return found === undefined ? [] : Object.keys(defOf(found).shape ?? {});
}

/**
 * The allowed words at a path: members of an enum, or values of the discriminator of a union (the last key of the
 * path).
 */
function wordsOf(schema: z.ZodType, path: readonly string[]): string[] {
  const found = schemaAt(schema, undefined, path);
  if (found !== undefined && defOf(found).entries) return Object.values(defOf(found).entries ?? {});
  const holder = schemaAt(schema, undefined, path.slice(0, -1));
  const { options = [], discriminator } = holder === undefined ? ({ type: "" } as Def) : defOf(holder);
  if (discriminator === undefined) return [];
  return options.flatMap((one) => literalsOf(defOf(one).shape?.[discriminator]));
}
