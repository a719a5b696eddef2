/** The sharpest plane of a stack, from a focus curve with one value per plane. */
import { median } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";

/** The maximum of a focus curve. */
export interface BestPlane {
  /** The plane with the largest value. */
  plane: number;
  /** The vertex of the parabola through it and its neighbours, in planes; equal to `plane` at an end of the stack. */
  position: number;
  /** True at an end of the stack (or for a single plane): the focus may lie outside. */
  atEnd: boolean;
  /** Ratio of the maximum to the median of the curve: 1 is a flat curve, and near 1 the choice is unreliable. */
  contrast: number;
}

/**
 * The sharpest plane of a focus curve, to a fraction of a plane.
 * @throws image.unfit for an empty curve or one that is not finite
 */
export function bestPlane(curve: readonly number[]): BestPlane {
  if (curve.length === 0 || !curve.every(Number.isFinite)) {
    const detail = `Sharpest plane: the focus curve of ${curve.length} planes must hold at least one value, all finite; check the pixels.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const plane = curve.reduce((best, v, i) => (v > curve[best] ? i : best), 0);
  const atEnd = plane === 0 || plane === curve.length - 1;
  let position = plane;
  if (!atEnd) {
    const [before, at, after] = curve.slice(plane - 1, plane + 2);
    const bend = before - 2 * at + after;
    if (bend < 0) position = plane + (0.5 * (before - after)) / bend;
  }
  const middle = median(curve);
  return { plane, position, atEnd, contrast: curve[plane] === middle ? 1 : curve[plane] / middle };
}
