/** YAML as people write it: recipes, configurations, descriptions of models. */
import { isScalar, parseDocument, visit } from "yaml";

/** Far above anything that is written by hand, or that Parfocal writes: the parser takes up to two seconds for it. */
const maxCharacters = 2 ** 19;

/** Nesting of flow and block collections: the parser (yaml 2.9) recurses, and out of stack it can end the process. */
const maxDepth = 200;

/**
 * The value of a YAML or JSON text. Throws SyntaxError with one line for a person, also for texts that are made to take long: the
 * parser's own check for equal keys takes the square of their number, and it collects an error with a stack for every fault.
 */
export function parseYaml(text: string): unknown {
  if (text.length > maxCharacters) {
    throw new SyntaxError(`it has ${text.length} characters, expected at most ${maxCharacters}`);
  }
  if (isDeep(text)) throw new SyntaxError("it is nested too deeply");
  // Not in the standard: V8 and WebKit have it.
  const stacks = Error as { stackTraceLimit?: number | undefined };
  const { stackTraceLimit } = stacks;
  stacks.stackTraceLimit = 0;
  try {
    // Its warnings would go to the terminal by themselves.
    const document = parseDocument(text, { logLevel: "error", prettyErrors: false, uniqueKeys: false });
    for (const { message, pos } of document.errors) throw new SyntaxError(`${message} (${placeOf(text, pos[0])})`);
    visit(document, {
      Map(_, { items }) {
        const seen = new Set<unknown>();
        for (const { key } of items) {
          if (!isScalar(key)) continue;
          if (seen.has(key.value))
            throw new SyntaxError(`two keys ${key.value} (${placeOf(text, key.range?.[0] ?? 0)})`);
          seen.add(key.value);
        }
      },
    });
    return document.toJS();
  } catch (cause) {
    if (cause instanceof SyntaxError && !("pos" in cause)) throw cause;
    throw new SyntaxError((cause as Error).message.split("\n")[0], { cause });
  } finally {
    stacks.stackTraceLimit = stackTraceLimit;
  }
}

function placeOf(text: string, at: number): string {
  const before = text.slice(0, at);
  return `line ${before.split("\n").length}, column ${at - before.lastIndexOf("\n")}`;
}

/** Brackets that are open at once, or indentation and dashes at the beginning of a line. Brackets in words count as well. */
function isDeep(text: string): boolean {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter === "[" || letter === "{") open++;
    else if (letter === "]" || letter === "}") open = Math.max(0, open - 1);
    if (open > maxDepth) return true;
  }
  return new RegExp(`^[ \\t?-]{${2 * maxDepth},}`, "m").test(text);
}
