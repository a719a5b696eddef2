/** Recipes as text. */
import { parse, stringify } from "yaml";
import { ParfocalError } from "../../errors.ts";

/** A recipe as YAML, to be edited or kept beside its data. */
export function recipeToYaml(recipe: object): string {
  return stringify(recipe, { lineWidth: 120, flowCollectionPadding: false });
}

/**
 * What a YAML or JSON text says, not checked any further.
 * @param path what messages call it
 * @throws `file.corrupt` for text that is no YAML
 */
export function recipeFromYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const detail = (cause as Error).message.split("\n")[0];
    throw new ParfocalError("file.corrupt", `${path} is no YAML: ${detail}`, { path, detail }, { cause });
  }
}
