/** YAML as people write it: recipes, configurations, descriptions of models. */
import { parse } from "yaml";

/** Far above any that is written by hand; the parser's time grows with the square of what it complains of. */
const maxCharacters = 2 ** 16;

/** Nesting of flow and block collections: the parser (yaml 2.9) recurses, and out of stack it can end the process. */
const maxDepth = 200;

/**
 * The value of a YAML or JSON text. Throws SyntaxError with one line for a person, also for texts without bounds.
 * @param longest characters; a program's own lists may be longer than what people write
 */
export function parseYaml(text: string, longest = maxCharacters): unknown {
  if (text.length > longest) {
    throw new SyntaxError(`it has ${text.length} characters, expected at most ${longest}`);
  }
  if (isDeep(text)) throw new SyntaxError("it is nested too deeply");
  try {
    // Its warnings would go to the terminal by themselves.
    return parse(text, { logLevel: "error" });
  } catch (cause) {
    const [line] = (cause as Error).message.split("\n");
    throw new SyntaxError(line.startsWith("Maximum call stack") ? "it is nested too deeply" : line, { cause });
  }
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
