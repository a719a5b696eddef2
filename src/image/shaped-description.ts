/**
 * The JSON that tifffile writes as ImageDescription of files that are neither ImageJ TIFF nor OME-TIFF: {"shape": [2,
 * 5, 64, 64], "axes": "CZYX"}.
 */
import { type PlaneOrder, sequentialPages } from "./plane-order.ts";

export interface ShapedPlanes {
  sizes: PlaneOrder["sizes"];
  order: string;
  pageOf: PlaneOrder["pageOf"];
  warnings: string[];
}

/**
 * The pages that the description describes; undefined for other descriptions. Axes other than channel, plane and time
 * (tifffile's "Q" and "I", or no axes) are read as planes, like pages without a description.
 * @param page height, width and samples of a page, which the last axes must match
 */
export function readShaped(
  description: string,
  page: { height: number; width: number; samples: number },
): ShapedPlanes | undefined {
  const said = shapeAndAxes(description);
  if (!said) return undefined;
  const inner = [page.samples > 1 ? page.samples : 0, page.height, page.width].filter((extent) => extent > 0);
  // A colour page has its samples before or after its rows and columns.
  const of = (extents: readonly number[]) => [...extents].sort((a, b) => a - b).join();
  const depth = said.shape.length - inner.length;
  if (depth < 0 || of(said.shape.slice(depth)) !== of(inner)) return undefined;
  const shape = said.shape.slice(0, depth);
  if (said.axes === undefined && shape.filter((extent) => extent > 1).length > 1) {
    const all = { C: 1, Z: shape.reduce((a, b) => a * b, 1), T: 1 };
    const warning = `The description states ${shape.join(" x ")} planes and does not name these axes; they are read as one list of ${all.Z} planes. Save them with axes, such as axes TZCYX in tifffile, if they are several stacks.`;
    return { sizes: all, order: "CZT", pageOf: sequentialPages(all, "CZT"), warnings: [warning] };
  }
  const letters = said.axes === undefined ? shape.map(() => "Q") : [...said.axes.toUpperCase()].slice(0, depth);
  const sizes = { C: 1, Z: 1, T: 1 };
  const outer: ("C" | "Z" | "T")[] = [];
  const odd: string[] = [];
  for (const [i, letter] of letters.entries()) {
    if (shape[i] === 1) continue;
    const free =
      !letters.includes("Z") && !outer.includes("Z")
        ? "Z"
        : letters.includes("T") || outer.includes("T")
          ? undefined
          : "T";
    const axis = letter === "C" || letter === "Z" || letter === "T" ? letter : free;
    if (axis === undefined || outer.includes(axis)) return undefined;
    if (axis !== letter && said.axes !== undefined) odd.push(`${letter} (${shape[i]}) as ${axis}`);
    outer.push(axis);
    sizes[axis] = shape[i];
  }
  const order = [...new Set([...outer.reverse(), "C", "Z", "T"])].join("");
  const warnings =
    odd.length > 0 ? [`The description names unknown axes, which are read as follows: ${odd.join(", ")}.`] : [];
  return { sizes, order, pageOf: sequentialPages(sizes, order), warnings };
}

function shapeAndAxes(description: string): { shape: number[]; axes?: string } | undefined {
  if (!description.startsWith("{") || description.length > 1e6) return undefined;
  try {
    const { axes, shape } = JSON.parse(description) as { axes?: unknown; shape?: unknown };
    if (!Array.isArray(shape) || shape.length > 12) return undefined;
    if (!shape.every((extent) => Number.isInteger(extent) && extent >= 1)) return undefined;
    if (shape.reduce((a, b) => a * b, 1) > Number.MAX_SAFE_INTEGER) return undefined;
    const named = typeof axes === "string" && axes.length === shape.length;
    return { shape, ...(named && { axes }) };
  } catch {
    return undefined;
  }
}
