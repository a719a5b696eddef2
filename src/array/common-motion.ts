/**
 * How fast the content of a stack moves sideways from plane to plane, from the phases of many blocks and bands, with its
 * standard error.
 *
 * Structure that leans (a tilted filament, one nucleus above another) seems to move through focus as well, but each
 * piece in its own direction. A stage moves everything alike. So the velocity is fitted to all blocks together, and its
 * standard error is what parts of the field, and bands of spatial frequency, disagree by (jackknife: Efron & Stein
 * 1981).
 */
import { createRealFft2, nextPowerOfTwo, type RealFft2 } from "./fft.ts";
import { gaussianFilter } from "./filters.ts";
import { median } from "./statistics.ts";
import type { NeededSpans } from "./symmetric-filter.ts";

/** Planes of one size, `[z, y, x]`. */
export interface MovingPlanes {
  data: Float32Array;
  depth: number;
  height: number;
  width: number;
}

export interface CommonMotion {
  /** Pixels from one plane to the next, towards larger y and x where positive. */
  dy: number;
  dx: number;
  /**
   * Standard error of the vector (root of the sum of both variances), pixels a plane; infinite where it cannot be
   * determined.
   */
  standardError: number;
}

/** Edges of the rings of spatial frequency, cycles per pixel: below them uneven light, above them noise. */
const ringEdges = [0.02, 0.05, 0.1, 0.18, 0.35];
const sectors = 8;
const groups = (ringEdges.length - 1) * sectors;
/** A mode counts from this many times the noise of the cross spectrum on. */
const minSignal = 6;
/** Blocks of this edge, or half the field where that is smaller, at most 4 x 4 of them. */
const maxBlockEdge = 128;
const minBlockEdge = 32;
const maxBlocksAlong = 4;
/** Slow shading would stand still under every block's window: it is taken away with a Gaussian of this many pixels. */
const shadingSigma = 12;
const iterations = 6;
/** In an unsigned sum of agreeing phases. */
const clearlyBetter = 1.33;

/** Sums of a group: normal matrix (yy, yx, xx) and right side (y, x) of the phases. */
const entries = 5;

/**
 * The common motion of at least two planes. A fit finds what lies within about 1.5 pixels a plane of where it begins;
 * where several beginnings are given, a later one counts where its phases agree by a third more: those of a wrong one
 * agree by chance almost as well. Yields after every plane: see breathe.ts.
 * @param starts pixels a plane to begin at
 */
export function* commonMotionSteps(
  planes: MovingPlanes,
  starts: readonly Step[] = [{ dy: 0, dx: 0 }],
): Generator<void, CommonMotion> {
  const { depth, height, width } = planes;
  const shorter = Math.min(height, width);
  const edge = Math.min(maxBlockEdge, Math.max(Math.floor(shorter / 2), Math.min(minBlockEdge, shorter)));
  const none = { dy: 0, dx: 0, standardError: Number.POSITIVE_INFINITY };
  if (depth < 2 || edge < 16) return none;
  const transform = createTransform(edge);
  const corners = spread(height, edge).flatMap((top) => spread(width, edge).map((left) => ({ top, left })));
  const needed = { y: covered(spread(height, edge), edge), x: covered(spread(width, edge), edge) };
  const blocks: BlockSpectrum[][] = corners.map(() => []);
  for (let z = 0; z < depth; z++) {
    const plane = flattened(planes, z, needed);
    corners.forEach(({ top, left }, b) => {
      blocks[b].push(transform.of(plane, width, top, left));
    });
    yield;
  }
  const fits: Fit[] = [];
  for (const start of starts) {
    const fit = yield* fitVelocity(transform.modes, blocks, start);
    if (fit) fits.push(fit);
  }
  if (fits.length === 0) return none;
  const { velocity, sums } = fits.reduce((best, one) => (one.agreement > clearlyBetter * best.agreement ? one : best));
  const withoutCell = cellsOf(height, width, edge).map((cell) =>
    solve(total(sums, (block) => (touches(corners[block], edge, cell) ? 0 : 1))),
  );
  const withoutGroup = Array.from({ length: groups }, (_, g) =>
    solve(total(sums, (_block, group) => (group === g ? 0 : 1))),
  );
  return { ...velocity, standardError: Math.sqrt(jackknife(withoutCell) + jackknife(withoutGroup)) };
}

interface Fit {
  velocity: Step;
  /** Of every block, by groups. */
  sums: Float64Array[];
  /** Sum of the cosines of the phases that are left, weighted. */
  agreement: number;
}

