/** Maps of an output, its predicted uncertainty and its error. */
import { percentiles } from "../array/statistics.ts";
import { type Plane, planeOf } from "../image/image.ts";
import { intensityFit, withIntensity } from "../metrics/intensity-fit.ts";
import type { Candidate, PlaneRequest } from "./candidate.ts";
import { cropPlane, type StudiedStack } from "./studied-stack.ts";
import { typicalOf } from "./thinning-evidence.ts";

/** The maps of one plane, in the region. */
export interface SpreadMap {
  plane: number;
  /**
   * In counts of the target, or of the output where there is no target; for an ensemble of sections without target in
   * standard deviations.
   */
  output: Plane;
  /** Divided by the data range: 0.1 is a tenth of it. */
  spread: Plane;
  /** The target, and the absolute error of the output divided by the data range. */
  known?: { target: Plane; error: Plane } | undefined;
}

/** Largest number of planes that are made and compared. */
export const maxPlanes = 5;

/** The target of the outputs of each plane, in the region; undefined where it is not known. */
export function targetOf(
  { task }: Pick<Candidate, "task">,
  { stack, truth, sharpest, region }: Pick<StudiedStack, "stack" | "truth" | "sharpest" | "region">,
): { name: "truth" | "sharpest plane"; of: (plane: number) => Plane } | undefined {
  if (task === "refocus") {
    const best = cropPlane(planeOf(stack, sharpest), region);
    return { name: "sharpest plane", of: () => best };
  }
  return truth && { name: "truth", of: (plane) => cropPlane(planeOf(truth, plane), region) };
}

/** All pixels of several planes in one array. */
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

/** Pixels as a plane with one row. */
export const rowOf = (data: Float32Array): Plane => ({ data, height: 1, width: data.length });

const scaled = (plane: Plane, factor: number): Plane => ({ ...plane, data: plane.data.map((value) => value * factor) });

/** An image of the region with its uncertainty, in the same counts. */
export interface UncertainPlane extends PlaneRequest {
  picture: Plane;
  deviation: Plane;
}

/**
 * Makes the maps of all planes. Sections with a target are brought to its counts by one fit for all planes, as for
 * scores (see {@link intensityFit}), and their deviation by the same gain; other images stay as they are.
 * @param dataRange of the targets; without targets the range of all images is used, between percentiles 0.1 and 99.9
 */
export function spreadMaps(
  { task }: Pick<Candidate, "task">,
  uncertain: readonly UncertainPlane[],
  targets: ReturnType<typeof targetOf>,
  dataRange: number,
): SpreadMap[] {
  const pictures = uncertain.map(({ picture }) => picture);
  const expected = targets && uncertain.map(({ plane }) => targets.of(plane));
  const fit = task === "section" && expected ? intensityFit(pictures, expected) : undefined;
  const outputs = fit ? pictures.map((one) => withIntensity(one, fit)) : pictures;
  const [low, high] = percentiles(joined(outputs), [0.1, 99.9]);
  // Images without contrast stay as they are.
  const range = targets ? dataRange : high - low || 1;
  return uncertain.map(({ plane, deviation }, i) => {
    const [output, target] = [outputs[i], expected?.[i]];
    return {
      plane,
      output,
      spread: scaled(deviation, (fit?.gain ?? 1) / range),
      known: target && {
        target,
        error: { ...output, data: output.data.map((value, k) => Math.abs(value - target.data[k]) / range) },
      },
    };
  });
}

/** The map that is shown: that of the plane which {@link typicalOf} chooses. */
export function typicalMap<M extends SpreadMap>(
  { task }: Pick<Candidate, "task">,
  maps: readonly M[],
  among: readonly PlaneRequest[],
  sharpest: number,
): M {
  const all = among.map((one) => ({ ...one, inRange: true, given: false }));
  const [typical] = typicalOf({ task }, all, sharpest);
  return maps.find(({ plane }) => plane === typical.plane) ?? maps[0];
}
