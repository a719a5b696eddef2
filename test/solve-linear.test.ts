import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { invertMatrix, solveLinear, solvePositive } from "../src/array/solve-linear.ts";

const rowsOf = (n: number, values: readonly number[]): Float64Array[] =>
  Array.from({ length: n }, (_, i) => Float64Array.from(values.slice(i * n, (i + 1) * n)));
const times = (matrix: readonly Float64Array[], x: Float64Array): Float64Array =>
  Float64Array.from(matrix, (row) => row.reduce((sum, v, i) => sum + v * x[i], 0));
const transposed = (matrix: readonly Float64Array[]): Float64Array[] =>
  matrix.map((_, i) => Float64Array.from(matrix, (row) => row[i]));
const copied = (matrix: readonly Float64Array[]): Float64Array[] => matrix.map((row) => row.slice());

/** A matrix far from singular, and its solution: numbers from -1 to 1, with n + 1 on the diagonal of a shuffled order of rows. */
const systems = fc.integer({ min: 1, max: 8 }).chain((n) =>
  fc.record({
    entries: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n * n, maxLength: n * n }),
    solution: fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: n, maxLength: n }),
    order: fc.shuffledSubarray(
      Array.from({ length: n }, (_, i) => i),
      { minLength: n, maxLength: n },
    ),
  }),
);

function expectNear(found: Float64Array, wanted: ArrayLike<number>, within: number): void {
  expect(found.length).toBe(wanted.length);
  found.forEach((v, i) => {
    expect(Math.abs(v - wanted[i])).toBeLessThanOrEqual(within);
  });
}

describe("solveLinear", () => {
  it("finds the solution, whatever the order of the rows", () => {
    fc.assert(
      fc.property(systems, ({ entries, solution, order }) => {
        const n = order.length;
        const rows = rowsOf(n, entries);
        rows.forEach((row, i) => {
          row[i] += n + 1;
        });
        const matrix = order.map((i) => rows[i]);
        const x = Float64Array.from(solution);
        const rights = [
          times(matrix, x),
          times(
            matrix,
            x.map((v) => -2 * v),
          ),
        ];
        expect(solveLinear(copied(matrix), rights)).toBe(true);
        expectNear(rights[0], x, 1e-12 * 10 * n);
        expectNear(
          rights[1],
          x.map((v) => -2 * v),
          2e-12 * 10 * n,
        );
      }),
    );
  });

  it("exchanges rows where the first pivot is 0", () => {
    const right = Float64Array.of(3, 5);
    expect(solveLinear(rowsOf(2, [0, 1, 1, 0]), [right])).toBe(true);
    expect([...right]).toEqual([5, 3]);
  });

  it("says that a matrix is singular, or holds NaN, or has no pivot as large as asked for", () => {
    expect(solveLinear(rowsOf(2, [1, 2, 2, 4]), [Float64Array.of(1, 2)])).toBe(false);
    expect(solveLinear(rowsOf(2, [1, Number.NaN, 0, 1]), [Float64Array.of(1, 2)])).toBe(false);
    expect(solveLinear(rowsOf(2, [1, 0, 0, 1e-10]), [Float64Array.of(1, 2)])).toBe(true);
    expect(solveLinear(rowsOf(2, [1, 0, 0, 1e-10]), [Float64Array.of(1, 2)], 1e-9)).toBe(false);
  });
});

describe("solvePositive", () => {
  it("agrees with solveLinear on normal equations", () => {
    fc.assert(
      fc.property(systems, ({ entries, solution, order }) => {
        const n = order.length;
        const rows = rowsOf(n, entries);
        // A A^T + 1 is symmetric and positive definite.
        const matrix = rows.map((a, i) => Float64Array.from(rows, (b, j) => times([a], b)[0] + (i === j ? 1 : 0)));
        const x = Float64Array.from(solution);
        const rights = [
          times(matrix, x),
          times(
            matrix,
            x.map((v) => v * v),
          ),
        ];
        const others = copied(rights);
        solvePositive(copied(matrix), rights);
        expect(solveLinear(copied(matrix), others)).toBe(true);
        expectNear(rights[0], x, 1e-10);
        rights.forEach((right, k) => {
          expectNear(right, others[k], 1e-9);
        });
      }),
    );
  });
});

describe("invertMatrix", () => {
  it("knows the inverse of Hilbert's matrix, whole numbers all of them", () => {
    const hilbert = Array.from({ length: 4 }, (_, i) => Float64Array.from({ length: 4 }, (__, j) => 1 / (i + j + 1)));
    const kept = copied(hilbert);
    const inverse = invertMatrix(hilbert);
    expect(hilbert).toEqual(kept);
    const known = [
      [16, -120, 240, -140],
      [-120, 1200, -2700, 1680],
      [240, -2700, 6480, -4200],
      [-140, 1680, -4200, 2800],
    ];
    inverse?.forEach((column, i) => {
      expectNear(column, known[i], 1e-8);
    });
    expect(inverse).toHaveLength(4);
  });

  it("gives columns, not rows", () => {
    const matrix = rowsOf(2, [1, 3, 0, 1]);
    expect(transposed(invertMatrix(matrix) ?? []).map((row) => [...row])).toEqual([
      [1, -3],
      [0, 1],
    ]);
  });

  it("has nothing for a singular matrix", () => {
    expect(invertMatrix(rowsOf(2, [1, 1, 1, 1]))).toBeUndefined();
  });
});