function* fitVelocity(
  modes: readonly Mode[],
  blocks: readonly BlockSpectrum[][],
  start: Step,
): Generator<void, Fit | undefined> {
  let velocity = start;
  for (let iteration = 0; ; iteration++) {
    const sums = blocks.map((spectra) => {
      const sum = new Float64Array(groups * entries);
      for (let z = 1; z < spectra.length; z++) addPhases(modes, spectra[z - 1], spectra[z], velocity, sum);
      return sum;
    });
    yield;
    const all = total(sums, () => 1);
    const step = solve(all);
    if (!step) return undefined;
    if (iteration === iterations) return { velocity, sums, agreement: all[0] + all[2] };
    // Phases tell little beyond a pixel: longer steps are shortened.
    const length = Math.max(1, Math.hypot(step.dy, step.dx));
    velocity = { dy: velocity.dy + step.dy / length, dx: velocity.dx + step.dx / length };
  }
}

interface Step {
  dy: number;
  dx: number;
}

interface BlockSpectrum {
  /** Of the modes, in their order. */
  real: Float32Array;
  imag: Float32Array;
  noise: number;
}

/** One frequency: its place in the spectrum, its wave vector (radians per pixel) and its group. */
interface Mode {
  index: number;
  ky: number;
  kx: number;
  group: number;
}

function createTransform(edge: number) {
  const fft = createRealFft2(nextPowerOfTwo(edge), nextPowerOfTwo(edge));
  const { modes, noise } = modesOf(fft);
  const window = Float64Array.from({ length: edge }, (_, i) => {
    // Flat in the middle half, a cosine at both ends (Tukey).
    const t = Math.min(i + 1, edge - i) / (edge + 1);
    return t < 0.25 ? 0.5 - 0.5 * Math.cos((Math.PI * t) / 0.25) : 1;
  });
  const places = Int32Array.from(modes, ({ index }) => index);
  const powers = new Float32Array(noise.length);
  const image = new Float32Array(fft.height * fft.width);
  const real = new Float32Array(fft.height * fft.spectrumWidth);
  const imag = new Float32Array(real.length);
  return {
    modes,
    of(plane: Float32Array, width: number, top: number, left: number): BlockSpectrum {
      for (let y = 0; y < edge; y++)
        for (let x = 0; x < edge; x++)
          image[y * fft.width + x] = window[y] * window[x] * plane[(top + y) * width + left + x];
      fft.forward(image, real, imag);
      // Beyond the optics there is noise alone: the median of an exponential distribution is its mean times ln 2.
      for (let i = 0; i < noise.length; i++) {
        const [re, im] = [real[noise[i]], imag[noise[i]]];
        powers[i] = re * re + im * im;
      }
      const block = { real: new Float32Array(places.length), imag: new Float32Array(places.length) };
      for (let i = 0; i < places.length; i++) {
        block.real[i] = real[places[i]];
        block.imag[i] = imag[places[i]];
      }
      return { ...block, noise: median(powers) / Math.LN2 };
    },
  };
}

function modesOf(fft: RealFft2): { modes: Mode[]; noise: Int32Array } {
  const modes: Mode[] = [];
  const noise: number[] = [];
  for (let v = 0; v < fft.height; v++)
    for (let u = 0; u < fft.spectrumWidth; u++) {
      const fy = (2 * v <= fft.height ? v : v - fft.height) / fft.height;
      const fx = u / fft.width;
      const frequency = Math.hypot(fy, fx);
      const index = v * fft.spectrumWidth + u;
      if (frequency > 0.42) noise.push(index);
      const ring = ringEdges.findIndex((from) => frequency < from) - 1;
      if (ring < 0 || (u === 0 && fy < 0)) continue;
      const angle = (Math.atan2(fy, fx) + Math.PI) % Math.PI;
      const group = ring * sectors + Math.min(sectors - 1, Math.floor((angle / Math.PI) * sectors));
      modes.push({ index, ky: 2 * Math.PI * fy, kx: 2 * Math.PI * fx, group });
    }
  return { modes, noise: Int32Array.from(noise) };
}

/**
 * Adds what the phases between two planes say. A shift d turns the cross spectrum by -k d; with r = its phase + k v,
 * one step of Gauss and Newton on the sum of 1 - cos r has the matrix of cos(r) k k^T (not below 0, so that it stays
 * positive) and the right side -sin(r) k.
 */
