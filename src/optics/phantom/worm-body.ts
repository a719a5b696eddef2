/** The body of a roundworm: its centre line, its width, and positions in it. */
import type { Random } from "../../array/random.ts";
import type { Vector } from "./curve.ts";
import { type NoiseLattice, noiseAt } from "./noise.ts";
import type { Volume, VolumeGrid } from "./volume.ts";

export interface WormBody {
  /** Length of the whole animal, um. */
  length: number;
  radius: number;
  /** The part that lies in the box, um from the nose. */
  from: number;
  to: number;
  /** Centre line: x, y and the direction (cos, sin) at every `step` um from `from` on. The worm lies flat at z. */
  line: Float64Array;
  step: number;
  z: number;
  /** Side of the centre line on which the ventral side lies: +1 or -1. */
  belly: 1 | -1;
}

export interface WormPlan {
  length: number;
  diameter: number;
  /**
   * Distance of the first imaged point from the nose, um; undefined: the nose, or as close to it as keeps `middle` in
   * the box.
   */
  start?: number | undefined;
  /** Position that lies in a box that is too short for the whole head, um from the nose. */
  middle: number;
  depth: number;
}

const STEP = 0.5;

/**
 * Places a worm in the box along x, undulating like a crawling animal. A worm that is longer than the box continues on
 * the other side, next to itself; the part without space is left out, so that the head always lies in the box.
 */
export function layWorm(grid: VolumeGrid, plan: WormPlan, random: Random): WormBody {
  const width = grid.width * grid.pixelSize;
  const height = grid.height * grid.pixelSize;
  const gap = Math.max(0.1 * width, Math.min(20, 0.2 * width));
  const oneRound = 0.95 * (width - gap);
  const start = plan.start ?? (oneRound > 1.7 * plan.middle ? 0 : Math.max(0, plan.middle - 0.5 * oneRound));
  const wanted = plan.length - start;
  const lanes = Math.max(1, Math.floor(height / (1.3 * plan.diameter)));
  const rounds = Math.min(lanes, Math.max(1, Math.ceil((1.04 * wanted + gap) / width)));
  // The wavelength divides the box; that of a crawling worm is about 0.65 of its length (Fang-Yen et al. 2010).
  const waves = Math.max(1, Math.round(width / (0.65 * plan.length)));
  const wavelength = width / waves;
  const amplitude =
    Math.min(0.075 * wavelength, Math.max(0.05 * height, 0.5 * (height - plan.diameter))) * random.between(0.7, 1.1);
  const climb = rounds > 1 ? height / rounds / width : 0;
  const phase = random.between(0, 2 * Math.PI);
  const x0 = width * random.between(0.1, 0.2);
  const k = (2 * Math.PI) / wavelength;
  const y0 = height * random.between(0.45, 0.55) - amplitude * Math.sin(phase);
  const line: number[] = [];
  let x = x0;
  let s = 0;
  for (; s <= wanted && x - x0 < rounds * width - gap; s += STEP) {
    const slope = climb + amplitude * k * Math.cos(k * (x - x0) + phase);
    const norm = Math.hypot(1, slope);
    line.push(x, y0 + climb * (x - x0) + amplitude * Math.sin(k * (x - x0) + phase), 1 / norm, slope / norm);
    x += STEP / norm;
  }
  return {
    length: plan.length,
    radius: plan.diameter / 2,
    from: start,
    to: start + s - STEP,
    line: Float64Array.from(line),
    step: STEP,
    z: plan.depth,
    belly: random.uniform() < 0.5 ? 1 : -1,
  };
}

/** Radius of the body at a distance from the nose, um: a blunt head, a long pointed tail; 0 beyond both ends. */
export function bodyRadius(body: WormBody, s: number): number {
  const t = s / body.length;
  if (t <= 0 || t >= 1) return 0;
  const head = 0.3 + 0.7 * smooth(t / 0.22);
  const nose = Math.sqrt(Math.min(1, t / 0.01));
  const tail = Math.min(1, (1 - t) / 0.28) ** 0.9;
  return body.radius * head * nose * smooth(tail);
}

/**
 * A position in the body: `s` um from the nose, `belly` to the ventral side and `side` upwards, in radii of the body
 * there; undefined outside the box.
 */
