/** Options of the command line from a schema: snake_case keys become kebab-case flags with the same help and defaults. */
import { type Command, Option } from "commander";
import { z } from "zod";
import { kebab } from "./flags.ts";
import { finiteNumber } from "./option-values.ts";

/** What zod's JSON Schema says about one key, as far as flags need it. */
interface KeySchema {
  type?: string;
  description?: string;
  default?: unknown;
  /** Of a key whose default depends on the data. */
  default_in_words?: string;
  enum?: readonly string[];
  const?: string;
  prefixItems?: readonly KeySchema[];
  items?: KeySchema;
}

/** Keys that a flag can hold: numbers, words, switches, and lists of numbers or words. */
function keysOf(schema: z.ZodType): [string, KeySchema][] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" }) as { properties?: Record<string, KeySchema> };
  return Object.entries(properties).filter(([, key]) => key.type !== "object");
}

const camel = (key: string) => key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** Adds one flag for every key of an object schema. Limits are checked with the whole, by the schema. */
export function addSchemaOptions(command: Command, schema: z.ZodType): void {
  for (const [key, part] of keysOf(schema)) {
    const help = part.description ?? "";
    const standard = part.default_in_words ?? (part.default === undefined ? undefined : write(part.default));
    const shown = standard === undefined ? help : `${help} (default: ${standard})`;
    if (part.type === "boolean") {
      command.addOption(new Option(`--${kebab(key)}`, shown)).addOption(new Option(`--no-${kebab(key)}`).hideHelp());
    } else {
      command.addOption(
        new Option(`--${kebab(key)} ${placeholder(part)}`, shown).argParser((text) => read(text, part)),
      );
    }
  }
}

/** The values of the flags that were given, under the schema's keys. */
export function schemaValues(schema: z.ZodType, options: object): Record<string, unknown> {
  const given = new Map<string, unknown>(Object.entries(options));
  return Object.fromEntries(
    keysOf(schema).flatMap(([key]) => (given.get(camel(key)) === undefined ? [] : [[key, given.get(camel(key))]])),
  );
}

function placeholder({ type, prefixItems, enum: words, const: only }: KeySchema): string {
  if (only !== undefined) return `<${only}>`;
  if (prefixItems) return "<low:high>";
  if (type === "array") return "<list>";
  if (words) return `<${words.join("|")}>`;
  return type === "integer" ? "<n>" : type === "number" ? "<number>" : "<text>";
}

function read(text: string, part: KeySchema): unknown {
  if (part.type === "array") {
    const separator = part.prefixItems ? /[:,]/ : ",";
    return text.split(separator).map((one) => read(one, part.prefixItems?.[0] ?? part.items ?? {}));
  }
  return part.type === "number" || part.type === "integer" ? finiteNumber(text) : text;
}

function write(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.every((one) => typeof one === "number") ? value.join(":") : value.join(",");
}
