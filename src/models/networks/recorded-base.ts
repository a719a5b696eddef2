/**
 * What a refocusing network adds its correction to: the planes that it was given, by their distances from the plane
 * wanted.
 */
import type { Value } from "../../graph/graph.ts";
import { add, div, mul, square, sub } from "../../graph/operators/elementwise.ts";

/** A given plane. */
export interface GivenPlane {
  /** `[n, 1, h, w]`, normalised. */
  image: Value;
  /** How far the plane wanted is from it, 0 or more: `[n, 1, h, w]`, in any unit. */
  away: Value;
  /** 1, or 0 for a plane that is to be passed over: `[n, 1, 1, 1]`; undefined: it is there. */
  present?: Value | undefined;
}

export interface RecordedBase {
  /** The planes' mean, weighted by 1 / d^2 with their distances d from the plane wanted: `[n, 1, h, w]`. */
  base: Value;
  /**
   * m / (m + s), with m = 1 / sum(1 / d) and a length s: 0 at every given plane, near 1 far from all: `[n, 1, h, w]`.
   */
  gate: Value;
}

/**
 * A network whose output is `base + gate * correction` returns a given plane as it is, whatever its weights, and starts
 * from the better of its planes instead of the first.
 *
 * With D_i the product of the other planes' distances, 1 / d_i^2 over its sum is D_i^2 / sum(D^2), and m is product(d)
 * / sum(D): neither divides by a distance, which may be 0. A plane that is passed over takes part in no sum, and in
 * products as 1.
 *
 * @param planes one or more; no two at one place
 * @param gateWidth s, above 0, in the unit of the distances
 */
export function recordedBase(planes: readonly GivenPlane[], gateWidth: number): RecordedBase {
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
