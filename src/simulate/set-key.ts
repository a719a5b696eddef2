/** Changes single keys of a recipe by their paths: "specimen.beads". */
import { ParfocalError } from "../errors.ts";

/**
 * The recipe with one key changed; missing objects on the path are created. Whether the key exists is checked later, by
 * the schema of the recipe.
 * @throws `usage` for a path through a number or word
 */
export function setKey(recipe: object, path: string, value: unknown): object {
  const [key, ...rest] = path.split(".");
  const held = Object.hasOwn(recipe, key) ? (recipe as Record<string, unknown>)[key] : undefined;
  if (rest.length === 0) return withKey(recipe, key, value);
  if (held !== undefined && (held === null || typeof held !== "object")) {
    const message = `${path}: ${key} is ${JSON.stringify(held)}, which has no keys; give a value for ${key} itself.`;
    throw new ParfocalError("usage", message, { option: path, got: value, expected: `a value for ${key}` });
  }
  return withKey(recipe, key, setKey(held ?? {}, rest.join("."), value));
}

function withKey(holder: object, key: string, value: unknown): object {
  if (!Array.isArray(holder)) return { ...holder, [key]: value };
  if (!/^\d+$/.test(key) || Number(key) >= holder.length) {
    const message = `${key} is not an index of a list of ${holder.length}; expected 0 to ${holder.length - 1}.`;
    throw new ParfocalError("usage", message, { option: key, got: key, expected: `0 to ${holder.length - 1}` });
  }
  return holder.with(Number(key), value);
}
