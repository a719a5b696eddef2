/** The focus measure of one level of an orthogonal wavelet transform, Daubechies' with six taps (1988, "D6", "db3"). */
import { reflectedIndices } from "../../array/filters.ts";
import { moments } from "../../array/statistics.ts";
import type { Plane } from "../../image/image.ts";
import { centred } from "./gradient-measures.ts";

/** Low-pass taps of D6, sum sqrt(2). */
const low = Float64Array.of(
  0.3326705529500825,
  0.8068915093110924,
  0.4598775021184914,
  -0.1350110200102546,
  -0.0854412738820267,
  0.0352262918857095,
);
/** Its quadrature mirror: (-1)^k low[5 - k]. */
const high = low.map((_, k) => (k % 2 === 0 ? 1 : -1) * low[low.length - 1 - k]);

/**
 * The four bands of one level, `[ceil(height / 2), ceil(width / 2)]` each; named by the filter along y, then along x.
 */
export interface WaveletBands {
  ll: Float64Array;
  lh: Float64Array;
  hl: Float64Array;
  hh: Float64Array;
}

/**
 * One level: coefficient k is the sum of tap[j] I[2k + j - 2], of pixels less their mean,
 * reflected at the border (d c b a | a b c d).
 */
export function waveletBands(plane: Plane): WaveletBands {
  const { height, width } = plane;
  const data = centred(plane);
  const rows = Math.ceil(height / 2);
  const columns = Math.ceil(width / 2);
  const inX = reflectedIndices(width, 6);
  const inY = reflectedIndices(height, 6);
  const half = { l: new Float64Array(height * columns), h: new Float64Array(height * columns) };
  for (let y = 0; y < height; y++)
    for (let k = 0; k < columns; k++) {
      let [l, h] = [0, 0];
      for (let j = 0; j < 6; j++) {
        const v = data[y * width + inX[2 * k + j + 4]];
        l += low[j] * v;
        h += high[j] * v;
      }
      half.l[y * columns + k] = l;
      half.h[y * columns + k] = h;
    }
  const alongY = (source: Float64Array, taps: Float64Array): Float64Array => {
    const out = new Float64Array(rows * columns);
    for (let k = 0; k < rows; k++)
      for (let j = 0; j < 6; j++) {
        const from = inY[2 * k + j + 4] * columns;
        for (let x = 0; x < columns; x++) out[k * columns + x] += taps[j] * source[from + x];
      }
    return out;
  };
  return { ll: alongY(half.l, low), lh: alongY(half.h, low), hl: alongY(half.l, high), hh: alongY(half.h, high) };
}

/** Energy of the three detail bands over that of the approximation about its mean (Xie, Rong & Sun 2006): no unit. */
export function waveletRatio(plane: Plane): number {
  const { ll, lh, hl, hh } = waveletBands(plane);
  const coarse = moments(ll).variance;
  return coarse === 0 ? 0 : [lh, hl, hh].reduce((sum, band) => sum + energyOf(band), 0) / coarse;
}

function energyOf(band: Float64Array): number {
  return band.reduce((sum, v) => sum + v * v, 0) / band.length;
}
