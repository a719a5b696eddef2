/**
 * How sharp inputs and outputs are by themselves, with nothing to compare them with. The spectral cut-off is the weakest of it: a picture whose noise
 * was smoothed away has a lower floor to stand above, so that even a Gaussian blur comes out finer than its input; no verdict rests on it, and
 * what halves of the light share (split-evidence.ts) says it better.
 */
import { focusOf } from "../classical/focus/focus.ts";
import { type Plane, planeOf } from "../image/image.ts";
import { withIntensity } from "../metrics/intensity-fit.ts";
import { spectralCutoff } from "../metrics/spectral-cutoff.ts";
import { edgeWidth } from "../metrics/structure-width.ts";
import type { EveryPlane } from "./every-plane.ts";
import { measureOnce } from "./measure-once.ts";
import { cropPlane, type StudiedStack } from "./studied-stack.ts";

export interface OwnSharpness {
  /** Rise of the strongest edges from 10 to 90 %, pixels; NaN where there are none. */
  edge: number;
  /** Tenengrad as a share of that of the sharpest plane, in the counts of the stack. */
  focus: number;
  /** Period of the finest detail that stands above the picture's own noise, pixels, 2 or more; Infinity where none does. */
  cutoff: number;
}

export interface SharpnessPair {
  plane: number;
  input: OwnSharpness;
  output: OwnSharpness;
}

export interface WithoutTruth {
  /** Of the sharpest plane: edges of refocused planes should not be steeper. */
  sharpest: OwnSharpness;
  planes: SharpnessPair[];
}

/** Measures the region of inputs and outputs within range; means say what is typical. */
export function sharpnessWithoutTruth(
  { stack, sharpest, region }: Pick<StudiedStack, "stack" | "sharpest" | "region">,
  { outcomes, toStack }: EveryPlane,
): WithoutTruth {
  const cut = (plane: Plane): Plane => cropPlane(plane, region);
  const best = focusOf(cut(planeOf(stack, sharpest)));
  const of = (plane: Plane): OwnSharpness => ({
    edge: edgeWidth(plane).rise.median,
    focus: focusOf(plane) / best,
    cutoff: 1 / spectralCutoff(plane).frequency,
  });
  const { top, left, height, width } = region;
  const recorded = (plane: number): OwnSharpness =>
    measureOnce(stack, `sharpness ${plane} of ${sharpest}, ${top} ${left} ${height} ${width}`, () =>
      of(cut(planeOf(stack, plane))),
    );
  return {
    sharpest: recorded(sharpest),
    planes: outcomes
      .filter(({ inRange }) => inRange)
      .map(({ plane, output }) => ({ plane, input: recorded(plane), output: of(withIntensity(cut(output), toStack)) })),
  };
}
