/** Curves in space: chains of points, um. */
import type { Random } from "../../array/random.ts";

export type Vector = [x: number, y: number, z: number];

/** Points of a curve, in order; neighbours are one step apart. */
export type Curve = Vector[];

export interface WormLikeChain {
  start: Vector;
  /** Any length; only the direction counts. */
  direction: Vector;
  length: number;
  /** Persistence length, um: mean cosine between tangents s apart is exp(-s / persistence). */
  persistence: number;
  /** Distance between points, um. */
  step: number;
  /**
   * May bend the direction (of length 1) at a point, to avoid or stay inside something; returning false ends the curve.
   */
  steer?: (point: Vector, direction: Vector) => boolean;
}

/**
 * A worm-like chain (Kratky & Porod 1949), the shape of a stiff polymer in thermal motion: after each step the
 * direction turns by Gaussian angles of variance step / persistence about both axes across it.
 */
export function wormLikeChain(chain: WormLikeChain, random: Random): Curve {
  const { length, persistence, step, steer } = chain;
  const point: Vector = [...chain.start];
  const direction = unit(chain.direction);
  const points: Curve = [[...point]];
  const bend = Math.sqrt(step / persistence);
  const steps = Math.round(length / step);
  for (let i = 0; i < steps; i++) {
    const [u, v] = across(direction);
    const a = bend * random.normal();
    const b = bend * random.normal();
    for (let k = 0; k < 3; k++) direction[k] += a * u[k] + b * v[k];
    if (steer && !steer(point, direction)) break;
    normalise(direction);
    for (let k = 0; k < 3; k++) point[k] += step * direction[k];
    points.push([...point]);
  }
  return points;
}

/**
 * Every `every`-th point and the last, rounded to nm, for the list of objects. (Adding 0 turns -0, which JSON cannot
 * represent, into 0.)
 */
export function thinned(points: Curve, every: number): number[][] {
  return points
    .filter((_, i) => i % every === 0 || i === points.length - 1)
    .map((point) => point.map((value) => Math.round(value * 1000) / 1000 + 0));
}

export function unit(vector: Vector): Vector {
  const copy: Vector = [...vector];
  normalise(copy);
  return copy;
}

function normalise(vector: Vector): void {
  const norm = Math.hypot(...vector) || 1;
  for (let k = 0; k < 3; k++) vector[k] /= norm;
}

/** Two directions at right angles to one of length 1 and to each other. */
export function across(direction: Vector): [Vector, Vector] {
  const [x, y, z] = direction;
  const u: Vector = Math.abs(z) < 0.9 ? unit([-y, x, 0]) : unit([0, -z, y]);
  return [u, [y * u[2] - z * u[1], z * u[0] - x * u[2], x * u[1] - y * u[0]]];
}
