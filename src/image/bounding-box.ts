import type { Calibration } from "./plane-order.ts";

/**
 * Reads the bounding box of Amira and Avizo: "BoundingBox x0 x1 y0 y1 z0 z1" in the ImageDescription, from the centre
 * of the first voxel to the centre of the last one. It has no unit. In microscopy it is used with micrometres.
 * @param extents pixels and planes
 * @param unit length of one unit of the description, um, if it states a unit
 */
export function fromBoundingBox(
  description: string,
  extents: { width: number; height: number; depth: number },
  unit: number | undefined,
): Calibration {
  const line = description.split("\n").find((one) => /^\s{0,9}BoundingBox[\s=:]/i.test(one));
  const box = line?.match(/[-+]?\d[\d.]*(?:e[-+]?\d+)?/gi)?.map(Number) ?? [];
  if (box.length !== 6 || !box.every(Number.isFinite)) return {};
  const scale = unit ?? 1;
  const step = (first: number, last: number, count: number): number | undefined => {
    const size = (Math.abs(last - first) * scale) / (count - 1);
    return count > 1 && size > 0 ? Number(size.toPrecision(12)) : undefined;
  };
  const x = step(box[0], box[1], extents.width);
  const y = step(box[2], box[3], extents.height);
  const z = step(box[4], box[5], extents.depth);
  if (x === undefined && z === undefined) return {};
  return {
    ...(x !== undefined && y !== undefined && { pixelSize: { y, x } }),
    ...(z !== undefined && { zStep: z }),
    ...(unit === undefined && {
      warnings: [
        `The description gives a BoundingBox without a unit, which is taken as um (pixels of ${x ?? "?"} um${z === undefined ? "" : `, planes ${z} um apart`}); give \`pixel_size <your pixel size>\` and \`z_step <your z step>\` (um) if that is wrong.`,
      ],
    }),
  };
}
