/** YAML and JSON texts of users: recipes, configurations, descriptions of models. One function, so that all are read with the same care. */
import { isScalar, parseDocument, visit } from "yaml";
import { ParfocalError } from "./errors.ts";

/** Far beyond any recipe or configuration; the parser's time grows faster than the text for some texts. */
const maxCharacters = 2 ** 19;
/** In one line, of the characters that open lists, mappings, anchors and tags. */
const maxOpeners = 300;
/** Of "? key: value", which nobody needs here: 300 inside each other keep the parser (yaml 2.9) busy for 10 s, 1000 for hours. */
const maxExplicitKeys = 8;
/** Of the text: the parser recurses, and out of stack it can end the process. */
const maxOpen = 200;
/** Of the values. */
const maxDepth = 50;

/**
 * What the text says as plain data, not checked any further: no circles, at most 50 levels deep, no key twice.
 * @param path what messages call it
 * @throws file.corrupt for text that is no YAML, that refers to itself, or that is too large
 */
export function readYaml(text: string, path: string): unknown {
  try {
    refuseTooMuch(text);
    return withoutStacks(() => dataOf(text));
  } catch (cause) {
    const detail = (cause as Error).message.split("\n")[0].replace(/[.:]$/, "");
    const message = `${path} cannot be read as YAML: ${detail}; mend it there, or write it anew.`;
    throw new ParfocalError("file.corrupt", message, { path, detail }, { cause });
  }
}

function dataOf(text: string): unknown {
  // Its warnings would go to the terminal by themselves. Keys that stand twice are looked for below: the parser compares each with all others.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: "error" });
  for (const { message, pos } of document.errors) throw new Error(`${message} (${placeOf(text, pos[0])})`);
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          const place = placeOf(text, key.range?.[0] ?? 0);
          throw new Error(`the key ${String(key.value)} stands twice in one mapping (${place})`);
        }
        seen.add(key.value);
      }
    },
  });
  const value: unknown = document.toJS();
  checkDepth(value, 0);
  return value;
}

/** The parser makes an error with a stack for every fault: a megabyte of quotation marks took more than a minute. */
function withoutStacks<T>(work: () => T): T {
  // Not in the standard: V8 and WebKit have it.
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

/** Brackets that are open at once, or indentation and dashes at the beginning of a line. Brackets in words count as well. */
function isDeep(text: string): boolean {
  let open = 0;
  for (const letter of text) {
    if (letter === "[" || letter === "{") open++;
    else if (letter === "]" || letter === "}") open = Math.max(0, open - 1);
    if (open > maxOpen) return true;
  }
  return new RegExp(`^[ \\t?-]{${2 * maxOpen},}`, "m").test(text);
}

/** An alias inside what it stands for has no end. */
function checkDepth(value: unknown, depth: number): void {
  if (value === null || typeof value !== "object") return;
  if (depth >= maxDepth)
    throw new Error(`something stands inside itself (as "a: &a [*a]" does), or is more than ${maxDepth} levels deep`);
  for (const part of Object.values(value)) checkDepth(part, depth + 1);
}
