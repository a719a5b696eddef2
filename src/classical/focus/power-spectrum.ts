/** The power spectrum of a plane: its variance by spatial frequency. */
import { createRealFft2 } from "../../array/fft.ts";
import type { Plane } from "../../image/image.ts";

/** Mean power in rings of spatial frequency. */
export interface RadialSpectrum {
  /**
   * Mean |F|^2 of ring k, counts^2, scaled so that white noise of variance v gives v in every ring; `power[0]` is 0.
   */
  power: Float64Array;
  /** Coefficients of the full spectrum in ring k. */
  counts: Float64Array;
  /** Edge of the tiles: ring k holds the frequency k / edge cycles per pixel. */
  edge: number;
}

/** Maximum edge of a tile, pixels, which gives 32 rings. */
const maxEdge = 64;

/**
 * Power spectrum averaged over tiles that overlap by half (Welch 1967), each less its mean and under a Hann window, so
 * that planes of any size can be compared and opposite edges do not meet.
 */
export function radialSpectrum({ data, height, width }: Plane): RadialSpectrum {
  const edge = tileEdge(height, width);
  const plan = createRealFft2(edge, edge);
  const window = hann(edge);
  const weights = Float64Array.from({ length: edge * edge }, (_, i) => window[Math.floor(i / edge)] * window[i % edge]);
  const tile = new Float64Array(edge * edge);
  const real = new Float64Array(edge * plan.spectrumWidth);
  const imag = new Float64Array(real.length);
  const sum = new Float64Array(real.length);
  let tiles = 0;
  for (const top of tileStarts(height, edge))
    for (const left of tileStarts(width, edge)) {
      let total = 0;
      for (let y = 0, to = 0; y < edge; y++)
        for (let x = 0, from = (top + y) * width + left; x < edge; x++) {
          const value = data[from + x];
          tile[to++] = value;
          total += value;
        }
      const mean = total / (edge * edge);
      for (let i = 0; i < tile.length; i++) tile[i] = (tile[i] - mean) * weights[i];
      plan.forward(tile, real, imag);
      for (let i = 0; i < sum.length; i++) sum[i] += real[i] * real[i] + imag[i] * imag[i];
      tiles++;
    }
  // Mean of the window's square over the tile, times pixels: what white noise of variance 1 gives.
  const gain = tiles * window.reduce((a, w) => a + w * w, 0) ** 2;
  const half = edge / 2;
  const power = new Float64Array(half + 1);
  const counts = new Float64Array(half + 1);
  for (let v = 0; v < edge; v++)
    for (let u = 0; u < plan.spectrumWidth; u++) {
      const ring = Math.round(Math.hypot(Math.min(v, edge - v), u));
      if (ring === 0 || ring > half) continue;
      const twice = u === 0 || u === half ? 1 : 2;
      power[ring] += (twice * sum[v * plan.spectrumWidth + u]) / gain;
      counts[ring] += twice;
    }
  for (let k = 1; k <= half; k++) power[k] /= counts[k];
  return { power, counts, edge };
}

/** The largest power of two that fits, at most 64. */
export function tileEdge(height: number, width: number): number {
  let edge = 2;
  while (2 * edge <= Math.min(maxEdge, height, width)) edge *= 2;
  return edge;
}

/** Upper or left edges of tiles that overlap by about half and reach both ends. */
export function tileStarts(length: number, edge: number): number[] {
  const steps = Math.ceil((length - edge) / (edge / 2));
  return Array.from({ length: steps + 1 }, (_, i) => (steps === 0 ? 0 : Math.round((i * (length - edge)) / steps)));
}

function hann(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / length));
}
