/**
 * The sharpness of inputs and outputs, measured without anything to compare them with. The spectral cut-off is the
 * weakest of these measures: where a model removes noise, the noise floor is lower, so that even a Gaussian blur
 * appears finer than its input. No verdict uses it, and data thinning (thinning-evidence.ts) measures the same more
 * reliably.
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
  /** Distance over which the strongest edges rise from 10 to 90 %, pixels; NaN where there are no edges. */
  edge: number;
  /** Tenengrad divided by that of the sharpest plane, in the counts of the stack. */
  focus: number;
  /**
   * Period of the finest detail above the noise of the image itself, pixels, at least 2; Infinity where there is none.
   */
  cutoff: number;
}

export interface SharpnessPair {
  plane: number;
  input: OwnSharpness;
  output: OwnSharpness;
}

export interface WithoutTruth {
  /** Sharpness of the sharpest plane. Edges of refocused planes should not be steeper. */
  sharpest: OwnSharpness;
  planes: SharpnessPair[];
}

/** Measures the region of all inputs and outputs within range. */
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
