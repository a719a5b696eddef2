/** Pairs of stacks that do not show the same place: found, refused, and registered. */

import { runThrough } from "../array/breathe.ts";
import { gaussianFilter } from "../array/filters.ts";
import { SIGNIFICANT } from "../array/phase-correlation.ts";
import { measureChannelShift } from "../array/registration.ts";
import { translate } from "../array/resample.ts";
import { ParfocalError } from "../errors.ts";
import { cropStack } from "../image/crop.ts";
import { planeOf, type Stack } from "../image/image.ts";
import type { NamedStack } from "../image/named-stack.ts";
import { requirePairable } from "../image/pairable.ts";

/** How far the content of a target lies from that of its input, towards larger coordinates where positive. */
export interface PairShift {
  /** Planes. */
  dz: number;
  /** Pixels. */
  dy: number;
  dx: number;
  /** -1 to 1: the correlation of fine structure at this shift. */
  correlation: number;
}

/** Shifts up to here are left alone: networks learn from such pairs, if somewhat blurred. */
const tolerable = { pixels: 1.5, planes: 1.5 };
/** Below this correlation input and target have too little in common for a shift in z to be believed. */
const believable = 0.3;
/** Below this one they may not show the same place at all. */
const strange = 0.1;
/** Largest shift in z that is looked for, planes, and the part of a stack that is looked at. */
const reach = 10;
const most = { planes: 41, side: 512 };

/**
 * The shift between two kinds of images of one field: sideways by phase correlation of the maximum projections, then along z to
 * the planes whose fine structure (between 1 and 8 pixels) correlates best, refined by a parabola. What cannot be told is 0.
 *
 * @param input, target stacks of the same size
 */
export const measurePairShift = (input: Stack, target: Stack): PairShift =>
  runThrough(measurePairShiftSteps(input, target));

/** As {@link measurePairShift}, as work that yields after every plane: see breathe.ts. */
export function* measurePairShiftSteps(input: Stack, target: Stack): Generator<void, PairShift> {
  const { dy, dx, quality, significance } = measureChannelShift(input, target);
  yield;
  const clear = significance > 1.5 * SIGNIFICANT && quality > 0.3;
  const sideways = clear ? { dy, dx } : { dy: 0, dx: 0 };
  const moved = translated(target, { dy: -Math.round(sideways.dy), dx: -Math.round(sideways.dx) });
  const a = yield* fineStructure(centreOf(input));
  const b = yield* fineStructure(centreOf(moved));
  const furthest = Math.min(reach, a.length - 2);
  const at = (dz: number): number => (Math.abs(dz) > furthest ? Number.NEGATIVE_INFINITY : correlationAt(a, b, dz));
  let best = 0;
  for (let dz = -furthest; dz <= furthest; dz++) {
    if (at(dz) > at(best)) best = dz;
    yield;
  }
  const correlation = at(best);
  if (!(correlation > believable)) return { dz: 0, ...sideways, correlation: at(0) };
  const [before, after] = [at(best - 1), at(best + 1)];
  const bend = before - 2 * correlation + after;
  const refined = Number.isFinite(bend) && bend < 0 ? (0.5 * (before - after)) / bend : 0;
  return { dz: best + refined, ...sideways, correlation };
}

/**
 * Refuses a pair whose input and target lie apart: a network would learn the shift, or a blur. Yields now and then: see breathe.ts.
 * @returns a sentence for a pair that has so little in common that nothing can be said
 * @throws image.unfit naming the shift
 */
export function* checkRegistered(name: string, input: Stack, target: Stack): Generator<void, string | undefined> {
  const shift = yield* measurePairShiftSteps(input, target);
  const apart = shiftInWords(shift);
  if (apart === undefined) {
    const { correlation } = shift;
    if (correlation >= strange) return undefined;
    return (
      `${name}: input and target have hardly anything in common (correlation ${correlation.toFixed(2)} of their fine structure): ` +
      "check that they show the same field, or train without pairs (cycle-gan)."
    );
  }
  const detail = `the target lies ${apart} from the input`;
  const message = `${name}: ${detail}, and a network would learn the shift; register the two first (\`register\` does).`;
  throw new ParfocalError("image.unfit", message, { path: name, detail });
}

