/** A picture beside how far it may be wrong, and how far it is: what maps of spread are made of. */
import { percentiles } from "../../array/statistics.ts";
import { type Plane, planeOf } from "../../image/image.ts";
import { intensityFit, withIntensity } from "../intensity-fit.ts";
import type { Candidate } from "./candidate.ts";
import type { Outcome } from "./every-plane.ts";
import { cropPlane, type Subject } from "./subject.ts";

/** One plane to be looked at, of the region. */
export interface SpreadMap {
  plane: number;
  /** Counts of the target, or of the output where there is none; of an ensemble of sections without target, standard deviations. */
  output: Plane;
  /** Over the data range: 0.1 is a tenth of it. */
  spread: Plane;
  /** What the output should be, and how far it is from that, over the data range. */
  known?: { target: Plane; error: Plane } | undefined;
}

/** What a candidate was made for, and not given. */
export const isMade = ({ inRange, given }: Pick<Outcome, "inRange" | "given">): boolean => inRange && !given;

/** Planes that are made and compared, at most. */
const mostPlanes = 5;

/** At most {@link mostPlanes}: first and last and some between. */
export function evenly<T>(all: readonly T[]): T[] {
  if (all.length <= mostPlanes) return [...all];
  return Array.from({ length: mostPlanes }, (_, i) => all[Math.round((i * (all.length - 1)) / (mostPlanes - 1))]);
}

/** What outputs of a plane should be, in the region. */
export function targetOf(
  { task }: Pick<Candidate, "task">,
  { stack, truth, sharpest, region }: Pick<Subject, "stack" | "truth" | "sharpest" | "region">,
): { name: "truth" | "sharpest plane"; of: (plane: number) => Plane } | undefined {
  if (task === "refocus") {
    const best = cropPlane(planeOf(stack, sharpest), region);
    return { name: "sharpest plane", of: () => best };
  }
  return truth && { name: "truth", of: (plane) => cropPlane(planeOf(truth, plane), region) };
}

/**
 * Pictures in counts of their targets, and the gain that did it: one fit for all planes, as for scores (see {@link intensityFit}); as they were
 * for refocusing, and without targets.
 */
export function brought(
  pictures: readonly Plane[],
  { task }: Pick<Candidate, "task">,
  targets: readonly Plane[] | undefined,
): { pictures: readonly Plane[]; gain: number } {
  if (task === "refocus" || targets === undefined) return { pictures, gain: 1 };
  const fit = intensityFit(pictures, targets);
  return { pictures: pictures.map((one) => withIntensity(one, fit)), gain: fit.gain };
}

/** All pixels of several planes. */
export function joined(planes: readonly Plane[]): Float32Array {
  const out = new Float32Array(planes.reduce((sum, { data }) => sum + data.length, 0));
  planes.reduce((start, { data }) => {
    out.set(data, start);
    return start + data.length;
  }, 0);
  return out;
}

export const errorsOf = (maps: readonly SpreadMap[]): Float32Array =>
  joined(maps.flatMap(({ known }) => (known ? [known.error] : [])));

/** One row of pixels. */
export const rowOf = (data: Float32Array): Plane => ({ data, height: 1, width: data.length });

export const scaled = (plane: Plane, factor: number): Plane => ({
  ...plane,
  data: plane.data.map((value) => value * factor),
});

/** @param known data range; undefined takes that of all pictures, their percentiles 0.1 to 99.9 */
export function mapsOf(
  told: readonly { plane: number; picture: Plane; deviation: Plane; target: Plane | undefined }[],
  known: number | undefined,
): SpreadMap[] {
  const [low, high] = percentiles(joined(told.map(({ picture }) => picture)), [0.1, 99.9]);
  // Pictures without contrast stay as they are.
  const range = known ?? (high - low || 1);
  return told.map(({ plane, picture, deviation, target }) => ({
    plane,
    output: picture,
    spread: scaled(deviation, 1 / range),
    known: target && {
      target,
      error: { ...picture, data: picture.data.map((value, i) => Math.abs(value - target.data[i]) / range) },
    },
  }));
}
