/** Checks the memory for the images of focal planes. */
import { requireMemory } from "../../array/require-memory.ts";

/**
 * @param each bytes per pixel and plane; default 4, one float32
 * @throws `usage` if the memory is too small
 */
export function requirePlanes(planes: number, { height, width }: { height: number; width: number }, each = 4): void {
  requireMemory({
    what: `${planes} planes of ${height} x ${width} pixels`,
    bytes: each * planes * height * width,
    advice: "fewer planes, or a smaller field",
    option: "planes",
  });
}
