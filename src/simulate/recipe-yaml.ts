/** Recipes as text. */
import { Document, isScalar, isSeq, visit } from "yaml";
import { parseYaml } from "../array/parse-yaml.ts";
import { ParfocalError } from "../errors.ts";

/** A recipe as YAML, to be edited or kept beside its data. */
export function recipeToYaml(recipe: object): string {
  const document = new Document(recipe);
  visit(document, {
    // Ranges and lists of words on one line.
    Seq: (_, list) => {
      if (isSeq(list) && list.items.every(isScalar)) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 120, flowCollectionPadding: false });
}

/**
 * What a YAML or JSON text says, not checked any further.
 * @param path what messages call it
 * @throws `file.corrupt` for text that is no YAML
 */
export function recipeFromYaml(text: string, path: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    const detail = (cause as Error).message;
    throw new ParfocalError("file.corrupt", `${path} is no YAML: ${detail}`, { path, detail }, { cause });
  }
}
