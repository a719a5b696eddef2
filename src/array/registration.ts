/** Sideways shifts, in pixels: between two planes, between two channels, and as a drift over the planes of a stack. */
import { runThrough } from "./breathe.ts";
import { commonMotionSteps } from "./common-motion.ts";
import type { Grid } from "./grid.ts";
import { createCorrelator, type Shift, SIGNIFICANT, type Spectrum } from "./phase-correlation.ts";
import { resize } from "./resample.ts";
import { solvePositive } from "./solve-linear.ts";

export type { Shift } from "./phase-correlation.ts";

/** Planes of one size, `[z, y, x]`; a `Stack` is one. */
export interface Planes {
  data: Float32Array;
  depth: number;
  height: number;
  width: number;
}

/** Larger planes are averaged down to this: drift of interest is larger than the loss, and time stays in seconds. */
const LARGEST_SIDE = 1024;
const MOST_PLANES = 64;

/**
 * How far the content of `moving` lies from that of `fixed`.
 * @param fixed a plane
 * @param moving a plane of the same size
 */
export function measureShift(fixed: Grid, moving: Grid): Shift {
  const correlator = createCorrelator(fixed.height, fixed.width);
  return correlator.compare(correlator.transform(fixed), correlator.transform(moving));
}

/**
 * How far channel `moving` lies from channel `fixed` of the same field, from their maximum projections.
 * @returns the shift, and whether it is worth a warning: more than a pixel, and beyond chance
 */
export function measureChannelShift(fixed: Planes, moving: Planes): Shift & { unregistered: boolean } {
  const shift = measureShift(maximumProjection(fixed), maximumProjection(moving));
  const clear = shift.significance > 1.5 * SIGNIFICANT && shift.quality > 0.3;
  return { ...shift, unregistered: clear && Math.hypot(shift.dy, shift.dx) > 1 };
}

/** Sideways drift over the planes of a stack. */
export interface Drift {
  /** Position of every plane relative to the first, pixels. */
  path: { dy: number; dx: number }[];
  /** Largest distance between the positions of two planes, pixels. Means something only where {@link finding} is not "unknown". */
  range: number;
  /** Standard error of the drift over the whole stack, pixels: what parts of the field and of the spectrum disagree by. */
  standardError: number;
  /**
   * "drifted": the common motion of all parts is beyond chance, and more than 1.5 pixels. "steady": a drift of two pixels would have been
   * seen. "unknown": structure through focus may hide or pretend as much (a single nucleus, an empty field, few planes).
   */
  finding: "drifted" | "steady" | "unknown";
  /** 0 to 1: the probability that the finding is right, by the standard error; 0 where it is unknown. */
  confidence: number;
  /** True when the stack should not be used without registering it. */
  drifted: boolean;
}

/**
 * Standard errors that a motion must reach. By chance a vector is that long with probability exp(-2^2) = 2 %; how often it really happens is
 * measured in bench/stack-faults.bench.ts.
 */
const SIGNIFICANT_MOTION = 2;
/** A single step of a path must be longer, pixels, and twice as significant: there are many steps to choose the longest from. */
const CLEAR_JUMP = 2;
/** Less drift than this is no reason to register, pixels. */
const LEAST_DRIFT = 1.5;
/** A stack is called steady where a drift of SEEN_DRIFT would have been seen, and less than SMALL_DRIFT was, pixels. */
const SEEN_DRIFT = 2;
const SMALL_DRIFT = 1;

/**
 * Drift over z. Whether there is any is inferred from the motion that all parts of the field share (`commonMotionSteps`); the path, where shifts
 * between planes 1, 2, 4 and 8 apart agree on one (least squares, with less weight for those that disagree: Cauchy), is theirs, and
 * otherwise straight.
 */
export const measureDrift = (stack: Planes): Drift => runThrough(measureDriftSteps(stack));

