import type { Curve } from "./curve.ts";

export interface Tube {
  points: Curve;
  /** Radius at every point, um, or one for all points. */
  radius: number | readonly number[];
  /** Density inside, 0..1. */
  density: number;
}

/** The radius of a tube at one of its points. */
export function radiusAt(tube: Tube, i: number): number {
  return typeof tube.radius === "number" ? tube.radius : tube.radius[i];
}
