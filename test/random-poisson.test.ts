import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";

/** Probabilities of 0, 1, ... most, by the recurrence p(k) = p(k - 1) mean / k, in logarithms. */
function poissonProbabilities(mean: number, most: number): number[] {
  let log = -mean;
  return Array.from({ length: most + 1 }, (_, k) => {
    if (k > 0) log += Math.log(mean / k);
    return Math.exp(log);
  });
}

describe("Poisson counts", () => {
  it.each([0.3, 3, 9.9, 10, 14.5, 29, 50, 400])("of mean %d come as often as they should (chi-squared)", (mean) => {
    const random = new Random(11);
    const draws = 200_000;
    const most = Math.ceil(mean + 8 * Math.sqrt(mean) + 8);
    const seen = new Array<number>(most + 1).fill(0);
    for (let i = 0; i < draws; i++) seen[Math.min(most, random.poisson(mean))]++;
    let squares = 0;
    let bins = 0;
    let [expectedRest, seenRest] = [0, 0];
    for (const [k, probability] of poissonProbabilities(mean, most).entries()) {
      const expected = draws * probability;
      if (expected >= 10) {
        squares += (seen[k] - expected) ** 2 / expected;
        bins++;
      } else {
        expectedRest += expected;
        seenRest += seen[k];
      }
    }
    if (expectedRest > 1) squares += (seenRest - expectedRest) ** 2 / expectedRest;
    // Chi-squared has mean n and variance 2 n: four standard deviations.
    expect(squares).toBeLessThan(bins + 4 * Math.sqrt(2 * bins));
  });

  it("of no light are none", () => {
    const random = new Random(1);
    expect([random.poisson(0), random.poisson(-1)]).toEqual([0, 0]);
  });
});
