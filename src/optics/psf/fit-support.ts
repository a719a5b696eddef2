/** What a stack of one bead can say of the optics: fits that it cannot support are refused before they begin. */
import { ParfocalError } from "../../errors.ts";
import { nollOf } from "./zernike.ts";

/** Fewest planes that tell where a bead is along z, by a maximum between two planes. */
export const fewestPlanes = 3;

/** Told by how the image changes through focus, as all aberrations are. */
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
 * One plane gives a bead's place across only, taken to be in focus: its defocus looks like a larger bead, a smaller NA or an aberration. Through focus
 * every parameter that changes with it needs one plane more than the {@link fewestPlanes} that tell z.
 *
 * @param names what is fitted beside x, y and z
 * @throws image.unfit naming the planes there are and those that are needed
 */
export function checkSupport(depth: number, names: readonly string[]): void {
  if (depth === 1 && names.length === 0) return;
  const axial = names.filter((name) => throughFocus.has(name) || nollOf(name) !== undefined);
  const needed = fewestPlanes + axial.length;
  if (depth >= needed) return;
  const planes = `${depth} ${depth === 1 ? "plane" : "planes"}`;
  const said =
    depth < fewestPlanes
      ? `${planes} cannot tell ${["the bead's z", ...names].join(", ")}`
      : `${planes} cannot tell ${axial.join(", ")} beside the bead's z`;
  const less = depth === 1 || axial.length > 0 ? ", or fit less" : "";
  const detail = `Bead: ${said}; give a stack of ${needed} planes or more through its focus${less} (\`fit <names>\`).`;
  throw new ParfocalError("image.unfit", detail, { detail });
}

/**
 * Whether a fitted place lies in the stack.
 * @param place in planes, rows and columns, from 0; z undefined where it was not fitted
 * @throws image.unfit for a bead outside, of which only a tail was seen
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
    const detail = `Bead: the fit puts it at ${what} ${value.toFixed(1)} of ${count}, outside what was recorded; give a stack with its focus, and planes on both sides of it.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
}
