/**
 * Whether out-of-focus regions are refocused in the right direction. The review found models that sharpen images from
 * both sides of focus as if they came from the same side. Here every region of an output casts a vote: it moved in the
 * right direction if it came nearer to the target plane, and in the wrong direction if it came nearer to the plane at
 * the same distance on the other side.
 */
import { noiseLevel } from "../classical/noise-level.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import type { Outcome } from "./every-plane.ts";

export interface DirectionVotes {
  /** Number of regions that came nearer to the target plane, to the opposite plane, or to neither. */
  right: number;
  wrong: number;
  unmoved: number;
}

export interface DirectionJudgement {
  /** Votes of planes below focus, which must be refocused upwards, and of planes above focus. */
  below: DirectionVotes;
  above: DirectionVotes;
  /** A map of each judged output for the figure: 1 right, -1 wrong, 0 unmoved, NaN where no region voted. */
  maps: { plane: number; distance: number; map: Plane }[];
}

/** Edge of a region that votes, pixels. */
const votingTile = 32;

/**
 * A region votes only if target and opposite plane differ in it by at least this many times the mean square of the
 * noise.
 */
const minDifference = 6;
/** Share of that difference by which a region must come nearer to count as moved. */
const minMove = 0.1;

/**
 * Counts the votes of all regions.
 * @param outcomes of refocusing to the plane `sharpest`; those whose opposite plane was not recorded are left out
 */
export function judgeDirection(stack: Stack, sharpest: number, outcomes: readonly Outcome[]): DirectionJudgement {
  const none = (): DirectionVotes => ({ right: 0, wrong: 0, unmoved: 0 });
  const found: DirectionJudgement = { below: none(), above: none(), maps: [] };
  const target = planeOf(stack, sharpest);
  const noise = noiseLevel(target);
  for (const { plane, distance, inRange, given, output } of outcomes) {
    const opposite = 2 * plane - sharpest;
    if (!inRange || given || plane === sharpest || opposite < 0 || opposite >= stack.depth) continue;
    const votes = plane < sharpest ? found.below : found.above;
    const [input, other] = [planeOf(stack, plane), planeOf(stack, opposite)];
    const map = {
      data: new Float32Array(output.data.length).fill(Number.NaN),
      height: stack.height,
      width: stack.width,
    };
    for (let top = 0; top + votingTile <= stack.height; top += votingTile) {
      for (let left = 0; left + votingTile <= stack.width; left += votingTile) {
        const off = (a: Plane, b: Plane): number => squaresWithin(a, b, top, left);
        const apart = off(target, other);
        if (apart < minDifference * noise * noise) continue;
        // The position between the two planes: 1 at the target plane, 0 at the opposite one.
        const place = (one: Plane): number => 0.5 + (off(one, other) - off(one, target)) / (2 * apart);
        const moved = place(output) - place(input);
        const vote = moved > minMove ? 1 : moved < -minMove ? -1 : 0;
        votes[vote > 0 ? "right" : vote < 0 ? "wrong" : "unmoved"]++;
        for (let y = top; y < top + votingTile; y++)
          map.data.fill(vote, y * stack.width + left, y * stack.width + left + votingTile);
      }
    }
    found.maps.push({ plane, distance, map });
  }
  return found;
}

function squaresWithin(a: Plane, b: Plane, top: number, left: number): number {
  let sum = 0;
  for (let y = top; y < top + votingTile; y++) {
    for (let x = left; x < left + votingTile; x++) {
      const i = y * a.width + x;
      sum += (a.data[i] - b.data[i]) ** 2;
    }
  }
  return sum / votingTile ** 2;
}
