/**
 * The starting point of a refocusing network: the recorded planes, weighted by their distances from the target plane.
 */
import type { Value } from "../../graph/graph.ts";
import { add, div, mul, square, sub } from "../../graph/operators/elementwise.ts";

/** A recorded input plane. */
export interface RecordedPlane {
  /** `[n, 1, h, w]`, normalised. */
  image: Value;
  /** Distance between this plane and the target plane, 0 or more: `[n, 1, h, w]`, in any unit. */
  away: Value;
  /** 1, or 0 for a plane that is left out: `[n, 1, 1, 1]`; undefined: the plane is present. */
  present?: Value | undefined;
}

export interface RecordedBase {
  /** The mean of the planes, weighted by 1 / d^2, with d their distances from the target plane: `[n, 1, h, w]`. */
  base: Value;
  /**
   * m / (m + s), with m = 1 / sum(1 / d) and a length s: 0 at every recorded plane, near 1 far from all of them: `[n,
   * 1, h, w]`.
   */
  gate: Value;
}

/**
 * A network whose output is `base + gate * correction` returns a recorded plane exactly, whatever its weights are, and
 * starts from the nearest planes instead of the first.
 *
 * With D_i the product of the other planes' distances, 1 / d_i^2 over its sum is D_i^2 / sum(D^2), and m is product(d)
 * / sum(D): neither divides by a distance, which may be 0. A plane that is left out counts as 0 in sums and as 1 in
 * products.
 *
 * @param planes one or more, at different positions
 * @param gateWidth s, above 0, in the unit of the distances
 */
export function recordedBase(planes: readonly RecordedPlane[], gateWidth: number): RecordedBase {
  const away = planes.map(({ away, present }) => (present ? add(mul(away, present), sub(1, present)) : away));
  const all = away.reduce(mul);
  if (planes.length === 1) return { base: planes[0].image, gate: div(all, add(all, gateWidth)) };
  const others = planes.map(({ present }, i) => {
    const product = away.filter((_, k) => k !== i).reduce(mul);
    return present ? mul(product, present) : product;
  });
  const weights = others.map(square);
  const base = div(planes.map(({ image }, i) => mul(image, weights[i])).reduce(add), weights.reduce(add));
  const near = div(all, others.reduce(add));
  return { base, gate: div(near, add(near, gateWidth)) };
}
