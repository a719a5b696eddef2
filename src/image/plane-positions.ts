/** What the heights of single planes say about a stack: its step, whether it is even, and which way z counts. */
import type { Calibration } from "./plane-order.ts";

/** Gaps that differ from their mean by more than this share of it are no jitter of a stage. */
const unevenShare = 0.25;
/** A step that differs from the one that the file promises by more than this share is another step. */
const otherStepShare = 0.02;

/**
 * @param positions height of each plane, um, in the order of the planes; NaN where it is not known
 * @param zStep what the file says besides, um
 * @returns `zStep` where only the heights tell it, `zPositions` (um, as the file has them) of stacks that are not even,
 * and warnings; nothing where heights are missing or all alike
 */
export function fromPlanePositions(positions: readonly number[], zStep: number | undefined): Calibration {
  const planes = positions.length;
  if (planes < 2 || !positions.every(Number.isFinite)) return {};
  const gaps = positions.slice(1).map((z, i) => z - positions[i]);
  const mean = (positions[planes - 1] - positions[0]) / (planes - 1);
  // Many programs write the same height for all.
  if (gaps.every((gap) => gap === 0)) return {};
  const warnings: string[] = [];
  const ordered = gaps.every((gap) => gap > 0) || gaps.every((gap) => gap < 0);
  const sizes = gaps.map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const uneven = !ordered || gaps.some((gap) => Math.abs(gap - mean) > unevenShare * Math.abs(mean));
  const step = round(Math.abs(mean));
  if (ordered && mean < 0) {
    warnings.push(
      `The planes go down: their heights fall from ${round(positions[0])} to ${round(positions[planes - 1])} um. They stay in the order of the file, so that "above" and "below" are exchanged; reverse the stack (ImageJ: Image > Stacks > Tools > Reverse) if that matters.`,
    );
  }
  if (uneven) {
    const how = ordered ? `${round(least)} to ${round(most)} um apart` : "going up and down";
    warnings.push(
      `The planes are not evenly spaced (${how}), and what counts in planes takes them as even: give a part of the stack that is, or interpolate it to even steps first.`,
    );
  } else if (zStep !== undefined && Math.abs(step / zStep - 1) > otherStepShare) {
    warnings.push(
      `The file says a z step of ${round(zStep)} um, but the heights of its planes are ${step} um apart; ${round(zStep)} um is used, give \`z_step <your z step>\` (um) if that is wrong.`,
    );
  }
  return {
    ...(zStep === undefined && !uneven && { zStep: step }),
    ...(uneven && { zPositions: positions.map(round) }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** To what stages can be told to: 0.3000000000000007 is 0.3. */
function round(um: number): number {
  return Number(um.toPrecision(6));
}
