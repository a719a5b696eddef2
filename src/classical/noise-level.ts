/** How strong the noise of a plane is, from the plane alone. */
import { percentile } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";

/**
 * Standard deviation of white noise, counts: the median absolute response to the mask [1 -2 1; -2 4 -2; 1 -2 1], blind to planes
 * and edges along the axes, over 0.6745 and the mask's norm 6 (Immerkaer 1996, with the median instead of the mean).
 */
export function noiseLevel({ data, height, width }: Plane): number {
  if (height < 3 || width < 3) return 0;
  const response = new Float32Array((height - 2) * (width - 2));
  let n = 0;
  for (let y = 1; y < height - 1; y++)
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const corners = data[i - width - 1] + data[i - width + 1] + data[i + width - 1] + data[i + width + 1];
      const sides = data[i - width] + data[i + width] + data[i - 1] + data[i + 1];
      response[n++] = Math.abs(corners - 2 * sides + 4 * data[i]);
    }
  return percentile(response, 50) / (0.6745 * 6);
}
