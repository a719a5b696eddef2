/** What the numbers of an autofocus network mean for a cell, and for several together. */
import { weightedMedian } from "../../array/weighted-median.ts";

/** The estimate of a cell of an image. */
export interface DefocusEstimate {
  /** z of this plane minus that of focus, um: positive above focus. Of the two guesses of the sign, the likelier. */
  defocus: number;
  /** 0.5 (nothing tells on which side of focus the region lies) to 1. */
  directionConfidence: number;
  /** What the error of the distance, with the right sign, is expected to be, um: the scale of a Laplace distribution. */
  spread: number;
  /** Probability that there is anything to be focused, within the range that was learnt: 0..1. */
  content: number;
}

/** Cells with less have no estimate. */
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

/** Below this the sign is not known. */
const leastDirection = 0.75;

/**
 * One estimate of a whole image: the median of the cells that have one, weighted by content over spread; undefined where none has. Where the
 * cells do not know their direction, the size is their median size, and the sign that of the better part of the weight.
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
