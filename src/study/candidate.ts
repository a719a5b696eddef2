/** The candidates that a study judges: models, classical methods, and constructed cases whose verdict is known. */
import type { Plane, Stack } from "../image/image.ts";

/** A request for one output: the input plane, and the distance from it to the target plane. */
export interface PlaneRequest {
  /** Input plane, counted from 0. */
  plane: number;
  /** z(target) - z(plane), um; 0 for sections. */
  distance: number;
}

export interface Candidate {
  /** Its name in tables and figures. */
  name: string;
  kind: "model" | "classical" | "constructed";
  task: "refocus" | "section";
  /** Distances that it was made for, um; only for `refocus`. */
  range?: readonly [number, number];
  /** Distances must be multiples of this, um. */
  distanceStep?: number;
  /**
   * Offsets of its input planes from the first one, um; [0] for one plane. Neighbouring planes that only assist are
   * left out.
   */
  offsets: readonly number[];
  /** Lateral pixel size of the images that it was made for, um. */
  pixelSize?: number | undefined;
  /** Text for the report: the method, and what it was trained on. */
  description?: string | undefined;
  /** Names of the data that it was trained on. */
  trainedOn?: readonly string[];
  /**
   * Makes the requested planes of a stack, in counts, each of the size of the stack.
   * @param whole the stack on which brightness is measured: the recorded stack that `stack` is a part of, or `stack`
   * itself
   */
  make(stack: Stack, whole: Stack, requests: readonly PlaneRequest[], signal?: AbortSignal): Promise<Plane[]>;
  /** The same with the uncertainty of every pixel; absent on candidates that do not predict it. */
  makeWithSpread?(
    stack: Stack,
    whole: Stack,
    requests: readonly PlaneRequest[],
    signal?: AbortSignal,
  ): Promise<PlanesWithSpread>;
}

/**
 * Planes, and the uncertainty of each pixel: the scale of a Laplace distribution around it, in counts of the planes.
 */
export interface PlanesWithSpread {
  planes: Plane[];
  /** One for each plane. Half of the errors should be within 0.69 times the spread, nine in ten within 2.30 times. */
  spread: Plane[];
}

/** Whether the stack has all input planes of a candidate. */
export function canTake({ offsets }: Pick<Candidate, "offsets">, stack: Stack, plane: number): boolean {
  if (plane < 0 || plane >= stack.depth) return false;
  const step = stack.zStep ?? 1;
  return offsets.every((um) => {
    const z = plane + Math.round(um / step);
    return z >= 0 && z < stack.depth;
  });
}

/**
 * The input planes of a candidate for a request, and the distance from each to the target plane.
 * @returns index from 0, distance z(target) - z(plane) in um; for sections the plane itself
 */
export function givenPlanesOf(
  { offsets }: Pick<Candidate, "offsets">,
  { zStep = 1 }: Pick<Stack, "zStep">,
  { plane, distance }: PlaneRequest,
): { index: number; distance: number }[] {
  return offsets.map((um) => {
    const planes = Math.round(um / zStep);
    return { index: plane + planes, distance: distance - planes * zStep };
  });
}

/** Whether a candidate can refocus over this distance, which must be a multiple of its step. */
export function canTravel({ distanceStep }: Pick<Candidate, "distanceStep">, distance: number): boolean {
  if (distanceStep === undefined) return true;
  const steps = distance / distanceStep;
  return Math.abs(steps - Math.round(steps)) < 0.01;
}
