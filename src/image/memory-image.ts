import { planeOffset, refuseColour, resolvePlane } from "./axes.ts";
import type { Image } from "./image.ts";
import type { ImageFile } from "./image-file.ts";
import { checkRegion } from "./region.ts";

/**
 * An image in memory as an {@link ImageFile}, for whatever reads images plane by plane.
 * @param path how messages name it
 */
export function imageInMemory({ data, ...info }: Image, path: string): ImageFile {
  return {
    ...info,
    path,
    async readPlane(index, region, room) {
      refuseColour(info, path);
      const { x, y, width, height } = checkRegion(info, region, path);
      const plane = planeOffset(info, resolvePlane(info, index, path));
      const columns = info.shape[info.axes.indexOf("X")];
      const counts = room ?? new Float32Array(width * height);
      for (let row = 0; row < height; row++) {
        const first = plane + (y + row) * columns + x;
        counts.set(data.subarray(first, first + width), row * width);
      }
      return counts;
    },
    async close() {},
  };
}
