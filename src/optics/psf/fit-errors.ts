/**
 * Standard errors of a fit whose residuals have neither equal variance nor are independent: photon noise is larger at
 * the bead, and errors of the model leave residuals that are correlated between neighbouring voxels. Error bars that
 * assume white noise would ignore the errors of the model.
 *
 * Source: White, Econometrica 48, 817 (1980), for residuals of unequal variance, (J'J)^-1 J' diag(r^2) J (J'J)^-1;
 * their correlation multiplies the variance of smooth sums by the correlation volume (Priestley, Spectral Analysis and
 * Time Series (1981), section 5.3.2).
 */

import { products } from "../../array/levenberg-marquardt.ts";
import { invertMatrix } from "../../array/solve-linear.ts";

/** The grid of the residuals, `[depth, height, width]`. */
export interface ResidualGrid {
  depth: number;
  height: number;
  width: number;
}

export interface FitErrors {
  /** One standard deviation of each parameter; Infinity where the data do not determine it. */
  errors: number[];
  /**
   * Mean number of voxels that are correlated with each other: 1 for white noise, more where the model is incomplete.
   */
  correlationVolume: number;
  /** Effective number of independent residuals. */
  independent: number;
}

/**
 * @param slopes derivatives of the residuals by each parameter
 * @param residuals `[depth, height, width]`
 */
export function fitErrors(slopes: readonly Float64Array[], residuals: Float64Array, grid: ResidualGrid): FitErrors {
  const count = slopes.length;
  const correlationVolume = volumeOf(residuals, grid);
  const [squares, fourths] = residuals.reduce(([a, b], r) => [a + r * r, b + r ** 4], [0, 0]);
  // Few large residuals count as few; the kurtosis of normal noise is 3.
  const held = fourths > 0 ? Math.min(residuals.length, (3 * squares * squares) / fourths) : residuals.length;
  const independent = held / correlationVolume;
  const normal = products(slopes);
  const weighted = products(slopes.map((column) => column.map((v, i) => v * residuals[i])));
  const scale = (correlationVolume * independent) / Math.max(1, independent - count - 2);
  const inverse = invertMatrix(normal);
  const errors = slopes.map((_, i) => {
    if (!inverse) return Number.POSITIVE_INFINITY;
    const row = inverse[i];
    let variance = 0;
    for (let a = 0; a < count; a++) for (let b = 0; b < count; b++) variance += row[a] * weighted[a][b] * row[b];
    return variance >= 0 && Number.isFinite(variance) ? Math.sqrt(scale * variance) : Number.POSITIVE_INFINITY;
  });
  return { errors, correlationVolume, independent };
}

/** Product over the axes of 1 + 2 sum of the autocorrelation, as far as it stays above noise. */
function volumeOf(residuals: Float64Array, { depth, height, width }: ResidualGrid): number {
  const axes = [
    { extent: width, stride: 1 },
    { extent: height, stride: width },
    { extent: depth, stride: height * width },
  ];
  const power = residuals.reduce((sum, r) => sum + r * r, 0);
  if (power === 0) return 1;
  return axes.reduce((volume, { extent, stride }) => {
    let length = 1;
    for (let lag = 1; lag < extent; lag++) {
      let sum = 0;
      for (let i = 0; i < residuals.length; i++) {
        if (Math.floor(i / stride) % extent >= extent - lag) continue;
        sum += residuals[i] * residuals[i + lag * stride];
      }
      const correlation = sum / power;
      if (correlation < 0.05) break;
      length += 2 * correlation;
    }
    return volume * length;
  }, 1);
}
