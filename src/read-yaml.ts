/**
 * Reads YAML and JSON that users wrote: recipes, configurations, descriptions of models. All of them have the same
 * limits.
 */
import { isScalar, parseDocument, visit } from "yaml";
import { ParfocalError } from "./errors.ts";

/** Far above any recipe or configuration. For some texts, the time of the parser grows faster than their length. */
const maxCharacters = 2 ** 19;
/** Limit in one line for the characters that open lists, mappings, anchors and tags. */
const maxOpeners = 300;
/**
 * Limit for "? key: value", which is not needed here: 300 nested ones keep the parser (yaml 2.9) busy for 10 s, 1000
 * for hours.
 */
const maxExplicitKeys = 8;
/** Limit for the nesting of the text: the parser is recursive, and a stack overflow can end the process. */
const maxOpen = 200;
/** Limit for the nesting of the values. */
const maxDepth = 50;

/**
 * The content of the text as plain data, without circular references, at most 50 levels deep, and without duplicate
 * keys.
 * @param path the name of the text in messages
 * @throws file.corrupt for text that is not YAML, that refers to itself, or that is too large
 */
export function readYaml(text: string, path: string): unknown {
  try {
    refuseTooMuch(text);
    return withoutStacks(() => dataOf(text));
  } catch (cause) {
    const detail = (cause as Error).message.split("\n")[0].replace(/[.:]$/, "");
    const message = `${path} cannot be read as YAML: ${detail}; correct the file, or write it again.`;
    throw new ParfocalError("file.corrupt", message, { path, detail }, { cause });
  }
}

function dataOf(text: string): unknown {
  // The parser would print its warnings to the terminal. Duplicate keys are found below, because the parser compares
  // each key with all others.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: "error" });
  for (const { message, pos } of document.errors) throw new Error(`${message} (${placeOf(text, pos[0])})`);
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          const place = placeOf(text, key.range?.[0] ?? 0);
          throw new Error(`the key ${String(key.value)} occurs twice in one mapping (${place})`);
        }
        seen.add(key.value);
      }
    },
  });
  const value: unknown = document.toJS();
  checkDepth(value, 0);
  return value;
}

/**
 * The parser creates an error with a stack trace for every fault: a megabyte of quotation marks took more than a
 * minute.
 */
function withoutStacks<T>(work: () => T): T {
  // This property is not in the standard, but V8 and WebKit have it.
  const errors = Error as { stackTraceLimit?: number | undefined };
  const { stackTraceLimit } = errors;
  errors.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    errors.stackTraceLimit = stackTraceLimit;
  }
}

function placeOf(text: string, at: number): string {
  const before = text.slice(0, at);
  return `line ${before.split("\n").length}, column ${at - before.lastIndexOf("\n")}`;
}

function refuseTooMuch(text: string): void {
  if (text.length > maxCharacters) {
    throw new Error(`it has ${text.length} characters, and at most ${maxCharacters} are read`);
  }
  let openers = 0;
  let explicitKeys = 0;
  let comment = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "\n") {
      openers = 0;
      comment = false;
    } else if (character === "#" && /\s/.test(text[i - 1] ?? " ")) comment = true;
    if (comment || !"?&!*[{".includes(character)) continue;
    if (++openers > maxOpeners) throw new Error(`a line has more than ${maxOpeners} of the characters ? & ! * [ {`);
    const explicit = character === "?" && /[\s,[{]/.test(text[i - 1] ?? " ") && /\s/.test(text[i + 1] ?? " ");
    if (explicit && ++explicitKeys > maxExplicitKeys) {
      throw new Error(`it has more than ${maxExplicitKeys} keys written as "? key"`);
    }
  }
  if (isDeep(text)) throw new Error("it is nested too deeply");
}

/**
 * Counts brackets that are open at once, and indentation and dashes at the start of a line. Brackets in words count,
 * too.
 */
function isDeep(text: string): boolean {
  let open = 0;
  for (const letter of text) {
    if (letter === "[" || letter === "{") open++;
    else if (letter === "]" || letter === "}") open = Math.max(0, open - 1);
    if (open > maxOpen) return true;
  }
  return new RegExp(`^[ \\t?-]{${2 * maxOpen},}`, "m").test(text);
}

/** An alias inside its own value would be nested without end. */
function checkDepth(value: unknown, depth: number): void {
  if (value === null || typeof value !== "object") return;
  if (depth >= maxDepth)
    throw new Error(`a value contains itself (such as "a: &a [*a]"), or is nested more than ${maxDepth} levels deep`);
  for (const part of Object.values(value)) checkDepth(part, depth + 1);
}
