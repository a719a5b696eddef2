/** The best recorded baseline of sections: each recorded plane, smoothed or not, in the counts of the target. */
import type { Plane } from "../image/image.ts";
import { type IntensityFit, withIntensity } from "../metrics/intensity-fit.ts";
import { type BaselineScores, bestOf, recordedCandidates } from "../metrics/recorded-baseline.ts";

/**
 * Sections have another gain and offset than recorded planes. Every smoothing therefore gets the gain and offset that
 * fit best, one of each for the whole stack, as outputs and inputs do. Baselines are computed on demand and once for
 * each plane.
 * @param targets one for each plane
 * @param which indices of the planes that are used for the fits
 * @returns the baseline scores of a plane by its index in the list
 */
export function sectionBaselines(
  planes: readonly Plane[],
  targets: readonly Plane[],
  which: readonly number[],
  dataRange: number,
): (i: number) => BaselineScores {
  let fits: Map<string, IntensityFit> | undefined;
  const found = new Map<number, BaselineScores>();
  return (i) => {
    const known = found.get(i);
    if (known) return known;
    fits ??= fitEverySmoothing(planes, targets, which);
    const images = recordedOf(planes[i]).map((one) => {
      const fit = fits?.get(one.name) ?? { gain: 1, offset: 0 };
      return { ...one, image: withIntensity(one.image, fit) };
    });
    const { image: _, ...scores } = bestOf(images, targets[i], dataRange);
    found.set(i, scores);
    return scores;
  };
}

const recordedOf = (plane: Plane) => recordedCandidates([{ plane, distance: 0 }]);

/**
 * Fits each smoothing over all planes, as {@link intensityFit} does. It takes one pass, so that smoothed stacks are not
 * kept in memory.
 */
function fitEverySmoothing(
  planes: readonly Plane[],
  targets: readonly Plane[],
  which: readonly number[],
): Map<string, IntensityFit> {
  const sums = new Map<string, { n: number; x: number; t: number; xx: number; xt: number }>();
  for (const k of which) {
    const truth = targets[k].data;
    for (const { name, image } of recordedOf(planes[k])) {
      const sum = sums.get(name) ?? { n: 0, x: 0, t: 0, xx: 0, xt: 0 };
      for (let i = 0; i < truth.length; i++) {
        const [x, t] = [image.data[i], truth[i]];
        sum.x += x;
        sum.t += t;
        sum.xx += x * x;
        sum.xt += x * t;
      }
      sum.n += truth.length;
      sums.set(name, sum);
    }
  }
  return new Map(
    [...sums].map(([name, { n, x, t, xx, xt }]) => {
      const [covariance, variance] = [xt / n - (x / n) * (t / n), xx / n - (x / n) ** 2];
      const gain = variance <= 0 ? 0 : Math.max(0, covariance / variance);
      return [name, { gain, offset: t / n - (gain * x) / n }];
    }),
  );
}
