/** The focus measure of the discrete cosine transform of small blocks. */
import type { Plane } from "../../image/image.ts";
import { tileStarts } from "./power-spectrum.ts";

/** Indices v * 8 + u of the five coefficients of lowest frequency, without the mean. */
const lowest = [1, 2, 8, 9, 16];

/**
 * Energy of the five lowest coefficients (AC) of 8 x 8 blocks over that of their means (DC): the reduced energy ratio
 * of Lee, Yoo, Kumar & Kim 2009. No unit; independent of brightness, but not of a background.
 */
export function reducedDctRatio(plane: Plane): number {
  const squares = meanDctSquares(plane, 8);
  return squares[0] === 0 ? 0 : lowest.reduce((sum, i) => sum + squares[i], 0) / squares[0];
}

/** Mean square of each DCT-II coefficient (orthonormal) over tiles that overlap by half: `[edge, edge]`, v then u. */
export function meanDctSquares({ data, height, width }: Plane, edge: number): Float64Array {
  const basis = dctBasis(edge);
  const rows = new Float64Array(edge * edge);
  const sum = new Float64Array(edge * edge);
  let tiles = 0;
  for (const top of tileStarts(height, edge))
    for (const left of tileStarts(width, edge)) {
      for (let y = 0; y < edge; y++)
        for (let u = 0; u < edge; u++) {
          let total = 0;
          const from = (top + y) * width + left;
          for (let x = 0; x < edge; x++) total += basis[u * edge + x] * data[from + x];
          rows[u * edge + y] = total;
        }
      for (let v = 0; v < edge; v++)
        for (let u = 0; u < edge; u++) {
          let total = 0;
          for (let y = 0; y < edge; y++) total += basis[v * edge + y] * rows[u * edge + y];
          sum[v * edge + u] += total * total;
        }
      tiles++;
    }
  return sum.map((v) => v / tiles);
}

function dctBasis(edge: number): Float64Array {
  const basis = new Float64Array(edge * edge);
  for (let k = 0; k < edge; k++)
    for (let x = 0; x < edge; x++)
      basis[k * edge + x] = Math.sqrt((k === 0 ? 1 : 2) / edge) * Math.cos((Math.PI * (2 * x + 1) * k) / (2 * edge));
  return basis;
}
