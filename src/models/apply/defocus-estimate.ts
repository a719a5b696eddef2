/**
 * Converts the outputs of an autofocus network into an estimate for a cell, and combines the estimates of several
 * cells.
 */
import { weightedMedian } from "../../array/weighted-median.ts";

/** The estimate of a cell of an image. */
export interface DefocusEstimate {
  /** z of this plane minus z of focus, um: positive above focus. The sign is the likelier of the two. */
  defocus: number;
  /** Probability of the sign: 0.5 (the side of focus is unknown) to 1. */
  directionConfidence: number;
  /** Expected error of the distance, given the right sign, um: the scale of a Laplace distribution. */
  spread: number;
  /** Probability that the region contains structure within the trained range of defocus: 0..1. */
  content: number;
}

/** Cells with a lower content have no estimate. */
export const leastContent = 0.5;

/** From q, t, s and c of `autofocusNetwork`. */
export function estimateOf([q, t, s, c]: readonly number[], distanceScale: number): DefocusEstimate {
  const size = Math.max(q, 0) + Math.log1p(Math.exp(-Math.abs(q)));
  const positive = 1 / (1 + Math.exp(-t));
  return {
    defocus: (positive >= 0.5 ? size : -size) * distanceScale,
    directionConfidence: Math.max(positive, 1 - positive),
    spread: Math.exp(Math.min(3, Math.max(-5, s))) * distanceScale,
    content: 1 / (1 + Math.exp(-c)),
  };
}

/** Below this confidence the sign counts as unknown. */
const leastDirection = 0.75;

/**
 * One estimate for a whole image: the median of the cells that have an estimate, weighted by content over spread;
 * undefined where no cell has one. Where the direction of the cells is unknown, the size is their median size, and the
 * sign is that of the weighted majority.
 */
export function combine(cells: readonly DefocusEstimate[]): DefocusEstimate | undefined {
  const known = cells.filter(({ content }) => content >= leastContent);
  if (known.length === 0) return undefined;
  const weights = known.map(({ content, spread }) => content / spread);
  const total = weights.reduce((a, b) => a + b, 0);
  const meanOf = (value: (one: DefocusEstimate) => number): number =>
    known.reduce((sum, one, i) => sum + weights[i] * value(one), 0) / total;
  const directionConfidence = meanOf((one) => one.directionConfidence);
  const above = meanOf(({ defocus, directionConfidence: p }) => (defocus >= 0 ? p : 1 - p));
  const defocus =
    directionConfidence >= leastDirection
      ? weightedMedian(
          known.map((one) => one.defocus),
          weights,
        )
      : Math.sign(above - 0.5 || 1) *
        weightedMedian(
          known.map((one) => Math.abs(one.defocus)),
          weights,
        );
  return {
    defocus,
    directionConfidence,
    spread: meanOf(({ spread }) => spread),
    content: meanOf(({ content }) => content),
  };
}
