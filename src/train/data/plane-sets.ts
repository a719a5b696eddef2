/** Sets of input planes with a target plane. */
import type { Random } from "../../array/random.ts";
import type { Tensors } from "../../run/runtime.ts";
import type { CommonConfig } from "../common-config.ts";
import { copyPatch, drawAugmentation, noAugmentation } from "./augmentation.ts";
import { drawPlace } from "./content.ts";
import type { IndexedSource } from "./draw-batch.ts";
import { type PairSource, pairsAt } from "./pairs.ts";

/** The configuration keys that define which planes are drawn. */
export type PlaneSetConfig = CommonConfig & {
  min_planes: number;
  max_planes: number;
  /** um from the first plane */
  plane_range: readonly [number, number];
};

/** The numbers of the input planes, in the order in which the network gets them, and that of the target. */
export interface PlaneSet {
  planes: number[];
  target: number;
}

/**
 * The planes that a set with first plane `first` may also contain. The target is excluded, since there would be nothing
 * to learn.
 */
function companions({ depth, zStep }: PairSource, first: number, target: number, config: PlaneSetConfig): number[] {
  const [low, high] = config.plane_range.map((um) => um / zStep);
  const all = Array.from({ length: depth }, (_, z) => z);
  return all.filter((z) => z !== first && z !== target && z - first >= low - 1e-3 && z - first <= high + 1e-3);
}

/**
 * Draws a random set. The distance of the target from the first plane, the first plane among those with a target at
 * this distance, and the number of planes are uniformly distributed; the other planes are drawn from their range
 * without replacement, in random order.
 */
export function drawPlaneSet({ source, pairs }: IndexedSource, config: PlaneSetConfig, random: Random): PlaneSet {
  const atDistance = pairs[random.integer(pairs.length)];
  const { z, distance } = atDistance[random.integer(atDistance.length)];
  const others = companions(source, z, z + distance, config);
  const target = config.min_planes + random.integer(config.max_planes - config.min_planes + 1);
  const planes = [z];
  while (planes.length < target && others.length > 0) {
    planes.push(...others.splice(random.integer(others.length), 1));
  }
  return { planes, target: z + distance };
}

/**
 * Returns a function that draws batches: `image` `[n, 2 max_planes, p, p]` (each plane followed by its distance to the
 * target in um / `distanceScale`), `present` `[n, max_planes, 1, 1]` and `target` `[n, 1, p, p]`. Unused positions
 * repeat the first plane, so that normalisation statistics are those of images. The same choice of sources and the same
 * random numbers give the same batch.
 */
export function planeSetDrawer(
  config: PlaneSetConfig,
  distanceScale: number,
): (choose: (random: Random) => IndexedSource, random: Random) => Tensors {
  const { batch_size: n, patch_size: p, max_planes: maxPlanes } = config;
  const size = p * p;
  return (choose, random) => {
    const image = new Float32Array(n * 2 * maxPlanes * size);
    const present = new Float32Array(n * maxPlanes);
    const target = new Float32Array(n * size);
    for (let i = 0; i < n; i++) {
      const indexed = choose(random);
      const { source, content } = indexed;
      const set = drawPlaneSet(indexed, config, random);
      const place = drawPlace(source, content, config, random);
      const augmentation = config.augment ? drawAugmentation(random) : noAugmentation;
      const copy = (data: Float32Array, z: number, out: Float32Array): void =>
        copyPatch(data, (z * source.height + place.y) * source.width + place.x, source.width, p, augmentation, out);
      for (let k = 0; k < maxPlanes; k++) {
        const z = set.planes[k] ?? set.planes[0];
        const at = (i * maxPlanes + k) * 2 * size;
        copy(source.data, z, image.subarray(at, at + size));
        image.fill(((set.target - z) * source.zStep) / distanceScale, at + size, at + 2 * size);
        present[i * maxPlanes + k] = k < set.planes.length ? 1 : 0;
      }
      copy(source.target ?? source.data, set.target, target.subarray(i * size, (i + 1) * size));
    }
    return {
      image: { type: "float32", shape: [n, 2 * maxPlanes, p, p], data: image },
      present: { type: "float32", shape: [n, maxPlanes, 1, 1], data: present },
      target: { type: "float32", shape: [n, 1, p, p], data: target },
    };
  };
}

/** A set for validation. */
export interface ValidationSet extends PlaneSet {
  source: PairSource;
  /** Distance from the first plane to the target, in planes. */
  distance: number;
}

/**
 * Validation sets, the same every time: for the minimum number of planes, two, and the maximum, at distances at the
 * ends of the range and half way, with at most `perGroup` sets each, spread over the depth of the stacks. The
 * other planes alternate above and below the first one, a quarter of their range apart.
 */
export function validationSets(
  sources: readonly PairSource[],
  config: PlaneSetConfig,
  perGroup: number,
): ValidationSet[] {
  const counts = [...new Set([config.min_planes, Math.min(2, config.max_planes), config.max_planes])];
  const share = Math.max(1, Math.round(perGroup / sources.length));
  return counts.flatMap((count) =>
    sources.flatMap((source) =>
      distancesOf(source).flatMap((distance) => {
        const sets = pairsAt(source, distance)
          .map(({ z }) => ({
            source,
            distance,
            planes: evenSet(source, z, z + distance, count, config),
            target: z + distance,
          }))
          .filter(({ planes }) => planes.length === count);
        const taken = Math.min(share, sets.length);
        return Array.from({ length: taken }, (_, i) => sets[Math.floor(((i + 0.5) * sets.length) / taken)]);
      }),
    ),
  );
}

function distancesOf(source: PairSource): number[] {
  const possible = source.distances.filter((distance) => pairsAt(source, distance).length > 0);
  const nearest = (target: number): number =>
    possible.reduce((best, d) => (Math.abs(d - target) < Math.abs(best - target) ? d : best));
  const [low, high] = [possible[0], possible[possible.length - 1]];
  return [...new Set([low, low / 2, high / 2, high].map(nearest))].filter((d) => d !== 0);
}

function evenSet(source: PairSource, first: number, target: number, count: number, config: PlaneSetConfig): number[] {
  const [low, high] = config.plane_range;
  const spacing = Math.max(1, Math.round((high - low) / 4 / source.zStep));
  const allowed = new Set(companions(source, first, target, config));
  const planes = [first];
  for (let k = 1; planes.length < count && k <= source.depth; k++) {
    for (const z of [first + k * spacing, first - k * spacing]) {
      if (allowed.has(z) && planes.length < count) planes.push(z);
    }
  }
  return planes;
}
