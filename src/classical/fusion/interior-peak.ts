/**
 * Finds the focus of each pixel, to a fraction of a plane, from scores that arrive plane by plane: the largest maximum
 * between planes with lower scores. A score that rises up to an end of the stack only shows that the focus is not
 * inside.
 */

export interface InteriorPeak {
  /**
   * Plane of the largest interior maximum, at the vertex of the parabola through it and its neighbours; NaN where there
   * is none.
   */
  depth: Float32Array;
  /**
   * Prominence of the maximum: the geometric mean of its heights above the lowest score before it and above the lowest
   * after it. 0 where there is none.
   */
  prominence: Float32Array;
}

export function createInteriorPeak(pixels: number): { add(score: Float32Array): void; result(): InteriorPeak } {
  const best = new Float32Array(pixels).fill(Number.NEGATIVE_INFINITY);
  const at = new Uint16Array(pixels);
  const [before, after] = [new Float32Array(pixels), new Float32Array(pixels)];
  const [lowestBefore, lowestAfter] = [new Float32Array(pixels), new Float32Array(pixels)];
  const lowest = new Float32Array(pixels).fill(Number.POSITIVE_INFINITY);
  let [earlier, previous]: (Float32Array | undefined)[] = [];
  let z = 0;
  return {
    add(score) {
      if (earlier && previous)
        for (let i = 0; i < pixels; i++) {
          const [a, b, c] = [earlier[i], previous[i], score[i]];
          if (a < lowest[i]) lowest[i] = a;
          if (b > a && b >= c && b > best[i]) {
            best[i] = b;
            at[i] = z - 1;
            before[i] = a;
            after[i] = c;
            lowestBefore[i] = lowest[i];
            lowestAfter[i] = c;
          } else if (c < lowestAfter[i]) lowestAfter[i] = c;
        }
      [earlier, previous] = [previous, score];
      z++;
    },
    result() {
      const [depth, prominence] = [new Float32Array(pixels), new Float32Array(pixels)];
      for (let i = 0; i < pixels; i++) {
        if (best[i] === Number.NEGATIVE_INFINITY) {
          depth[i] = Number.NaN;
          continue;
        }
        const bend = before[i] - 2 * best[i] + after[i];
        depth[i] = at[i] + (0.5 * (before[i] - after[i])) / bend;
        prominence[i] = Math.sqrt((best[i] - lowestBefore[i]) * (best[i] - lowestAfter[i]));
      }
      return { depth, prominence };
    },
  };
}
