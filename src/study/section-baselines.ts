/** The best recorded baseline of sections: each plane as it was recorded or lightly smoothed, in the counts of the target. */
import type { Plane } from "../image/image.ts";
import { type IntensityFit, withIntensity } from "../metrics/intensity-fit.ts";
import { type BaselineScores, bestOf, recordedCandidates } from "../metrics/recorded-baseline.ts";

/**
 * Sections are another kind of image than recorded planes, so that every smoothing gets the gain and offset that suit it best, one for the whole stack
 * (as outputs and untouched planes do). Nothing is computed before it is asked for, and every plane once.
 * @param targets as many as planes
 * @param which planes the fits rest on
 * @returns of a plane by its place in the list
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

/** Of each smoothing the fit over all planes, as {@link intensityFit} has it, in one pass: a stack is not kept four times. */
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
