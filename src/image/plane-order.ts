/** The order of the planes of an image in the pages of its file. */
import type { PlanePosition } from "./axes.ts";
import type { ImageInfo } from "./image.ts";

/** What a description states beyond width, height and type. */
export type Calibration = Omit<ImageInfo, "axes" | "shape" | "dtype">;

export interface PlaneOrder {
  sizes: { C: number; Z: number; T: number };
  /** "C", "Z" and "T", the fastest first. */
  order: string;
  /** Page (from 0) of a plane. */
  pageOf(position: PlanePosition): number;
  calibration: Calibration;
}

/** Pages that follow each other in an order. In "CZT", C is the fastest. */
export function sequentialPages(sizes: PlaneOrder["sizes"], order: string): (position: PlanePosition) => number {
  return ({ c, z, t }) => {
    const at: Record<string, number> = { C: c, Z: z, T: t };
    const size: Record<string, number> = sizes;
    return at[order[0]] + size[order[0]] * (at[order[1]] + size[order[1]] * at[order[2]]);
  };
}

/** Axes and shape in the order of the pages: axes of extent 1 are left out; Y and X come last. */
export function axesOf(
  { sizes, order }: Pick<PlaneOrder, "sizes" | "order">,
  page: { width: number; height: number; samples: number },
): { axes: string; shape: number[] } {
  const extents: Record<string, number> = { ...sizes, S: page.samples };
  const kept = [...order]
    .reverse()
    .concat("S")
    .filter((axis) => extents[axis] > 1);
  return { axes: `${kept.join("")}YX`, shape: [...kept.map((axis) => extents[axis]), page.height, page.width] };
}

/** Combines several sources of calibration: later values replace earlier ones, and all warnings are kept. */
export function joinCalibrations(...parts: readonly Calibration[]): Calibration {
  const warnings = parts.flatMap((part) => part.warnings ?? []);
  return { ...Object.assign({}, ...parts), ...(warnings.length > 0 && { warnings }) };
}
