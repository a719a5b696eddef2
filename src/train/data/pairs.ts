/** A stack, or a region of one, ready to draw pairs from: normalised, with its distances in planes. */
export interface PairSource {
  name: string;
  /** `[depth, height, width]`, normalised by the whole stack. */
  data: Float32Array;
  /**
   * What the network shall make of every plane, where that is another kind of image: of the same shape, normalised by
   * itself.
   */
  target?: Float32Array;
  depth: number;
  height: number;
  width: number;
  /** Where the input planes lie, in planes from the first of them. */
  offsets: readonly number[];
  /** Distances to learn, in planes. */
  distances: readonly number[];
  zStep: number;
  pixelSize: number;
}

/** First input plane and target plane of a pair, and the distance between them in planes. */
export interface Pair {
  z: number;
  distance: number;
}

/** Every pair that a source holds at a distance: all input planes and the target must be in the stack. */
export function pairsAt(source: PairSource, distance: number): Pair[] {
  const pairs: Pair[] = [];
  const needed = [...source.offsets, distance];
  for (let z = -Math.min(...needed); z < source.depth - Math.max(...needed); z++) pairs.push({ z, distance });
  return pairs;
}
