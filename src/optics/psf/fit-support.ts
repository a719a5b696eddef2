/** Refuses fits whose parameters a stack of one bead cannot determine. */
import { ParfocalError } from "../../errors.ts";
import { nollOf } from "./zernike.ts";

/** Minimum number of planes to find the z position of a bead, from a maximum between two planes. */
const minPlanes = 3;

/** Parameters that show only in the change of the image through focus, as all aberrations do. */
const throughFocus = new Set([
  "refractive_index",
  "sample_index",
  "depth",
  "z_scale",
  "shear_x",
  "shear_y",
  "spherical_aberration",
]);

/**
 * One plane gives only the lateral position of a bead and is assumed to be in focus: defocus looks like a larger bead,
 * a smaller NA or an aberration. Every parameter that shows only through focus needs one plane in addition to the
 * {@link minPlanes} for z.
 *
 * @param names parameters that are fitted besides x, y and z
 * @throws image.unfit naming the planes of the stack and those that are needed
 */
export function checkSupport(depth: number, names: readonly string[]): void {
  if (depth === 1 && names.length === 0) return;
  const axial = names.filter((name) => throughFocus.has(name) || nollOf(name) !== undefined);
  const needed = minPlanes + axial.length;
  if (depth >= needed) return;
  const planes = `${depth} ${depth === 1 ? "plane" : "planes"}`;
  const said =
    depth < minPlanes
      ? `${planes} cannot determine ${["the bead's z", ...names].join(", ")}`
      : `${planes} cannot determine ${axial.join(", ")} besides the bead's z`;
  const less = depth === 1 || axial.length > 0 ? ", or fit fewer parameters" : "";
  const detail = `Bead: ${said}; give a stack of ${needed} or more planes through focus${less} (\`fit <names>\`).`;
  throw new ParfocalError("image.unfit", detail, { detail });
}

/**
 * Checks that a fitted position lies in the stack.
 * @param place in planes, rows and columns, from 0; z undefined where it was not fitted
 * @throws image.unfit for a bead outside the stack, of which only the blurred edge was recorded
 */
export function checkInside(
  place: { x: number; y: number; z?: number | undefined },
  { depth, height, width }: { depth: number; height: number; width: number },
): void {
  for (const [what, value, count] of [
    ["plane", place.z ?? 0, depth],
    ["row", place.y, height],
    ["column", place.x, width],
  ] as const) {
    if (value >= -0.5 && value <= count - 0.5) continue;
    const detail = `Bead: the fit places it at ${what} ${value.toFixed(1)} of ${count}, outside the stack; give a stack that holds its focus and planes on both sides of it.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
}
