/** Measures the shift between the stacks of a pair, refuses pairs that are shifted, and registers them. */

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

/** The shift of a target from its input; positive towards larger coordinates. */
export interface PairShift {
  /** Planes. */
  dz: number;
  /** Pixels. */
  dy: number;
  dx: number;
  /** -1 to 1: the correlation of fine structure at this shift. */
  correlation: number;
}

/**
 * Smaller shifts are tolerated, since networks can learn from such pairs, although their outputs are slightly blurred.
 */
const maxShift = { pixels: 1.5, planes: 1.5 };
/** Below this correlation, input and target have too little in common for a reliable shift in z. */
const minCorrelation = 0.3;
/** Below this correlation, they may not show the same field at all. */
const minCommonCorrelation = 0.1;
/** Largest shift in z that is tested, planes, and the largest part of a stack that is used. */
const maxSearch = 10;
const maxExtent = { planes: 41, side: 512 };

/**
 * Measures the shift between two kinds of images of one field: laterally by phase correlation of the maximum
 * projections, then along z by the correlation of fine structure (between 1 and 8 pixels), refined by a parabola. A
 * shift that cannot be measured is 0.
 *
 * @param input a stack
 * @param target a stack of the same size
 */
export const measurePairShift = (input: Stack, target: Stack): PairShift =>
  runThrough(measurePairShiftSteps(input, target));

/** As {@link measurePairShift}, as work that yields after every plane: see breathe.ts. */
function* measurePairShiftSteps(input: Stack, target: Stack): Generator<void, PairShift> {
  const { dy, dx, quality, significance } = measureChannelShift(input, target);
  yield;
  const clear = significance > 1.5 * SIGNIFICANT && quality > 0.3;
  const sideways = clear ? { dy, dx } : { dy: 0, dx: 0 };
  const moved = translated(target, { dy: -Math.round(sideways.dy), dx: -Math.round(sideways.dx) });
  const a = yield* fineStructure(centreOf(input));
  const b = yield* fineStructure(centreOf(moved));
  const furthest = Math.min(maxSearch, a.length - 2);
  const at = (dz: number): number => (Math.abs(dz) > furthest ? Number.NEGATIVE_INFINITY : correlationAt(a, b, dz));
  let best = 0;
  for (let dz = -furthest; dz <= furthest; dz++) {
    if (at(dz) > at(best)) best = dz;
    yield;
  }
  const correlation = at(best);
  if (!(correlation > minCorrelation)) return { dz: 0, ...sideways, correlation: at(0) };
  const [before, after] = [at(best - 1), at(best + 1)];
  const bend = before - 2 * correlation + after;
  const refined = Number.isFinite(bend) && bend < 0 ? (0.5 * (before - after)) / bend : 0;
  return { dz: best + refined, ...sideways, correlation };
}

/**
 * Refuses a pair whose target is shifted, since a network would learn the shift, or a blur. Yields now and then: see
 * breathe.ts.
 * @returns a warning for a pair that has too little in common to measure a shift
 * @throws image.unfit naming the shift
 */
export function* checkRegistered(name: string, input: Stack, target: Stack): Generator<void, string | undefined> {
  const shift = yield* measurePairShiftSteps(input, target);
  const apart = shiftInWords(shift);
  if (apart === undefined) {
    const { correlation } = shift;
    if (correlation >= minCommonCorrelation) return undefined;
    return (
      `${name}: input and target have hardly anything in common (the correlation of their fine structure is ${correlation.toFixed(2)}). ` +
      "Check that they show the same field, or train without pairs (cycle-gan)."
    );
  }
  const detail = `the target is shifted by ${apart} from the input`;
  const message = `${name}: ${detail}, and a network would learn this shift. Register the two first with \`register\`.`;
  throw new ParfocalError("image.unfit", message, { path: name, detail });
}

/** The shift of a pair in words, for a sentence; undefined where it is small enough to be tolerated. */
export function shiftInWords({ dz, dy, dx }: PairShift): string | undefined {
  const apart = [
    ...(Math.hypot(dy, dx) > maxShift.pixels ? [`${dx.toFixed(1)} pixels in x and ${dy.toFixed(1)} in y`] : []),
    ...(Math.abs(dz) > maxShift.planes ? [`${dz.toFixed(1)} planes in z`] : []),
  ];
  return apart.length === 0 ? undefined : apart.join(" and ");
}

/**
 * Moves the target of a sample onto its input (laterally by Catmull-Rom interpolation, along z by whole planes) and
 * crops both to their overlap. A sample without target stays unchanged.
 *
 * @throws image.unfit for stacks of different sizes, or without overlap
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
    const detail = `input and target do not overlap after a shift of ${dx.toFixed(1)} pixels in x, ${dy.toFixed(1)} in y and ${dz} planes in z`;
    throw new ParfocalError("image.unfit", `${name}: ${detail}. Give stacks of the same field.`, {
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

/** Rows or columns of the input that the target covers. */
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

/** The centre of a large stack. */
function centreOf(stack: Stack): Stack {
  const depth = Math.min(maxExtent.planes, stack.depth);
  const span = (extent: number): [number, number] => {
    const start = Math.max(0, Math.floor((extent - maxExtent.side) / 2));
    return [start, Math.min(extent, start + maxExtent.side)];
  };
  const middle = planesOf(stack, Math.floor((stack.depth - depth) / 2), depth);
  return cropStack(middle, span(stack.height), span(stack.width));
}

/** Every plane without background and without the finest noise. */
function* fineStructure(stack: Stack): Generator<void, Float32Array[]> {
  const planes: Float32Array[] = [];
  for (let z = 0; z < stack.depth; z++) {
    const plane = planeOf(stack, z);
    const background = gaussianFilter(plane, 8).data;
    planes.push(gaussianFilter(plane, 1).data.map((value, i) => value - background[i]));
    yield;
  }
  return planes;
}

/**
 * Correlation of planes z of the input with planes z + dz of the target over all planes together, so that planes with
 * structure dominate.
 */
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
