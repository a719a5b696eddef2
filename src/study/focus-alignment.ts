/**
 * Compares how sharpness changes over z in a model's virtual stack and in the recorded one. From one plane out of
 * focus, the model makes the planes of the stack. The curve of their sharpness over z is compared with that of the
 * recorded planes, both as it is and after the shift in z that fits best, as in the review of virtual refocusing. A
 * correct stack in the wrong place and a stack in the wrong direction both score badly plane by plane; this comparison
 * tells them apart. If a model returns its input unchanged, the curve is flat, and no shift makes it fit.
 */
import { sampleAt } from "../array/resample.ts";
import { mean } from "../array/statistics.ts";
import { focusCurve, focusOf } from "../classical/focus/focus.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { nrmse, pearson } from "../metrics/metrics.ts";
import { type Candidate, canTake, canTravel, type PlaneRequest } from "./candidate.ts";
import { cropToBox, type StudiedStack } from "./studied-stack.ts";

/** A point of a focus curve. */
export interface FocusPoint {
  /** Height above the sharpest plane of the stack, um. */
  z: number;
  /** Tenengrad of the region, divided by that of the sharpest recorded plane. */
  sharpness: number;
}

/** The shift in z that brings a virtual focus curve onto the recorded one. */
export interface CurveAlignment {
  /** um. When z was requested, the sharpness of the output is that of the recorded plane at z + shift. */
  shift: number;
  /** Pearson's correlation of the curves after that shift. */
  correlation: number;
  /** The same without a shift; NaN where fewer than half of the points lie in the recorded stack. */
  unshifted: number;
  /**
   * The same after the best shift up to half of {@link FocusAlignment.maxShift}, used to compare directions. Larger
   * shifts could bring a reversed curve onto a broad recorded one. NaN as above.
   */
  nearby: number;
  /**
   * Fisher's z of `nearby`, atanh(correlation) sqrt(points - 3). For unrelated curves it exceeds 2.9 in 1 of 500 cases,
   * at one shift. NaN as above.
   */
  certainty: number;
  /**
   * How much better the outputs correlate with the recorded planes after that shift than the unchanged input does
   * (Pearson's correlation of the pixels, mean of the differences); NaN as above.
   */
  imageGain: number;
  /**
   * Mean NRMSE of the outputs against the nearest recorded planes after the shift, and without it, over the outputs
   * that have both; NaN where none has. If the shift makes the error larger, the stack is not shifted, but its curve
   * has another shape than the recorded one.
   */
  error: number;
  unshiftedError: number;
}

/** The virtual stack made from one recorded plane. */
export interface VirtualStack {
  /** The input plane, counted from 0. */
  plane: number;
  /** Its height above the sharpest plane, um. If it is below 0, the plane must be refocused upwards. */
  defocus: number;
  /** Sharpness of the input plane, which is the flat curve of a model that returns its input unchanged. */
  inputSharpness: number;
  /** Sharpness over the requested z, ascending. */
  curve: FocusPoint[];
  /**
   * Height of the curve from its lowest to its highest point, divided by that of the recorded curve at the same z: 1 is
   * right, 0 is flat.
   */
  amplitude: number;
  /** Undefined where the curve is flat (`minAmplitude`), so that there is nothing to align. */
  asRequested: CurveAlignment | undefined;
  /**
   * The same for the curve mirrored about its input, as if the model had mistaken up for down; undefined also where too
   * little of that range was recorded.
   */
  reversed: CurveAlignment | undefined;
  /**
   * Which of the two fits better (`nearby`). Undefined where the curve is flat, where one of the
   * two is not known, where neither fits (`minCertainty`), where both fit about equally well (`minLead`),
   * as for a model that sharpens independently of the sign of the distance, or where the images do not follow (`imageGain`), since one in three curves of noise fits some shift.
   */
  direction: "right" | "wrong" | undefined;
  /** Mean NRMSE of the unchanged input against the recorded planes of the curve. */
  inputError: number;
}

export interface FocusAlignment {
  /** The recorded focus curve over all planes, ascending. */
  recorded: FocusPoint[];
  /** Largest shift that was tried, um: half of the distance over which both model and stack reach to one side. */
  maxShift: number;
  /**
   * One virtual stack from a plane below focus and one from a plane above; only one where stack or range do not allow
   * both.
   */
  stacks: VirtualStack[];
}

/**
 * Smallest number of planes of a virtual stack, and the largest, which limits the time (planes between are left out).
 */
