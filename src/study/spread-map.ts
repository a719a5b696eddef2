/** A picture beside how far it may be wrong, and how far it is: what maps of spread are made of. */
import { percentiles } from "../array/statistics.ts";
import { type Plane, planeOf } from "../image/image.ts";
import { intensityFit, withIntensity } from "../metrics/intensity-fit.ts";
import type { Candidate, PlaneRequest } from "./candidate.ts";
import { cropPlane, type StudiedStack } from "./studied-stack.ts";
import { typicalOf } from "./thinning-evidence.ts";

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

/** Planes that are made and compared, at most. */
export const maxPlanes = 5;

/** What outputs of a plane should be, in the region. */
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

const scaled = (plane: Plane, factor: number): Plane => ({ ...plane, data: plane.data.map((value) => value * factor) });

/** A picture of the region with what is told of its doubt, in the same counts. */
export interface Doubted extends PlaneRequest {
  picture: Plane;
  deviation: Plane;
}

/**
 * Maps of all planes. Sections with a target are brought to its counts by one fit for all planes, as for scores (see {@link intensityFit}),
 * and their deviation by the same gain; others stay as they are.
 * @param dataRange of the targets; without targets that of all pictures is taken, their percentiles 0.1 to 99.9
 */
export function spreadMaps(
  { task }: Pick<Candidate, "task">,
  doubted: readonly Doubted[],
  targets: ReturnType<typeof targetOf>,
  dataRange: number,
): SpreadMap[] {
  const pictures = doubted.map(({ picture }) => picture);
  const expected = targets && doubted.map(({ plane }) => targets.of(plane));
  const fit = task === "section" && expected ? intensityFit(pictures, expected) : undefined;
  const outputs = fit ? pictures.map((one) => withIntensity(one, fit)) : pictures;
  const [low, high] = percentiles(joined(outputs), [0.1, 99.9]);
  // Pictures without contrast stay as they are.
  const range = targets ? dataRange : high - low || 1;
  return doubted.map(({ plane, deviation }, i) => {
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

/** The map to be looked at: of a plane as {@link typicalOf} chooses it. */
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
