/**
 * Unwraps a phase: the pixel pairs that agree best with their surroundings are joined first, so that the effects of
 * noise and vortices remain local.
 *
 * Source: Herraez, Burton, Lalor & Gdeisat, Appl. Opt. 41, 7437 (2002): reliability from second differences, edges
 * joined in the order of their reliability, groups shifted by multiples of 2 pi. The algorithm of scikit-image's
 * unwrap_phase.
 */
import { runThrough } from "../../array/breathe.ts";
import { upperMedian } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";

const TURN = 2 * Math.PI;
const wrap = (phase: number) => phase - TURN * Math.round(phase / TURN);

/** @returns radians; the largest group of pixels keeps a median within -pi..pi */
export const unwrapPhase = (phase: Plane): Plane => runThrough(unwrapPhaseSteps(phase));

/** As {@link unwrapPhase}, as work that yields now and then: see breathe.ts. */
export function* unwrapPhaseSteps({ data, height, width }: Plane): Generator<void, Plane> {
  const size = height * width;
  const reliability = reliabilities(data, height, width);
  yield;
  // Edge 2 i joins pixel i to its right, 2 i + 1 to the one below. As keys whose upper half is the sum of second
  // differences, which is not negative, so that its bits rise with it, and whose lower half is the edge: sorted as
  // whole numbers, eight times as fast as by a function. Smallest second differences first; ties by place, so that the
  // result is the same on every machine.
  const keys = new BigUint64Array(2 * size - height - width);
  const [edges, strengths] = [new Uint32Array(keys.buffer), new Float32Array(keys.buffer)];
  let placed = 0;
  const place = (edge: number, strength: number): void => {
    edges[2 * placed] = edge;
    strengths[2 * placed + 1] = strength;
    placed++;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (x + 1 < width) place(2 * i, reliability[i] + reliability[i + 1]);
      if (y + 1 < height) place(2 * i + 1, reliability[i] + reliability[i + width]);
    }
  }
  yield;
  keys.sort();
  yield;

  // Groups as trees; `turns` of a pixel counts from its parent's.
  const parent = Int32Array.from({ length: size }, (_, i) => i);
  const turns = new Int32Array(size);
  const count = new Int32Array(size).fill(1);
  const root = (pixel: number): number => {
    let top = pixel;
    let sum = 0;
    while (parent[top] !== top) {
      sum += turns[top];
      top = parent[top];
    }
    // All pixels on the path are attached to the root.
    for (let i = pixel; parent[i] !== top && i !== top; ) {
      const next = parent[i];
      const own = turns[i];
      parent[i] = top;
      turns[i] = sum;
      sum -= own;
      i = next;
    }
    return top;
  };
  for (let k = 0; k < placed; k++) {
    if (k % 65536 === 65535) yield;
    const edge = edges[2 * k];
    const a = edge >> 1;
    const b = edge & 1 ? a + width : a + 1;
    const [rootA, rootB] = [root(a), root(b)];
    if (rootA === rootB) continue;
    const turnsA = a === rootA ? 0 : turns[a];
    const turnsB = b === rootB ? 0 : turns[b];
    // b must be moved by this many turns to be within half a turn of a, both as their groups stand now.
    const step = Math.round((data[a] + TURN * turnsA - data[b] - TURN * turnsB) / TURN);
    const [big, small, shift] = count[rootA] >= count[rootB] ? [rootA, rootB, step] : [rootB, rootA, -step];
    parent[small] = big;
    turns[small] = shift;
    count[big] += count[small];
  }
  yield;
  const out = new Float32Array(size);
  for (let i = 0; i < size; i++) out[i] = data[i] + TURN * (root(i) === i ? 0 : turns[i]);
  const middle = upperMedian(out);
  const back = TURN * Math.round(middle / TURN);
  return { data: back === 0 ? out : out.map((phase) => phase - back), height, width };
}

/**
 * Squared second differences along y, x and both diagonals; pixels at the border, which have none, count as least
 * reliable.
 */
function reliabilities(data: Float32Array, height: number, width: number): Float32Array {
  const out = new Float32Array(height * width).fill(1e6);
  for (let y = 1; y + 1 < height; y++) {
    for (let x = 1; x + 1 < width; x++) {
      const i = y * width + x;
      let sum = 0;
      for (const step of [1, width, width + 1, width - 1]) {
        const bend = wrap(data[i - step] - data[i]) - wrap(data[i] - data[i + step]);
        sum += bend * bend;
      }
      out[i] = sum;
    }
  }
  return out;
}
