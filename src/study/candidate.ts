/** Something that makes images sharper, as a study sees it: a model, a classical method, or a case made up to see whether it is caught. */
import type { Plane, Stack } from "../image/image.ts";

/** A plane of a stack, and how far from it the requests plane lies. */
export interface PlaneRequest {
  /** From 0. */
  plane: number;
  /** z(requests) - z(plane), um; 0 for what makes sections. */
  distance: number;
}

export interface Candidate {
  /** What tables and figures call it. */
  name: string;
  kind: "model" | "classical" | "constructed";
  task: "refocus" | "section";
  /** Distances that it was made for, um; those of `refocus` only. */
  range?: readonly [number, number];
  /** Distances must be multiples of this, um. */
  distanceStep?: number;
  /** Where the planes that it takes lie, um from the first: [0] for one plane. Planes around the first that only help are left out. */
  offsets: readonly number[];
  /** Lateral pixel of the images that it was made for, um. */
  pixelSize?: number | undefined;
  /** Lines for the report: what it is, what it was trained on. */
  description?: string | undefined;
  /** Names of what it was trained on. */
  trainedOn?: readonly string[];
  /**
   * Makes the requests planes of a stack, counts, each of the stack's size.
   * @param whole what brightness is measured on: the recorded stack that `stack` is a part of, or `stack` itself
   */
  make(stack: Stack, whole: Stack, requests: readonly PlaneRequest[], signal?: AbortSignal): Promise<Plane[]>;
  /** The same of a candidate that tells how sure it is of every pixel; absent on all others. */
  makeWithSpread?(
    stack: Stack,
    whole: Stack,
    requests: readonly PlaneRequest[],
    signal?: AbortSignal,
  ): Promise<PlanesWithSpread>;
}

/** Planes, and of each pixel how far from the truth it may be: the scale of a Laplace distribution around it, counts of the planes. */
export interface PlanesWithSpread {
  planes: Plane[];
  /** As many. Half of the errors should be within 0.69 of it, nine in ten within 2.30. */
  spread: Plane[];
}

/** Whether every plane that a candidate takes is there. */
export function canTake({ offsets }: Pick<Candidate, "offsets">, stack: Stack, plane: number): boolean {
  if (plane < 0 || plane >= stack.depth) return false;
  const step = stack.zStep ?? 1;
  return offsets.every((um) => {
    const z = plane + Math.round(um / step);
    return z >= 0 && z < stack.depth;
  });
}

/**
 * The planes of a stack that a candidate is given for a requests one, and how far each lies from it.
 * @returns index from 0, distance z(requests) - z(plane) in um; of what makes sections the plane itself
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

/** Whether a candidate goes as far as this, and not half a step farther. */
export function canTravel({ distanceStep }: Pick<Candidate, "distanceStep">, distance: number): boolean {
  if (distanceStep === undefined) return true;
  const steps = distance / distanceStep;
  return Math.abs(steps - Math.round(steps)) < 0.01;
}
