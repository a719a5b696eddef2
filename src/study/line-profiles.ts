/** Grey values along a line through one structure, for input and output of every plane. */
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import type { EveryPlane, Outcome } from "./every-plane.ts";
import { type Box, cropPlane } from "./studied-stack.ts";

export interface Profile {
  plane: number;
  /** One value for each pixel along the line, in counts of the stack. */
  input: number[];
  output: number[];
}

export interface Profiles {
  /** Row of the field in which the line lies, and its first column. */
  row: number;
  left: number;
  profiles: Profile[];
  /** Grey values of the sharpest plane along the same line. */
  sharpest: number[];
}

/** Number of rows on each side of the line that are averaged to reduce noise. */
const beside = 1;

type LineOutputs = Pick<EveryPlane, "toStack"> & { outcomes: readonly Pick<Outcome, "plane" | "output">[] };

/** Measures the line through the brightest place of the structure in the sharpest plane, over the width of its box. */
export function lineProfiles(
  stack: Stack,
  sharpest: number,
  structure: Box,
  { outcomes, toStack: { gain, offset } }: LineOutputs,
): Profiles {
  const seen = cropPlane(planeOf(stack, sharpest), structure);
  let brightest = 0;
  const rowMeans = Array.from({ length: seen.height }, (_, y) =>
    along(planeOf(stack, sharpest), structure.top + y, structure).reduce((most, value) => Math.max(most, value), 0),
  );
  for (let y = beside; y < seen.height - beside; y++) if (rowMeans[y] > rowMeans[brightest]) brightest = y;
  const row = structure.top + brightest;
  return {
    row,
    left: structure.left,
    sharpest: along(planeOf(stack, sharpest), row, structure),
    profiles: outcomes.map(({ plane, output }) => ({
      plane,
      input: along(planeOf(stack, plane), row, structure),
      output: along(output, row, structure).map((value) => gain * value + offset),
    })),
  };
}

function along(plane: Plane, row: number, { left, width }: Box): number[] {
  const rows: number[] = [];
  for (let y = Math.max(0, row - beside); y <= Math.min(plane.height - 1, row + beside); y++) rows.push(y);
  return Array.from({ length: width }, (_, x) => {
    let sum = 0;
    for (const y of rows) sum += plane.data[y * plane.width + left + x];
    return sum / rows.length;
  });
}
