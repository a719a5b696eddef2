import { ParfocalError } from "../../errors.ts";
import { contentSums } from "./content.ts";
import type { IndexedPair } from "./paired-data.ts";

/**
 * Returns a function that reduces a source to one of its planes.
 * @param plane undefined for all planes
 * @throws usage for a plane that the source does not have
 */
export function onlyPlane(plane: number | undefined): (pair: IndexedPair) => IndexedPair {
  const known = new WeakMap<IndexedPair, IndexedPair>();
  return (pair) => {
    if (plane === undefined) return pair;
    const found = known.get(pair) ?? planeOf(pair, plane);
    known.set(pair, found);
    return found;
  };
}

function planeOf({ source }: IndexedPair, plane: number): IndexedPair {
  const { name, depth, height, width } = source;
  if (plane >= depth) {
    const message = `${name}: pair_plane is ${plane}, but the stack has planes 0 to ${depth - 1}.`;
    throw new ParfocalError("usage", message, { option: "pair_plane", got: plane, expected: `0 to ${depth - 1}` });
  }
  const cut = (data: Float32Array): Float32Array => data.subarray(plane * height * width, (plane + 1) * height * width);
  const only = { ...source, data: cut(source.data), target: cut(source.target), depth: 1 };
  return {
    source: only,
    content: { input: contentSums(only), target: contentSums({ ...only, data: only.target }) },
  };
}
