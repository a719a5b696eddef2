/** A pool of earlier generated pictures for training a discriminator. */
import type { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import type { Tensor, Value } from "../../graph/graph.ts";
import { add, mul, sub } from "../../graph/operators/elementwise.ts";
import { matMul, transposeLast } from "../../graph/operators/matmul.ts";
import { reshape } from "../../graph/operators/movement.ts";
import { reduceSum } from "../../graph/operators/reduction.ts";
import { nextOf } from "../../run/runtime.ts";

/**
 * A. Shrivastava et al. (CVPR 2017), as CycleGAN uses it: half of the generated pictures that the discriminator is
 * trained on are older ones, which reduces oscillation between the two networks. The first pictures fill the pool.
 *
 * The pool is a tensor `[size, pixels]` of the state, and the places are drawn by {@link poolPlaces} from the number of
 * the step, so that a resumed training uses the same pictures.
 *
 * @param fresh `[n, ...]`, the current output of the generator
 * @param place `[n, size]`, 1 where a fresh picture replaces an old one, at most one in a row or column
 * @param old `[n, 1]`, 1 where the old picture is returned instead
 * @returns the pictures for the discriminator, `[n, ...]`
 */
export function throughPool(fresh: Value, name: string, place: Value, old: Value): Value {
  const [n, size] = place.shape;
  const { graph } = fresh;
  const pixels = sizeOf(fresh.shape.slice(1));
  const pool = graph.input(name, [size, pixels]);
  const flat = reshape(fresh, [n, pixels]);
  const shown = add(flat, mul(sub(matMul(place, pool), flat), old));
  const taken = reshape(reduceSum(place, [0]), [size, 1]);
  graph.output(nextOf(name), add(mul(pool, sub(1, taken)), matMul(transposeLast(place), flat)));
  return reshape(shown, fresh.shape);
}

/** An empty pool. */
export const emptyPool = (size: number, shape: readonly number[]): Tensor => {
  const pixels = sizeOf(shape.slice(1));
  return { type: "float32", shape: [size, pixels], data: new Float32Array(size * pixels) };
};

/**
 * Places for the pictures of step t (1, 2, ...). While the pool fills, each picture takes the next empty place and is
 * returned itself; afterwards each picture, with probability 1/2, replaces an old one, which is returned instead.
 */
export function poolPlaces(t: number, n: number, size: number, random: Random): { place: Tensor; old: Tensor } {
  const place = new Float32Array(n * size);
  const old = new Float32Array(n);
  const taken = new Set<number>();
  for (let i = 0; i < n; i++) {
    const count = (t - 1) * n + i;
    if (count < size) {
      place[i * size + count] = 1;
      taken.add(count);
      continue;
    }
    const swap = random.uniform() < 0.5;
    const k = random.integer(size);
    if (!swap || taken.has(k)) continue;
    place[i * size + k] = 1;
    old[i] = 1;
    taken.add(k);
  }
  return {
    place: { type: "float32", shape: [n, size], data: place },
    old: { type: "float32", shape: [n, 1], data: old },
  };
}
