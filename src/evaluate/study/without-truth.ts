/**
 * How sharp inputs and outputs are by themselves, with nothing to compare them with. A spectral cut-off is not among it: noise that a network
 * smoothed counts there as structure, so that a Gaussian blur comes out finer than its input.
 */
import { focusOf } from "../../classical/focus/focus.ts";
import { type Plane, planeOf } from "../../image/image.ts";
import { edgeWidth } from "../structure-width.ts";
import type { EveryPlane } from "./every-plane.ts";
import { cropPlane, type Subject } from "./subject.ts";

export interface OwnSharpness {
  /** Rise of the strongest edges from 10 to 90 %, pixels; NaN where there are none. */
  edge: number;
  /** Tenengrad as a share of that of the sharpest plane. */
  focus: number;
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
  { stack, sharpest, region }: Pick<Subject, "stack" | "sharpest" | "region">,
  { outcomes }: EveryPlane,
): WithoutTruth {
  const cut = (plane: Plane): Plane => cropPlane(plane, region);
  const best = focusOf(cut(planeOf(stack, sharpest)));
  const of = (plane: Plane): OwnSharpness => ({
    edge: edgeWidth(plane).rise.median,
    focus: focusOf(plane) / best,
  });
  return {
    sharpest: of(cut(planeOf(stack, sharpest))),
    planes: outcomes
      .filter(({ inRange }) => inRange)
      .map(({ plane, output }) => ({ plane, input: of(cut(planeOf(stack, plane))), output: of(cut(output)) })),
  };
}
