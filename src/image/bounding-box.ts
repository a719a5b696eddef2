import type { Calibration } from "./plane-order.ts";

/**
 * Amira and Avizo describe a stack by the box between the centres of its first and last voxels: "BoundingBox x0 x1 y0 y1 z0 z1" in the
 * ImageDescription, without a unit; micrometres are what they are used with in microscopy.
 * @param extents pixels and planes
 * @param unit um that one unit of the description has, where it says so
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
