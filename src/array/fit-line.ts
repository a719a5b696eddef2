/** Straight lines through points by least squares: y = slope x + intercept. */

/** Points of a line; `x`, `y` and `weights` are of one length. */
export interface LinePoints {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  /** 0 or more, each; 1 where they are left out. */
  weights?: ArrayLike<number> | undefined;
}

export interface Line {
  /** NaN where {@link spread} is 0: a line through points at one x has none. */
  slope: number;
  meanX: number;
  meanY: number;
  /** Weighted sum of (x - meanX)^2. */
  spread: number;
  /** Weighted sum of (x - meanX) (y - meanY). */
  shared: number;
}

/**
 * The line through one or more sets of points. Sums are taken about the means, so that a large offset costs no digits.
 * It passes through (meanX, meanY): its intercept is meanY - slope meanX.
 */
export function fitLine(...sets: readonly LinePoints[]): Line {
  let [count, sumX, sumY] = [0, 0, 0];
  for (const { x, y, weights } of sets) {
    let [ofSet, ofX, ofY] = [0, 0, 0];
    for (let i = 0; i < x.length; i++) {
      const weight = weights ? weights[i] : 1;
      ofSet += weight;
      ofX += weight * x[i];
      ofY += weight * y[i];
    }
    count += ofSet;
    sumX += ofX;
    sumY += ofY;
  }
  const [meanX, meanY] = [sumX / count, sumY / count];
  let [spread, shared] = [0, 0];
  for (const { x, y, weights } of sets)
    for (let i = 0; i < x.length; i++) {
      const weight = weights ? weights[i] : 1;
      spread += weight * (x[i] - meanX) ** 2;
      shared += weight * (x[i] - meanX) * (y[i] - meanY);
    }
  return { slope: shared / spread, meanX, meanY, spread, shared };
}

/**
 * The same line out of plain sums, in a single pass and without weights: for points whose x are small numbers about 0, such as a
 * normalised PSF or logarithms. An offset that is large against the spread of x costs digits.
 */
export function fitLineInOnePass({ x, y }: Omit<LinePoints, "weights">): { slope: number; intercept: number } {
  const n = x.length;
  let [sx, sy, sxx, sxy] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    sx += x[i];
    sy += y[i];
    sxx += x[i] * x[i];
    sxy += x[i] * y[i];
  }
  const slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  return { slope, intercept: (sy - slope * sx) / n };
}

/**
 * Slopes of the lines through each pair of points whose x differ. Their median is the slope of the line that outliers move least.
 *
 * Source: Theil, Proc. Kon. Ned. Akad. Wet. A 53, 386 (1950); Sen, J. Am. Stat. Assoc. 63, 1379 (1968).
 */
export function slopesOfPairs({ x, y }: Omit<LinePoints, "weights">): number[] {
  const slopes: number[] = [];
  for (let i = 0; i < x.length; i++)
    for (let j = 0; j < i; j++) if (x[i] !== x[j]) slopes.push((y[i] - y[j]) / (x[i] - x[j]));
  return slopes;
}
