/** Recipes as YAML. */
import { Document, isScalar, isSeq, visit } from "yaml";
import { readYaml } from "../read-yaml.ts";

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
 * Parses a recipe from YAML or JSON; its keys are not checked yet.
 * @param path name of the text in messages
 * @throws `file.corrupt` for text that is not valid YAML
 */
export function recipeFromYaml(text: string, path: string): unknown {
  return readYaml(text, path);
}
