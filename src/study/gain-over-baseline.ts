/**
 * Measures how much a candidate gains over the best recorded baseline in PSNR, SSIM, detail and width, with an example
 * for a picture.
 */
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import type { Candidate } from "./candidate.ts";
import { effectOf } from "./effect.ts";
import { type EveryPlane, everyPlane, isJudged, type Outcome } from "./every-plane.ts";
import { type MeanOutcome, meanOutcome } from "./mean-outcome.ts";

import { around, cropPlane, type StudiedStack } from "./studied-stack.ts";

/** An image on which candidates are judged. */
export interface JudgedImage {
  studied: StudiedStack;
  /** The recorded stack that `studied` is a part of, on which brightness is measured. */
  whole: Stack;
}

/** A detail of one plane: input, output and target. */
export interface GainExample {
  plane: number;
  /** um; 0 for sections. */
  distance: number;
  input: Plane;
  output: Plane;
  target: Plane;
  /** PSNR of the whole plane for input, output and best recorded baseline, dB. */
  psnr: { input: number; output: number; baseline: number };
}

export interface GainOverBaseline {
  /** Means over the planes out of focus and within range; undefined where there are none. */
  means: MeanOutcome | undefined;
  widthRecovered: number | undefined;
  against: EveryPlane["against"];
  example: GainExample | undefined;
}

/** Edge length of an example, pixels. */
const exampleEdge = 128;

/**
 * Judges a candidate on one image as a study does.
 * @throws interrupted, and what the candidate throws
 */
export async function gainOverBaseline(
  candidate: Candidate,
  { studied, whole }: JudgedImage,
  signal?: AbortSignal,
): Promise<GainOverBaseline> {
  const every = await everyPlane(candidate, studied, whole, signal);
  return {
    means: meanOutcome({ every }),
    widthRecovered:
      candidate.task === "refocus"
        ? effectOf(studied.stack, studied.sharpest, every.outcomes).widthRecovered
        : undefined,
    against: every.against,
    example: exampleOf(studied, every),
  };
}

/**
 * Chooses the plane at three quarters of the largest distance, which is the same for all candidates with the same
 * range.
 */
function exampleOf(
  { stack, truth, sharpest, structure }: StudiedStack,
  { outcomes, against }: EveryPlane,
): GainExample | undefined {
  const judged = outcomes.filter(isJudged);
  if (judged.length === 0) return undefined;
  const preferred = 0.75 * Math.max(...judged.map(({ distance }) => Math.abs(distance)));
  const off = ({ plane, distance }: Outcome): number =>
    distance === 0 ? Math.abs(plane - sharpest) : Math.abs(Math.abs(distance) - preferred);
  const { plane, distance, output, scores, baseline } = judged.reduce((best, one) =>
    off(one) < off(best) ? one : best,
  );
  const centre = { y: structure.top + structure.height / 2, x: structure.left + structure.width / 2 };
  const detail = (whole: Plane): Plane => cropPlane(whole, around(centre, whole, exampleEdge));
  const target = against === "truth" && truth ? planeOf(truth, plane) : planeOf(stack, sharpest);
  return {
    plane,
    distance,
    input: detail(planeOf(stack, plane)),
    output: detail(output),
    target: detail(target),
    psnr: { input: scores.input.psnr, output: scores.output.psnr, baseline: baseline.psnr.value },
  };
}
