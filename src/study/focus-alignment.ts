/**
 * How a model's virtual stack goes in and out of focus, beside the recorded one: from one plane out of focus the planes of the stack are
 * made, and their sharpness over z is compared with that of the recorded planes, as they are and after the shift in z that fits best, as
 * the review of virtual refocusing did. A right stack in the wrong place, and one that goes the wrong way, both score badly plane by plane;
 * here they are told apart. What gives its input back has a flat curve, which no shift can help.
 */
import { sampleAt } from "../array/resample.ts";
import { mean } from "../array/statistics.ts";
import { focusCurve, focusOf } from "../classical/focus/focus.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { nrmse, pearson } from "../metrics/metrics.ts";
import { type Candidate, canTake, canTravel, type Wanted } from "./candidate.ts";
import { cropToBox, type Subject } from "./subject.ts";

/** A point of a focus curve. */
export interface FocusPoint {
  /** From the sharpest plane of the stack, um. */
  z: number;
  /** Tenengrad of the region; 1 is that of the sharpest recorded plane. */
  sharpness: number;
}

/** The shift in z that brings a virtual focus curve onto the recorded one. */
export interface CurveAlignment {
  /** um: asked for z, the model gave what is at z + shift, by its sharpness. */
  shift: number;
  /** Pearson's correlation of the curves after that shift. */
  correlation: number;
  /** The same without a shift; NaN where fewer than half of the points lie in the recorded stack. */
  unshifted: number;
  /**
   * The same after the best of the shifts up to half of {@link FocusAlignment.largestShift}, by which directions are compared: larger ones
   * bring a reversed curve onto a broad recorded one. NaN as above.
   */
  nearby: number;
  /** Fisher's z of that, atanh(correlation) sqrt(points - 3): what curves without anything in common exceed at 2.9 in 1 of 500 cases, at one shift. NaN as above. */
  certainty: number;
  /**
   * How much more the outputs correlate with the recorded planes where that shift puts them than the untouched input does, pixel by pixel
   * (Pearson, mean of the differences); NaN as above.
   */
  imageGain: number;
  /**
   * Mean NRMSE of the outputs against the recorded planes where they belong after the shift (the nearest plane), and without it; over the
   * outputs that have both, NaN where none has. A shift that makes it worse is none: the curve has another shape than the recorded one.
   */
  error: number;
  unshiftedError: number;
}

/** The virtual stack made of one recorded plane. */
export interface VirtualStack {
  /** The input. */
  plane: number;
  /** Where it lies from the sharpest plane, um; below 0 it must be refocused up. */
  defocus: number;
  /** Its own sharpness: the flat curve of what does nothing. */
  inputSharpness: number;
  /** Over the z that were asked for, ascending. */
  curve: FocusPoint[];
  /** From the lowest to the highest point of the curve, as a share of the same of the recorded curve at the same z: 1 is right, 0 is flat. */
  amplitude: number;
  /** undefined where the curve is flat ({@link leastAmplitude}): there is nothing to align. */
  asAsked: CurveAlignment | undefined;
  /** The same of the curve reversed about its input, as if the model had taken up for down; undefined also where too little of that was recorded. */
  mirrored: CurveAlignment | undefined;
  /**
   * Which of both fits better ({@link CurveAlignment.nearby}); undefined where the curve is flat, one of both is not known, neither fits
   * ({@link leastCertainty}), both fit about alike ({@link leastLead}), as of a model that sharpens whatever the sign of the distance, or the
   * images do not follow ({@link CurveAlignment.imageGain}): of noise, one curve in three fits some shift.
   */
  direction: "right" | "wrong" | undefined;
  /** Mean NRMSE of the untouched input against the recorded planes of the curve. */
  inputError: number;
}

export interface FocusAlignment {
  /** Of all planes, ascending. */
  recorded: FocusPoint[];
  /** Shifts up to this were tried, um: half of how far the model reaches to one side, and the stack with it. */
  largestShift: number;
  /** From a plane below focus, and from one above; one of them where the stack or the range has no other. */
  stacks: VirtualStack[];
}

/** Planes of a virtual stack: fewer say nothing, more cost time (then every second is left out, or more). */
const [leastPlanes, mostPlanes] = [4, 11];
/** Below this share of the recorded amplitude a curve counts as flat. */
export const leastAmplitude = 0.1;
/** Below this certainty a curve does not fit. */
export const leastCertainty = 2.9;
/** By how much one direction must fit better than the other: a model that cannot know it (one plane in) came to 0.02 to 0.19, others to 0.4 and more. */
export const leastLead = 0.2;
/** Share of the points of a curve that must lie within the recorded stack after a shift. */
const leastOverlap = 0.5;
/** Share of the largest shift up to which directions are compared. */
const nearShare = 0.5;
/** Shifts that are tried for each plane of the stack. */
const shiftsPerPlane = 20;

/**
 * From the planes half of the candidate's reach below and above focus, makes the stack's planes within its range, of the subject's region.
 * @param whole the recorded stack, on which brightness is measured
 * @returns undefined for what makes sections, and where no plane has four planes within range
 * @throws interrupted, and what the candidate throws
 */
