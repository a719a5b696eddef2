/** Memory of what focal planes show. */
import { requireMemory } from "../../array/require-memory.ts";

/**
 * @param each bytes of one pixel of one plane; default 4, one float32
 * @throws `usage` where memory has no room for them
 */
export function requirePlanes(planes: number, { height, width }: { height: number; width: number }, each = 4): void {
  requireMemory({
    what: `${planes} planes of ${height} x ${width} pixels`,
    bytes: each * planes * height * width,
    advice: "fewer planes, or a smaller field",
    option: "planes",
  });
}
