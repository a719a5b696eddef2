import type { Random } from "../../array/random.ts";
import type { CommonConfig } from "../common-config.ts";
import { copyPatch, drawAugmentation, noAugmentation } from "./augmentation.ts";
import { contentSums, drawPlace } from "./content.ts";
import { type Pair, type PairSource, pairsAt } from "./pairs.ts";

/**
 * The patches of one training step: `image` `[n, planes + 1, p, p]` (the last channel is the distance), `target` `[n,
 * 1, p, p]`.
 */
export interface Batch {
  image: Float32Array;
  target: Float32Array;
}

/** A source with tables for drawing from it, computed once. */
export interface IndexedSource {
  source: PairSource;
  /** Summed-area table of the signal, `[height + 1, width + 1]`. */
  content: Float64Array;
  /** The pairs of the source, for each distance. */
  pairs: Pair[][];
}

/**
 * @param withInputPlanes whether the target may be one of the input planes, which a network without a recorded base
 *   must learn to return
 */
export function indexSource(source: PairSource, withInputPlanes = true): IndexedSource {
  const distances = source.distances.filter((distance) => withInputPlanes || !source.offsets.includes(distance));
  const pairs = distances.map((distance) => pairsAt(source, distance)).filter((found) => found.length > 0);
  return { source, content: contentSums(source), pairs };
}

/**
 * Returns a function that draws batches. The same choice of sources and the same random numbers give the same batch.
 */
export function batchDrawer(
  config: CommonConfig & { input_offsets: readonly number[] },
  distanceScale: number,
): (choose: (random: Random) => IndexedSource, random: Random) => Batch {
  const { batch_size: n, patch_size: p } = config;
  const planes = config.input_offsets.length;
  return (choose, random) => {
    const image = new Float32Array(n * (planes + 1) * p * p);
    const target = new Float32Array(n * p * p);
    for (let i = 0; i < n; i++) {
      const { source, content, pairs } = choose(random);
      const atDistance = pairs[random.integer(pairs.length)];
      const { z, distance } = atDistance[random.integer(atDistance.length)];
      const place = drawPlace(source, content, config, random);
      const augmentation = config.augment ? drawAugmentation(random) : noAugmentation;
      const part = (channel: number): Float32Array =>
        image.subarray((i * (planes + 1) + channel) * p * p, (i * (planes + 1) + channel + 1) * p * p);
      const { width } = source;
      const start = (plane: number): number => (plane * source.height + place.y) * width + place.x;
      for (const [k, offset] of source.offsets.entries()) {
        copyPatch(source.data, start(z + offset), width, p, augmentation, part(k));
      }
      part(planes).fill((distance * source.zStep) / distanceScale);
      const out = target.subarray(i * p * p, (i + 1) * p * p);
      copyPatch(source.target ?? source.data, start(z + distance), width, p, augmentation, out);
    }
    return { image, target };
  };
}
