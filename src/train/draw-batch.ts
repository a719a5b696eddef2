import type { Random } from "../array/random.ts";
import type { TrainingConfig } from "./config.ts";
import { type Pair, type PairSource, pairsAt } from "./pairs.ts";

/** Patches of one training step: `image` `[n, planes + 1, p, p]` (the last channel is the distance), `target` `[n, 1, p, p]`. */
export interface Batch {
  image: Float32Array;
  target: Float32Array;
}

/** A source with what drawing from it needs, computed once. */
export interface IndexedSource {
  source: PairSource;
  /** Summed-area table of the signal, `[height + 1, width + 1]`. */
  content: Float64Array;
  /** The pairs of each distance that the source holds. */
  pairs: Pair[][];
}

export function indexSource(source: PairSource): IndexedSource {
  const pairs = source.distances.map((distance) => pairsAt(source, distance)).filter((found) => found.length > 0);
  return { source, content: contentSums(source), pairs };
}

/** A drawer of batches: the same sources and random numbers give the same batch. */
export function batchDrawer(
  config: TrainingConfig,
  distanceScale: number,
): (sources: readonly IndexedSource[], random: Random) => Batch {
  const { batch_size: n, patch_size: p } = config;
  const planes = config.input_offsets.length;
  return (drawn, random) => {
    const image = new Float32Array(n * (planes + 1) * p * p);
    const target = new Float32Array(n * p * p);
    for (let i = 0; i < n; i++) {
      const { source, content, pairs } = drawn[random.integer(drawn.length)];
      const atDistance = pairs[random.integer(pairs.length)];
      const { z, distance } = atDistance[random.integer(atDistance.length)];
      const place = drawPlace(source, content, config, random);
      const view = config.augment ? drawView(random) : plainView;
      const part = (channel: number): Float32Array =>
        image.subarray((i * (planes + 1) + channel) * p * p, (i * (planes + 1) + channel + 1) * p * p);
      for (const [k, offset] of source.offsets.entries()) copyPatch(source, z + offset, place, p, view, part(k));
      part(planes).fill((distance * source.zStep) / distanceScale);
      copyPatch(source, z + distance, place, p, view, target.subarray(i * p * p, (i + 1) * p * p));
    }
    return { image, target };
  };
}

/** How a patch is turned and brightened; the same for its input and its target. */
interface View {
  flipY: boolean;
  flipX: boolean;
  transpose: boolean;
  gain: number;
  shift: number;
}

const plainView: View = { flipY: false, flipX: false, transpose: false, gain: 1, shift: 0 };

/** The PSF of a lens is round, so that turned patches are as real as the recorded ones; z is never turned. */
function drawView(random: Random): View {
  return {
    flipY: random.uniform() < 0.5,
    flipX: random.uniform() < 0.5,
    transpose: random.uniform() < 0.5,
    gain: Math.exp(random.between(-0.25, 0.25)),
    shift: random.between(-0.02, 0.02),
  };
}

function copyPatch(
  source: PairSource,
  z: number,
  place: { y: number; x: number },
  p: number,
  view: View,
  out: Float32Array,
): void {
  const base = (z * source.height + place.y) * source.width + place.x;
  for (let i = 0; i < p; i++) {
    const a = view.flipY ? p - 1 - i : i;
    for (let j = 0; j < p; j++) {
      const b = view.flipX ? p - 1 - j : j;
      const at = view.transpose ? base + b * source.width + a : base + a * source.width + b;
      out[i * p + j] = source.data[at] * view.gain + view.shift;
    }
  }
}

/** Summed-area table of the signal: the brightest plane at each pixel, above the stack's low percentile. */
function contentSums({ data, depth, height, width }: PairSource): Float64Array {
  const sums = new Float64Array((height + 1) * (width + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      let brightest = 0;
      for (let z = 0; z < depth; z++) brightest = Math.max(brightest, data[(z * height + y) * width + x]);
      row += Math.min(brightest, 1);
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  }
  return sums;
}

/** Among a few random places, one in proportion to its signal (or just any, for the rest of the patches). */
function drawPlace(
  source: PairSource,
  sums: Float64Array,
  config: TrainingConfig,
  random: Random,
): { y: number; x: number } {
  const p = config.patch_size;
  const any = (): { y: number; x: number } => ({
    y: random.integer(source.height - p + 1),
    x: random.integer(source.width - p + 1),
  });
  if (random.uniform() >= config.content_sampling) return any();
  const stride = source.width + 1;
  const candidates = Array.from({ length: 4 }, any);
  const signals = candidates.map(
    ({ y, x }) =>
      sums[(y + p) * stride + x + p] - sums[y * stride + x + p] - sums[(y + p) * stride + x] + sums[y * stride + x],
  );
  let pick = random.uniform() * signals.reduce((a, b) => a + b, 0);
  const chosen = signals.findIndex((signal) => {
    pick -= signal;
    return pick < 0;
  });
  return candidates[Math.max(0, chosen)];
}