export async function focusAlignment(
  candidate: Candidate,
  { stack, sharpest, region }: Pick<Subject, "stack" | "sharpest" | "region">,
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
    .map((plane) => ({ plane, wanted: requests(candidate, range, plane, stack, sharpest) }))
    .filter(({ wanted }) => wanted.length >= leastPlanes);
  if (asked.length === 0) return undefined;
  const outputs = await candidate.make(
    part,
    whole,
    asked.flatMap(({ wanted }) => wanted),
    signal,
  );
  const sharpness = focusCurve(part);
  const highest = Math.max(...sharpness);
  const recorded: Recorded = { part, step, sharpest, curve: Float64Array.from(sharpness, (value) => value / highest) };
  let next = 0;
  const stacks = asked.map(({ plane, wanted }) => {
    const made = wanted.map(({ distance }): Made => {
      const output = outputs[next++];
      return { offset: Math.round(distance / step), output, sharpness: focusOf(output) / highest };
    });
    return virtualStack(recorded, plane, made, reach / 2);
  });
  return {
    recorded: Array.from(recorded.curve, (value, z) => ({ z: (z - sharpest) * step, sharpness: value })),
    largestShift: reach / 2,
    stacks,
  };
}

/** Evenly spaced planes within range, the sharpest among them where it can be. */
function requests(
  candidate: Candidate,
  [low, high]: readonly [number, number],
  plane: number,
  { depth, zStep }: Subject["stack"],
  sharpest: number,
): Wanted[] {
  const all = Array.from({ length: depth }, (_, z) => ({ z, distance: (z - plane) * zStep })).filter(
    ({ distance }) => distance >= low - 1e-6 && distance <= high + 1e-6 && canTravel(candidate, distance),
  );
  const every = Math.ceil(all.length / mostPlanes);
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
  /** Sharpness of every plane. */
  curve: Float64Array;
}

/** An output, asked for so many planes from its input. */
interface Made {
  offset: number;
  output: Plane;
  sharpness: number;
}

function virtualStack(recorded: Recorded, plane: number, made: readonly Made[], largestShift: number): VirtualStack {
  const { part, step, sharpest, curve } = recorded;
  const own = made.map(({ offset }) => plane + offset);
  const amplitude = extentOf(made.map(({ sharpness }) => sharpness)) / extentOf(own.map((z) => curve[z]));
  const input = planeOf(part, plane);
  const aligned = (sign: 1 | -1): CurveAlignment | undefined => {
    if (!(amplitude >= leastAmplitude)) return undefined;
    const points = made.map(({ offset, ...one }) => ({ ...one, at: plane + sign * offset }));
    return align(recorded, input, points, largestShift);
  };
  const [asAsked, mirrored] = [aligned(1), aligned(-1)];
  return {
    plane,
    defocus: (plane - sharpest) * step,
    inputSharpness: curve[plane],
    curve: made.map(({ sharpness }, i) => ({ z: (own[i] - sharpest) * step, sharpness })),
    amplitude,
    asAsked,
    mirrored,
    direction: directionOf(asAsked, mirrored),
    inputError: mean(own.map((z) => nrmse(input, planeOf(part, z)))),
  };
}

/** A point of a virtual curve, and where it belongs: a plane of the stack, or outside it. */
interface Placed {
  at: number;
  output: Plane;
  sharpness: number;
}

function align(
  { part, step, curve }: Recorded,
  input: Plane,
  points: readonly Placed[],
  largestShift: number,
): CurveAlignment | undefined {
  const last = part.depth - 1;
  const within = (z: number): boolean => z > -1e-6 && z < last + 1e-6;
  const least = Math.max(leastPlanes, leastOverlap * points.length);
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
  const most = Math.floor((largestShift / step) * shiftsPerPlane + 1e-6);
  // The smallest shift first, so that it is kept where several fit alike.
  const shifts = Array.from({ length: 2 * most + 1 }, (_, k) => (k % 2 === 1 ? -(k + 1) : k) / 2 / shiftsPerPlane);
  const tried = shifts.map(fitAt);
  const best = bestOf(tried);
  if (best === undefined) return undefined;
  const near = bestOf(tried.filter(({ shift }) => Math.abs(shift * step) <= largestShift * nearShare + 1e-6));
  // Images lie on planes: where they belong after a shift is rounded to the nearest.
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

/** How well the curves fit after a shift, planes, by so many points. */
interface Fit {
  shift: number;
  correlation: number;
  points: number;
}

/** The first of the best fits; undefined where there is none. */
function bestOf(fits: readonly Fit[]): Fit | undefined {
  const known = fits.filter(({ correlation }) => Number.isFinite(correlation));
  return known.reduce<Fit | undefined>((a, b) => (a && b.correlation <= a.correlation + 1e-9 ? a : b), undefined);
}

function directionOf(
  asAsked: CurveAlignment | undefined,
  mirrored: CurveAlignment | undefined,
): VirtualStack["direction"] {
  if (asAsked === undefined || mirrored === undefined) return undefined;
  // NaN where one of both is not known, as from a plane at the end of the stack: then nothing can be said.
  const lead = asAsked.nearby - mirrored.nearby;
  const { certainty, imageGain } = lead > 0 ? asAsked : mirrored;
  if (!(Math.abs(lead) >= leastLead && certainty >= leastCertainty && imageGain > 0)) return undefined;
  return lead > 0 ? "right" : "wrong";
}

function correlationOf(a: readonly number[], b: readonly number[]): number {
  const row = (values: readonly number[]) => ({ data: Float64Array.from(values), height: 1, width: values.length });
  return pearson(row(a), row(b));
}

const extentOf = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
