/** YAML as people write it: recipes, configurations, descriptions of models. */
import { parse } from "yaml";

/** Far above any that is written by hand; the parser's time grows with the square of what is damaged. */
const maxCharacters = 2 ** 18;

/** The value of a YAML or JSON text. Throws SyntaxError with one line for a person, also for texts without bounds. */
export function parseYaml(text: string): unknown {
  if (text.length > maxCharacters) {
    throw new SyntaxError(`it has ${text.length} characters, expected at most ${maxCharacters}`);
  }
  try {
    // Its warnings would go to the terminal by themselves.
    return parse(text, { logLevel: "error" });
  } catch (cause) {
    const deep = cause instanceof RangeError;
    throw new SyntaxError(deep ? "it is nested too deeply" : (cause as Error).message.split("\n")[0], { cause });
  }
}