/** As {@link measureDrift}, as work that yields after every plane: see breathe.ts. */
export function* measureDriftSteps(stack: Planes): Generator<void, Drift> {
  const { depth } = stack;
  const stride = Math.ceil(depth / MOST_PLANES);
  const chosen = Array.from({ length: Math.ceil(depth / stride) }, (_, i) => i * stride);
  const still = chosen.map(() => ({ dy: 0, dx: 0 }));
  if (chosen.length < 2) {
    const standardError = Number.POSITIVE_INFINITY;
    return { path: still, range: 0, standardError, finding: "unknown", confidence: 0, drifted: false };
  }
  const planes = sampled(stack, chosen);
  const agreed = yield* agreedPath(planes);
  const last = agreed.path[chosen.length - 1];
  const steps = chosen.length - 1;
  const starts = [{ dy: 0, dx: 0 }];
  // A slower motion is found from rest.
  if (agreed.confidence > 0.7 && Math.hypot(last.dy, last.dx) > 1.5 * steps)
    starts.push({ dy: last.dy / steps, dx: last.dx / steps });
  const motion = yield* commonMotionSteps(planes, starts);

  const scale = stack.height / planes.height;
  const straight = steps * Math.hypot(motion.dy, motion.dx) * scale;
  const standardError = steps * motion.standardError * scale;
  // Where whole planes agree on a path without drift, leaning structure has moved the phases.
  const contradicted =
    agreed.confidence > 0.7 &&
    (rangeOf(agreed.path) * scale <= LEAST_DRIFT || rangeOf(agreed.path) * scale > 3 * straight);
  const drifting = !contradicted && straight > LEAST_DRIFT && straight > SIGNIFICANT_MOTION * standardError;
  const moved = drifting || (agreed.confidence > 0.9 && (yield* jumped(planes, agreed.path)));
  const line = still.map((_, z) => ({ dy: z * motion.dy, dx: z * motion.dx }));
  const positions = (moved && agreed.confidence > 0.7 ? agreed.path : line).map(({ dy, dx }) => ({
    dy: dy * scale,
    dx: dx * scale,
  }));
  const path = Array.from({ length: depth }, (_, z) => {
    const at = Math.min(z / stride, steps);
    const before = positions[Math.floor(at)];
    const after = positions[Math.ceil(at)];
    const f = at - Math.floor(at);
    return { dy: before.dy + f * (after.dy - before.dy), dx: before.dx + f * (after.dx - before.dx) };
  });
  const range = rangeOf(path);
  const finding = moved
    ? "drifted"
    : range <= SMALL_DRIFT && SIGNIFICANT_MOTION * standardError <= SEEN_DRIFT
      ? "steady"
      : "unknown";
  const chance =
    finding === "unknown"
      ? 1
      : Math.exp(
          -(((moved ? Math.max(straight, SIGNIFICANT_MOTION * standardError) : SEEN_DRIFT) / standardError) ** 2),
        );
  return { path, range, standardError, finding, confidence: 1 - chance, drifted: finding === "drifted" };
}

/** Largest distance between two positions of a path. */
function rangeOf(path: readonly { dy: number; dx: number }[]): number {
  let range = 0;
  for (const a of path) for (const b of path) range = Math.max(range, Math.hypot(a.dy - b.dy, a.dx - b.dx));
  return range;
}

/** Whether the longest step of a path, between two planes, is one that all parts of the field share. */
function* jumped(
  { data, height, width }: Planes,
  path: readonly { dy: number; dx: number }[],
): Generator<void, boolean> {
  const step = (z: number) => ({ dy: path[z].dy - path[z - 1].dy, dx: path[z].dx - path[z - 1].dx });
  const length = ({ dy, dx }: { dy: number; dx: number }): number => Math.hypot(dy, dx);
  let longest = 1;
  for (let z = 2; z < path.length; z++) if (length(step(z)) > length(step(longest))) longest = z;
  if (length(step(longest)) <= CLEAR_JUMP) return false;
  const two = data.subarray((longest - 1) * height * width, (longest + 1) * height * width);
  const motion = yield* commonMotionSteps({ data: two, depth: 2, height, width }, [step(longest)]);
  return length(motion) > CLEAR_JUMP && length(motion) > 2 * SIGNIFICANT_MOTION * motion.standardError;
}

/** The chosen planes, averaged down where they are large. */
function sampled(stack: Planes, chosen: readonly number[]): Planes {
  const factor = Math.max(1, Math.max(stack.height, stack.width) / LARGEST_SIDE);
  const height = Math.round(stack.height / factor);
  const width = Math.round(stack.width / factor);
  const size = stack.height * stack.width;
  const data = new Float32Array(chosen.length * height * width);
  chosen.forEach((z, i) => {
    const plane = { data: stack.data.subarray(z * size, (z + 1) * size), height: stack.height, width: stack.width };
    data.set(factor > 1 ? resize(plane, height, width).data : plane.data, i * height * width);
  });
  return { data, depth: chosen.length, height, width };
}