function addPhases(modes: readonly Mode[], a: BlockSpectrum, b: BlockSpectrum, velocity: Step, sum: Float64Array) {
  const noise = Math.sqrt(a.noise * b.noise);
  for (let i = 0; i < modes.length; i++) {
    const re = b.real[i] * a.real[i] + b.imag[i] * a.imag[i];
    const im = b.imag[i] * a.real[i] - b.real[i] * a.imag[i];
    const magnitude = Math.sqrt(re * re + im * im);
    if (!(magnitude > minSignal * noise)) continue;
    const { ky, kx, group } = modes[i];
    const turn = ky * velocity.dy + kx * velocity.dx;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const weight = (magnitude - minSignal * noise) / (magnitude + 4 * noise) / magnitude;
    const along = weight * Math.max(0, re * cos - im * sin);
    const across = -weight * (re * sin + im * cos);
    const o = group * entries;
    sum[o] += along * ky * ky;
    sum[o + 1] += along * ky * kx;
    sum[o + 2] += along * kx * kx;
    sum[o + 3] += across * ky;
    sum[o + 4] += across * kx;
  }
}

function total(sums: readonly Float64Array[], weight: (block: number, group: number) => number): Float64Array {
  const out = new Float64Array(entries);
  sums.forEach((sum, block) => {
    for (let g = 0; g < groups; g++) {
      const w = weight(block, g);
      if (w > 0) for (let j = 0; j < entries; j++) out[j] += w * sum[g * entries + j];
    }
  });
  return out;
}

function solve([yy, yx, xx, y, x]: Float64Array): Step | undefined {
  const determinant = yy * xx - yx * yx;
  // One direction without any structure is enough to know nothing: of stripes, only half a shift can be seen.
  if (!(determinant > 1e-6 * (yy + xx) ** 2) || !(yy + xx > 1)) return undefined;
  return { dy: (xx * y - yx * x) / determinant, dx: (yy * x - yx * y) / determinant };
}

interface Cell {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/**
 * The field in cells at least as large as a block, 2 x 2 to 4 x 4: what is in one is in no other, unlike blocks, which
 * overlap.
 */
function cellsOf(height: number, width: number, edge: number): Cell[] {
  const along = (length: number): [number, number][] => {
    const count = Math.min(maxBlocksAlong, Math.max(2, Math.floor(length / edge)));
    return Array.from({ length: count }, (_, i) => [(i * length) / count, ((i + 1) * length) / count]);
  };
  return along(height).flatMap(([top, bottom]) => along(width).map(([left, right]) => ({ top, bottom, left, right })));
}

function touches({ top, left }: { top: number; left: number }, edge: number, cell: Cell): boolean {
  return top < cell.bottom && top + edge > cell.top && left < cell.right && left + edge > cell.left;
}

/**
 * Variance of the vector, from the results that leave one part out each; infinite where one part holds all that is
 * known.
 */
function jackknife(steps: readonly (Step | undefined)[]): number {
  const known = steps.filter((step) => step !== undefined);
  if (known.length < steps.length || known.length < 2) return Number.POSITIVE_INFINITY;
  const n = known.length;
  const [meanY, meanX] = [known.reduce((s, { dy }) => s + dy, 0) / n, known.reduce((s, { dx }) => s + dx, 0) / n];
  return ((n - 1) / n) * known.reduce((s, { dy, dx }) => s + (dy - meanY) ** 2 + (dx - meanX) ** 2, 0);
}

/** Beginnings of blocks that lie evenly from end to end and overlap by about half, or of {@link maxBlocksAlong}. */
function spread(length: number, edge: number): number[] {
  const count = Math.min(maxBlocksAlong, Math.ceil((length - edge) / (edge / 2)) + 1);
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - edge)) / Math.max(1, count - 1)));
}

/** What blocks that begin there cover, without overlap. */
function covered(starts: readonly number[], edge: number): [from: number, end: number][] {
  const spans: [number, number][] = [];
  for (const start of starts) {
    const last = spans.at(-1);
    if (last && start <= last[1]) last[1] = start + edge;
    else spans.push([start, start + edge]);
  }
  return spans;
}

/** A plane without its shading, where it is needed. */
function flattened({ data, height, width }: MovingPlanes, z: number, needed: NeededSpans): Float32Array {
  const plane = data.subarray(z * height * width, (z + 1) * height * width);
  const out = gaussianFilter({ data: plane, height, width }, shadingSigma, { needed }).data;
  for (let i = 0; i < out.length; i++) out[i] = plane[i] - out[i];
  return out;
}