/** How far a pair lies apart, for a sentence; undefined where it is little enough to be left alone. */
export function shiftInWords({ dz, dy, dx }: PairShift): string | undefined {
  const apart = [
    ...(Math.hypot(dy, dx) > tolerable.pixels ? [`${dx.toFixed(1)} pixels in x and ${dy.toFixed(1)} in y`] : []),
    ...(Math.abs(dz) > tolerable.planes ? [`${dz.toFixed(1)} planes in z`] : []),
  ];
  return apart.length === 0 ? undefined : apart.join(" and ");
}

/**
 * Moves the target of a sample onto its input (sideways by Catmull-Rom interpolation, along z by whole planes) and cuts both to
 * what they share. A sample without target stays as it is.
 *
 * @throws image.unfit for stacks of different sizes, or that lie so far apart that nothing is shared
 */
export function registerTarget(sample: NamedStack): { sample: NamedStack; shift: PairShift | undefined } {
  const { name, stack, target } = sample;
  if (!target) return { sample, shift: undefined };
  requirePairable([name, stack], ["its target", target]);
  const shift = measurePairShift(stack, target);
  const { dy, dx } = shift;
  const dz = Math.round(shift.dz);
  const moved = translated(target, { dy: -dy, dx: -dx });
  const depth = stack.depth - Math.abs(dz);
  const [rows, columns] = [shared(stack.height, dy), shared(stack.width, dx)];
  if (depth < 1 || rows[0] >= rows[1] || columns[0] >= columns[1]) {
    const detail = `input and target share nothing at a shift of ${dx.toFixed(1)}, ${dy.toFixed(1)} pixels and ${dz} planes`;
    throw new ParfocalError("image.unfit", `${name}: ${detail}; give stacks of the same field.`, {
      path: name,
      detail,
    });
  }
  const part = (whole: Stack, first: number): Stack => cropStack(planesOf(whole, first, depth), rows, columns);
  return {
    sample: { ...sample, stack: part(stack, Math.max(0, -dz)), target: part(moved, Math.max(0, dz)) },
    shift,
  };
}

/** Rows or columns of the input that the target reaches. */
function shared(extent: number, shift: number): [number, number] {
  return [Math.max(0, Math.ceil(-shift - 1e-6)), Math.min(extent, extent - Math.ceil(shift - 1e-6))];
}

function planesOf(stack: Stack, first: number, depth: number): Stack {
  const size = stack.height * stack.width;
  return { ...stack, data: stack.data.subarray(first * size, (first + depth) * size), depth };
}

function translated(stack: Stack, shift: { dy: number; dx: number }): Stack {
  if (shift.dy === 0 && shift.dx === 0) return stack;
  const data = new Float32Array(stack.data.length);
  const size = stack.height * stack.width;
  for (let z = 0; z < stack.depth; z++) data.set(translate(planeOf(stack, z), shift).data, z * size);
  return { ...stack, data };
}

/** The middle of a large stack. */
function centreOf(stack: Stack): Stack {
  const depth = Math.min(most.planes, stack.depth);
  const span = (extent: number): [number, number] => {
    const start = Math.max(0, Math.floor((extent - most.side) / 2));
    return [start, Math.min(extent, start + most.side)];
  };
  const middle = planesOf(stack, Math.floor((stack.depth - depth) / 2), depth);
  return cropStack(middle, span(stack.height), span(stack.width));
}

/** Every plane without its haze and its finest grain. */
function* fineStructure(stack: Stack): Generator<void, Float32Array[]> {
  const planes: Float32Array[] = [];
  for (let z = 0; z < stack.depth; z++) {
    const plane = planeOf(stack, z);
    const haze = gaussianFilter(plane, 8).data;
    planes.push(gaussianFilter(plane, 1).data.map((value, i) => value - haze[i]));
    yield;
  }
  return planes;
}

/** Correlation of planes z of the input with planes z + dz of the target, all together, so that planes with structure decide. */
function correlationAt(input: readonly Float32Array[], target: readonly Float32Array[], dz: number): number {
  let [both, a, b] = [0, 0, 0];
  for (let z = Math.max(0, -dz); z < Math.min(input.length, target.length - dz); z++) {
    const [x, y] = [input[z], target[z + dz]];
    for (let i = 0; i < x.length; i++) {
      both += x[i] * y[i];
      a += x[i] * x[i];
      b += y[i] * y[i];
    }
  }
  return a > 0 && b > 0 ? both / Math.sqrt(a * b) : 0;
}
