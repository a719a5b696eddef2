/** A round tube along a curve. */
import type { Curve } from "./curve.ts";

export interface Tube {
  points: Curve;
  /** At every point, um; one number for all. */
  radius: number | readonly number[];
  /** Inside, 0..1. */
  density: number;
}

/** The radius of a tube at one of its points. */
export function radiusAt(tube: Tube, i: number): number {
  return typeof tube.radius === "number" ? tube.radius : tube.radius[i];
}
