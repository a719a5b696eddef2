/** At which plane each pixel scores best, to a fraction of a plane, from scores that come plane by plane. */

export interface BestDepth {
  /** Plane with the largest score, with the vertex of the parabola through its neighbours. */
  depth: Float32Array;
  /** Largest score less the mean over all planes. */
  contrast: Float32Array;
}

export function createBestDepth(pixels: number): { add(score: Float32Array): void; result(): BestDepth } {
  const best = new Float32Array(pixels).fill(Number.NEGATIVE_INFINITY);
  const at = new Uint16Array(pixels);
  const before = new Float32Array(pixels);
  const after = new Float32Array(pixels).fill(Number.NaN);
  const sum = new Float32Array(pixels);
  let previous: Float32Array | undefined;
  let z = 0;
  return {
    add(score) {
      for (let i = 0; i < pixels; i++) {
        const s = score[i];
        sum[i] += s;
        if (s > best[i]) {
          best[i] = s;
          at[i] = z;
          before[i] = previous ? previous[i] : Number.NaN;
          after[i] = Number.NaN;
        } else if (at[i] === z - 1) after[i] = s;
      }
      previous = score;
      z++;
    },
    result() {
      const depth = new Float32Array(pixels);
      for (let i = 0; i < pixels; i++) {
        const bend = before[i] - 2 * best[i] + after[i];
        // NaN at an end of the stack: the comparison is false.
        depth[i] = at[i] + (bend < 0 ? (0.5 * (before[i] - after[i])) / bend : 0);
      }
      return { depth, contrast: best.map((v, i) => v - sum[i] / z) };
    },
  };
}
