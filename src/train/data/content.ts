/** Draws the positions of patches, preferring regions with signal. */
import type { Random } from "../../array/random.ts";
import type { CommonConfig } from "../common-config.ts";

interface Planes {
  /** `[depth, height, width]`, normalised. */
  data: Float32Array;
  depth: number;
  height: number;
  width: number;
}

/**
 * Summed-area table of the signal: the maximum over the planes at each pixel, above the low percentile of the stack.
 */
export function contentSums({ data, depth, height, width }: Planes): Float64Array {
  const sums = new Float64Array((height + 1) * (width + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      let brightest = 0;
      for (let z = 0; z < depth; z++) brightest = Math.max(brightest, data[(z * height + y) * width + x]);
      row += Math.min(brightest, 1);
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  }
  return sums;
}

/**
 * A fraction `content_sampling` of the positions is chosen among a few random ones in proportion to their signal; the
 * others are uniformly random.
 */
export function drawPlace(
  source: { height: number; width: number },
  sums: Float64Array,
  config: Pick<CommonConfig, "patch_size" | "content_sampling">,
  random: Random,
): { y: number; x: number } {
  const p = config.patch_size;
  const any = (): { y: number; x: number } => ({
    y: random.integer(source.height - p + 1),
    x: random.integer(source.width - p + 1),
  });
  if (random.uniform() >= config.content_sampling) return any();
  const stride = source.width + 1;
  const candidates = Array.from({ length: 4 }, any);
  const signals = candidates.map(
    ({ y, x }) =>
      sums[(y + p) * stride + x + p] - sums[y * stride + x + p] - sums[(y + p) * stride + x] + sums[y * stride + x],
  );
  let pick = random.uniform() * signals.reduce((a, b) => a + b, 0);
  const chosen = signals.findIndex((signal) => {
    pick -= signal;
    return pick < 0;
  });
  return candidates[Math.max(0, chosen)];
}
