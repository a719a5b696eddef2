/** A stack, or a region of one, ready to draw pairs from: normalised, with distances in planes. */
export interface PairSource {
  name: string;
  /** `[depth, height, width]`, normalised by the percentiles of the whole stack. */
  data: Float32Array;
  /** The target where it is another kind of image: of the same shape, normalised by its own percentiles. */
  target?: Float32Array;
  depth: number;
  height: number;
  width: number;
  /** Positions of the input planes, in planes from the first of them. */
  offsets: readonly number[];
  /** Distances to train on, in planes. */
  distances: readonly number[];
  zStep: number;
  pixelSize: number;
}

/** First input plane and target plane of a pair, and the distance between them in planes. */
export interface Pair {
  z: number;
  distance: number;
}

/** Every pair of a source at a distance, such that all input planes and the target are inside the stack. */
export function pairsAt(source: PairSource, distance: number): Pair[] {
  const pairs: Pair[] = [];
  const needed = [...source.offsets, distance];
  for (let z = -Math.min(...needed); z < source.depth - Math.max(...needed); z++) pairs.push({ z, distance });
  return pairs;
}
