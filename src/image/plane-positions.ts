/**
 * What follows from the heights of single planes: the z step, whether planes are evenly spaced, and the direction of z.
 */
import type { Calibration } from "./plane-order.ts";

/** Deviation of a distance from the mean distance, as a share, above which it is not jitter of the stage. */
const unevenShare = 0.25;
/** Difference from the z step of the file, as a share, above which the heights have another z step. */
const otherStepShare = 0.02;

/**
 * @param positions height of each plane, um, in the order of the planes; NaN if it is not known
 * @param zStep the z step that the file states, um
 * @returns `zStep` if only the heights give it, `zPositions` (um, as in the file) if planes are not evenly spaced, and
 * warnings; an empty object if heights are missing or all equal
 */
export function fromPlanePositions(positions: readonly number[], zStep: number | undefined): Calibration {
  const planes = positions.length;
  if (planes < 2 || !positions.every(Number.isFinite)) return {};
  const gaps = positions.slice(1).map((z, i) => z - positions[i]);
  const mean = (positions[planes - 1] - positions[0]) / (planes - 1);
  // Many programs write the same height for all planes.
  if (gaps.every((gap) => gap === 0)) return {};
  const warnings: string[] = [];
  const ordered = gaps.every((gap) => gap > 0) || gaps.every((gap) => gap < 0);
  const sizes = gaps.map(Math.abs);
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  const uneven = !ordered || gaps.some((gap) => Math.abs(gap - mean) > unevenShare * Math.abs(mean));
  const step = round(Math.abs(mean));
  if (ordered && mean < 0) {
    warnings.push(
      `The heights of the planes fall from ${round(positions[0])} to ${round(positions[planes - 1])} um. The planes stay in the order of the file, so "above" and "below" are exchanged; reverse the stack (ImageJ: Image > Stacks > Tools > Reverse) if that matters.`,
    );
  }
  if (uneven) {
    const how = ordered ? `${round(smallest)} to ${round(largest)} um apart` : "their heights rise and fall";
    warnings.push(
      `The planes are not evenly spaced (${how}), but training and scores assume that they are: give a part of the stack with even steps, or interpolate it to even steps first.`,
    );
  } else if (zStep !== undefined && Math.abs(step / zStep - 1) > otherStepShare) {
    warnings.push(
      `The file states a z step of ${round(zStep)} um, but the heights of its planes are ${step} um apart; ${round(zStep)} um is used. Give \`z_step <your z step>\` (um) if that is wrong.`,
    );
  }
  return {
    ...(zStep === undefined && !uneven && { zStep: step }),
    ...(uneven && { zPositions: positions.map(round) }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** Rounded to the precision of stages: 0.3000000000000007 becomes 0.3. */
function round(um: number): number {
  return Number(um.toPrecision(6));
}
