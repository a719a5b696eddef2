/** Sequences of adjacent planes: two input planes, and the planes that follow. */
import type { Random } from "../../array/random.ts";
import { ParfocalError } from "../../errors.ts";
import type { Tensors } from "../../run/runtime.ts";
import type { CommonConfig } from "../common-config.ts";
import { copyPatch, drawAugmentation, noAugmentation } from "./augmentation.ts";
import { drawPlace } from "./content.ts";
import type { IndexedSource } from "./draw-batch.ts";
import type { PairSource } from "./pairs.ts";

/**
 * Returns a function that draws batches: `planes` `[n, 2, p, p]` (the nearer plane, then the one before it),
 * `direction` `[n, 1, p, p]` (1 or -1) and `target` `[n, steps, p, p]`, the planes that follow. All sequences of 2 +
 * steps planes are equally likely, upwards and downwards. The same choice of sources and the same random numbers give
 * the same batch.
 */
export function sequenceDrawer(
  config: CommonConfig,
  steps: number,
): (choose: (random: Random) => IndexedSource, random: Random) => Tensors {
  const { batch_size: n, patch_size: p } = config;
  const size = p * p;
  return (choose, random) => {
    const planes = new Float32Array(n * 2 * size);
    const direction = new Float32Array(n * size);
    const target = new Float32Array(n * steps * size);
    for (let i = 0; i < n; i++) {
      const { source, content } = choose(random);
      const apart = source.offsets[1];
      checkHoldsSequence(source, steps);
      const way = random.uniform() < 0.5 ? 1 : -1;
      const lowest = random.integer(source.depth - (1 + steps) * apart);
      const start = way > 0 ? lowest : lowest + (1 + steps) * apart;
      const place = drawPlace(source, content, config, random);
      const augmentation = config.augment ? drawAugmentation(random) : noAugmentation;
      const copy = (k: number, out: Float32Array): void => {
        const z = start + k * way * apart;
        copyPatch(
          source.data,
          (z * source.height + place.y) * source.width + place.x,
          source.width,
          p,
          augmentation,
          out,
        );
      };
      copy(1, planes.subarray(2 * i * size, (2 * i + 1) * size));
      copy(0, planes.subarray((2 * i + 1) * size, (2 * i + 2) * size));
      direction.fill(way, i * size, (i + 1) * size);
      for (let k = 0; k < steps; k++) {
        copy(2 + k, target.subarray((i * steps + k) * size, (i * steps + k + 1) * size));
      }
    }
    return {
      planes: { type: "float32", shape: [n, 2, p, p], data: planes },
      direction: { type: "float32", shape: [n, 1, p, p], data: direction },
      target: { type: "float32", shape: [n, steps, p, p], data: target },
    };
  };
}

/** @throws image.unfit for a stack with fewer planes than a sequence of 2 + steps */
export function checkHoldsSequence({ name, depth, offsets, zStep }: PairSource, steps: number): void {
  const needed = (1 + steps) * offsets[1] + 1;
  if (depth >= needed) return;
  const detail = `it has ${depth} planes at a z step of ${zStep} um, but two planes and ${steps} steps of ${offsets[1] * zStep} um need ${needed}`;
  const message = `${name}: ${detail}. Choose a smaller step or fewer unrolled_steps.`;
  throw new ParfocalError("image.unfit", message, { path: name, detail });
}