/** The path that whole planes agree on, pixels, and 0 to 1: how well near and far ones do. */
function* agreedPath({
  data,
  depth,
  height,
  width,
}: Planes): Generator<void, { path: { dy: number; dx: number }[]; confidence: number }> {
  const correlator = createCorrelator(height, width);
  const pairs: Pair[] = [];
  const recent: Spectrum[] = [];
  for (let to = 0; to < depth; to++) {
    const plane = { data: data.subarray(to * height * width, (to + 1) * height * width), height, width };
    const spectrum = correlator.transform(plane);
    for (const lag of [1, 2, 4, 8]) {
      if (lag > recent.length) break;
      pairs.push({ from: to - lag, to, ...correlator.compare(recent[recent.length - lag], spectrum) });
    }
    recent.push(spectrum);
    if (recent.length > 8) recent.shift();
    yield;
  }
  const { positions, agreeing } = fitPath(depth, pairs);
  // In a sparse field a bead that fades may be matched with another that sharpens: no stage jumps that far.
  const jump = positions.reduce((most, p, z) => {
    const before = positions[Math.max(0, z - 1)];
    return Math.max(most, Math.hypot(p.dy - before.dy, p.dx - before.dx));
  }, 0);
  const confidence = jump > 0.1 * Math.min(height, width) ? 0 : confidenceOf(pairs, agreeing);
  return { path: positions, confidence };
}

interface Pair extends Shift {
  from: number;
  to: number;
}

/** The path p with p[to] - p[from] nearest to the measured shifts, by iteratively reweighted least squares. */
function fitPath(
  count: number,
  pairs: readonly Pair[],
): { positions: { dy: number; dx: number }[]; agreeing: boolean[] } {
  const positions = Array.from({ length: count }, () => ({ dy: 0, dx: 0 }));
  const weights = pairs.map(trust);
  const miss = (pair: Pair): number => {
    const [a, b] = [positions[pair.from], positions[pair.to]];
    return Math.hypot(b.dy - a.dy - pair.dy, b.dx - a.dx - pair.dx);
  };
  for (let iteration = 0; iteration < 30; iteration++) {
    const matrix = Array.from({ length: count }, () => new Float64Array(count));
    const right = [new Float64Array(count), new Float64Array(count)];
    const add = (from: number, to: number, dy: number, dx: number, weight: number): void => {
      matrix[from][from] += weight;
      matrix[to][to] += weight;
      matrix[from][to] -= weight;
      matrix[to][from] -= weight;
      for (const [side, d] of [dy, dx].entries()) {
        right[side][to] += weight * d;
        right[side][from] -= weight * d;
      }
    };
    pairs.forEach((pair, i) => {
      add(pair.from, pair.to, pair.dy, pair.dx, weights[i]);
    });
    // A weak wish to stay holds planes that nothing is known of.
    for (let z = 1; z < count; z++) add(z - 1, z, 0, 0, 1e-6);
    matrix[0][0] += 1;
    solvePositive(matrix, right);
    positions.forEach((p, z) => {
      p.dy = right[0][z] - right[0][0];
      p.dx = right[1][z] - right[1][0];
    });
    pairs.forEach((pair, i) => {
      weights[i] = trust(pair) / (1 + (miss(pair) / 0.5) ** 2);
    });
  }
  return { positions, agreeing: pairs.map((pair) => miss(pair) < 0.5 + 0.1 * Math.hypot(pair.dy, pair.dx)) };
}

function trust(shift: Shift): number {
  return shift.significance > SIGNIFICANT ? shift.quality : 0;
}

/** The smallest agreement over the distances that have at least three pairs, times the part of neighbours that could be measured. */
function confidenceOf(pairs: readonly Pair[], agreeing: readonly boolean[]): number {
  let confidence = 1;
  for (const lag of [1, 2, 4, 8]) {
    let all = 0;
    let good = 0;
    let measured = 0;
    let count = 0;
    pairs.forEach((pair, i) => {
      if (pair.to - pair.from !== lag) return;
      count++;
      all += trust(pair);
      if (trust(pair) > 0) measured++;
      if (agreeing[i]) good += trust(pair);
    });
    if (lag === 1) confidence = count === 0 ? 0 : measured / count;
    if (measured >= 3 || (lag === 1 && measured > 0)) confidence = Math.min(confidence, good / all);
  }
  return confidence;
}

function maximumProjection({ data, depth, height, width }: Planes): Grid {
  const size = height * width;
  const out = data.slice(0, size);
  for (let z = 1; z < depth; z++)
    for (let i = 0, j = z * size; i < size; i++, j++) if (data[j] > out[i]) out[i] = data[j];
  return { data: out, height, width };
}