const [minPlanes, maxPlanes] = [4, 11];
/** Below this share of the recorded amplitude a curve counts as flat. */
export const minAmplitude = 0.1;
/** Below this certainty a curve counts as not fitting. */
const minCertainty = 2.9;
/**
 * The correlation in one direction must exceed that in the other by this much. Models with one input plane, which
 * cannot know the direction, reached 0.02 to 0.19, other models 0.4 and more.
 */
export const minLead = 0.2;
/** Share of the points of a curve that must lie within the recorded stack after a shift. */
const minOverlap = 0.5;
/** Share of the largest shift up to which directions are compared. */
const nearShare = 0.5;
/** Shifts that are tried for each plane of the stack. */
const shiftsPerPlane = 20;

/**
 * Takes the planes at half of the candidate's reach below and above focus, and makes from each the planes of the stack
 * within range, in the region.
 * @param whole the recorded stack, on which brightness is measured
 * @returns undefined for candidates that make sections, and where no input has four planes within range
 * @throws interrupted, and what the candidate throws
 */
export async function focusAlignment(
  candidate: Candidate,
  { stack, sharpest, region }: Pick<StudiedStack, "stack" | "sharpest" | "region">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<FocusAlignment | undefined> {
  const { range } = candidate;
  if (candidate.task !== "refocus" || range === undefined) return undefined;
  const part = cropToBox(stack, region);
  const step = stack.zStep;
  const reach = Math.min(Math.max(-range[0], range[1]), ((stack.depth - 1) / 2) * step);
  const apart = Math.max(1, Math.round(reach / 2 / step));
  const asked = [sharpest - apart, sharpest + apart]
    .filter((plane) => canTake(candidate, stack, plane))
    .map((plane) => ({ plane, requests: requestsFrom(candidate, range, plane, stack, sharpest) }))
    .filter(({ requests }) => requests.length >= minPlanes);
  if (asked.length === 0) return undefined;
  const outputs = await candidate.make(
    part,
    whole,
    asked.flatMap(({ requests }) => requests),
    signal,
  );
  const sharpness = focusCurve(part);
  const highest = Math.max(...sharpness);
  const recorded: Recorded = { part, step, sharpest, curve: Float64Array.from(sharpness, (value) => value / highest) };
  let next = 0;
  const stacks = asked.map(({ plane, requests }) => {
    const made = requests.map(({ distance }): Made => {
      const output = outputs[next++];
      return { offset: Math.round(distance / step), output, sharpness: focusOf(output) / highest };
    });
    return virtualStack(recorded, plane, made, reach / 2);
  });
  return {
    recorded: Array.from(recorded.curve, (value, z) => ({ z: (z - sharpest) * step, sharpness: value })),
    maxShift: reach / 2,
    stacks,
  };
}

/** Evenly spaced planes within range, with the sharpest plane among them if possible. */
function requestsFrom(
  candidate: Candidate,
  [low, high]: readonly [number, number],
  plane: number,
  { depth, zStep }: StudiedStack["stack"],
  sharpest: number,
): PlaneRequest[] {
  const all = Array.from({ length: depth }, (_, z) => ({ z, distance: (z - plane) * zStep })).filter(
    ({ distance }) => distance >= low - 1e-6 && distance <= high + 1e-6 && canTravel(candidate, distance),
  );
  const every = Math.ceil(all.length / maxPlanes);
  const nearest = all.reduce(
    (best, { z }, i) => (Math.abs(z - sharpest) < Math.abs(all[best].z - sharpest) ? i : best),
    0,
  );
  return all.filter((_, i) => (i - nearest) % every === 0).map(({ distance }) => ({ plane, distance }));
}

interface Recorded {
  part: Stack;
  /** um */
  step: number;
  sharpest: number;
  /** Sharpness of every plane, at most 1. */
  curve: Float64Array;
}

/** An output, and the number of planes from the input to its target. */
interface Made {
  offset: number;
  output: Plane;
  sharpness: number;
}

function virtualStack(recorded: Recorded, plane: number, made: readonly Made[], maxShift: number): VirtualStack {
  const { part, step, sharpest, curve } = recorded;
  const own = made.map(({ offset }) => plane + offset);
  const amplitude = extentOf(made.map(({ sharpness }) => sharpness)) / extentOf(own.map((z) => curve[z]));
  const input = planeOf(part, plane);
  const aligned = (sign: 1 | -1): CurveAlignment | undefined => {
    if (!(amplitude >= minAmplitude)) return undefined;
    const points = made.map(({ offset, ...one }) => ({ ...one, at: plane + sign * offset }));
    return align(recorded, input, points, maxShift);
  };
  const [asRequested, reversed] = [aligned(1), aligned(-1)];
  return {
    plane,
    defocus: (plane - sharpest) * step,
    inputSharpness: curve[plane],
    curve: made.map(({ sharpness }, i) => ({ z: (own[i] - sharpest) * step, sharpness })),
    amplitude,
    asRequested,
    reversed,
    direction: directionOf(asRequested, reversed),
    inputError: mean(own.map((z) => nrmse(input, planeOf(part, z)))),
  };
}

/** A point of a virtual curve and its place in the recorded stack, in planes, which may lie outside it. */
interface Placed {
  at: number;
  output: Plane;
  sharpness: number;
}

function align(
  { part, step, curve }: Recorded,
  input: Plane,
  points: readonly Placed[],
  maxShift: number,
): CurveAlignment | undefined {
  const last = part.depth - 1;
  const within = (z: number): boolean => z > -1e-6 && z < last + 1e-6;
  const least = Math.max(minPlanes, minOverlap * points.length);
  const row = { data: curve, height: 1, width: curve.length };
  const fitAt = (shift: number): Fit => {
    const inside = points.filter(({ at }) => within(at + shift));
    if (inside.length < least) return { shift, correlation: Number.NaN, points: inside.length };
    const [virtual, recorded] = [
      inside.map(({ sharpness }) => sharpness),
      inside.map(({ at }) => sampleAt(row, 0, at + shift, "cubic")),
    ];
    return { shift, correlation: correlationOf(virtual, recorded), points: inside.length };
  };
  const most = Math.floor((maxShift / step) * shiftsPerPlane + 1e-6);
  // Small shifts come first, so that the smallest one is kept where several fit equally well.
  const shifts = Array.from({ length: 2 * most + 1 }, (_, k) => (k % 2 === 1 ? -(k + 1) : k) / 2 / shiftsPerPlane);
  const tried = shifts.map(fitAt);
  const best = bestOf(tried);
  if (best === undefined) return undefined;
  const near = bestOf(tried.filter(({ shift }) => Math.abs(shift * step) <= maxShift * nearShare + 1e-6));
  // Images exist only at whole planes, so their place after a shift is rounded to the nearest plane.
  const placed = (shift: number): Placed[] => points.filter(({ at }) => within(Math.round(at + shift)));
  const there = ({ at }: Placed, shift: number): Plane => planeOf(part, Math.round(at + shift));
  const both = placed(best.shift).filter(({ at }) => within(at));
  const errorAfter = (shift: number): number => mean(both.map((one) => nrmse(one.output, there(one, shift))));
  const gainAfter = (shift: number): number =>
    mean(placed(shift).map((one) => pearson(one.output, there(one, shift)) - pearson(input, there(one, shift))));
  return {
    shift: best.shift * step,
    correlation: best.correlation,
    unshifted: tried[0].correlation,
    nearby: near?.correlation ?? Number.NaN,
    certainty: near ? Math.atanh(Math.min(near.correlation, 1 - 1e-9)) * Math.sqrt(near.points - 3) : Number.NaN,
    imageGain: near ? gainAfter(near.shift) : Number.NaN,
    error: errorAfter(best.shift),
    unshiftedError: errorAfter(0),
  };
}

/** The correlation of the curves after a shift (in planes), and the number of points behind it. */
interface Fit {
  shift: number;
  correlation: number;
  points: number;
}

/** The first of the best fits; undefined where no fit is known. */
function bestOf(fits: readonly Fit[]): Fit | undefined {
  const known = fits.filter(({ correlation }) => Number.isFinite(correlation));
  return known.reduce<Fit | undefined>((a, b) => (a && b.correlation <= a.correlation + 1e-9 ? a : b), undefined);
}

function directionOf(
  asRequested: CurveAlignment | undefined,
  reversed: CurveAlignment | undefined,
): VirtualStack["direction"] {
  if (asRequested === undefined || reversed === undefined) return undefined;
  // NaN where one of the two is not known, as for a plane at the end of the stack; then the direction stays undefined.
  const lead = asRequested.nearby - reversed.nearby;
  const { certainty, imageGain } = lead > 0 ? asRequested : reversed;
  if (!(Math.abs(lead) >= minLead && certainty >= minCertainty && imageGain > 0)) return undefined;
  return lead > 0 ? "right" : "wrong";
}

function correlationOf(a: readonly number[], b: readonly number[]): number {
  const row = (values: readonly number[]) => ({ data: Float64Array.from(values), height: 1, width: values.length });
  return pearson(row(a), row(b));
}

const extentOf = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