export function placeInBody(body: WormBody, s: number, belly: number, side: number): Vector | undefined {
  if (s < body.from || s > body.to) return undefined;
  const i = 4 * Math.min(body.line.length / 4 - 1, Math.round((s - body.from) / body.step));
  const rest = s - body.from - (i / 4) * body.step;
  const r = bodyRadius(body, s);
  const out = belly * r * body.belly;
  const [x, y, c, sn] = body.line.subarray(i, i + 4);
  return [x + rest * c - out * sn, y + rest * sn + out * c, body.z + side * r];
}

/**
 * Adds the faint autofluorescence of the whole body, brighter in the gut. The length of each voxel column inside the
 * body is exact. At a cut end the body fades out over 12 um.
 */
export function drawBody(volume: Volume, body: WormBody, autofluorescence: number, lattice: NoiseLattice): void {
  const { data, depth, height, width, sliceStep, bottom } = volume;
  const { across, along } = mapBody(volume, body);
  const size = height * width;
  for (let p = 0; p < size; p++) {
    const s = along[p];
    const r = bodyRadius(body, s);
    const square = r * r - across[p] * across[p];
    if (!(square > 0)) continue;
    const half = Math.sqrt(square);
    const t = s / body.length;
    const gut = smooth((t - 0.14) / 0.03) * smooth((0.93 - t) / 0.03) * smooth((0.8 - Math.abs(across[p]) / r) / 0.3);
    const mottle =
      1 + 0.22 * noiseAt(lattice, s / 4, across[p] / 4, 0.5) + 0.3 * noiseAt(lattice, s / 11, across[p] / 11, 7.5);
    const density = autofluorescence * (1 + 1.2 * gut) * Math.max(0.2, mottle) * cutFade(body, s);
    const first = Math.max(0, Math.ceil((body.z - half - bottom) / sliceStep - 0.5));
    const last = Math.min(depth - 1, Math.floor((body.z + half - bottom) / sliceStep + 0.5));
    for (let k = first; k <= last; k++) {
      const z = bottom + k * sliceStep;
      const inside = Math.min(z + sliceStep / 2, body.z + half) - Math.max(z - sliceStep / 2, body.z - half);
      if (inside > 0) data[k * size + p] += (density * inside) / sliceStep;
    }
  }
}

/** 1 along the body, 0 at an end where the box cuts it off. */
export function cutFade(body: WormBody, s: number): number {
  const front = body.from > 0 ? smooth((s - body.from) / 12) : 1;
  return body.to < body.length - 1 ? front * smooth((body.to - s) / 12) : front;
}

/**
 * For every pixel, from the nearest point of the centre line: distance along the body from the nose, and across it
 * (ventral positive).
 */
function mapBody(
  { height, width, pixelSize }: VolumeGrid,
  body: WormBody,
): { along: Float32Array; across: Float32Array } {
  const along = new Float32Array(height * width).fill(-1);
  const across = new Float32Array(height * width);
  const nearest = new Float32Array(height * width).fill(Number.POSITIVE_INFINITY);
  // The line has a point every micrometre or pixel; in between its tangent is followed.
  const every = 4 * Math.max(1, Math.floor(Math.max(1, pixelSize) / body.step));
  for (let n = 0; n < body.line.length; n += every) {
    const [x, y, c, s] = body.line.subarray(n, n + 4);
    const at = body.from + (n / 4) * body.step;
    const reach = bodyRadius(body, at) + 2;
    const rows = boundsOf(y, reach, pixelSize, height);
    const columns = boundsOf(x, reach, pixelSize, width);
    for (let j = rows.first; j <= rows.last; j++) {
      const row = (((j % height) + height) % height) * width;
      const dy = j * pixelSize - y;
      for (let i = columns.first; i <= columns.last; i++) {
        const dx = i * pixelSize - x;
        const p = row + (((i % width) + width) % width);
        const d2 = dx * dx + dy * dy;
        if (d2 >= nearest[p]) continue;
        nearest[p] = d2;
        along[p] = at + dx * c + dy * s;
        across[p] = (dy * c - dx * s) * body.belly;
      }
    }
  }
  return { along, across };
}

function boundsOf(centre: number, reach: number, pixelSize: number, length: number): { first: number; last: number } {
  const first = Math.ceil((centre - reach) / pixelSize);
  return { first, last: Math.min(first + length - 1, Math.floor((centre + reach) / pixelSize)) };
}

/** 0 below 0, 1 above 1, 3t^2 - 2t^3 between. */
function smooth(t: number): number {
  const clamped = Math.min(1, Math.max(0, t));
  return clamped * clamped * (3 - 2 * clamped);
}
