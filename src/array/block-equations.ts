/** Linear least squares over a chain of blocks of weights, each of which meets only the next one in an observation. */

export interface BlockEquations {
  /**
   * Adds observations of value = (1 - share) * features . weights[block] + share * features . weights[block + 1].
   * @param gram `[n + 1, n + 1]`: the sums of products of the n features and, last, of the value
   */
  add(block: number, share: number, gram: ArrayLike<number>): void;
  /**
   * The weights with the least squares, block after block.
   * @param ridge added to the sum of squares of every feature, as a share of it: pulls weights that the observations do
   * not decide to 0
   */
  solve(ridge: number): Float64Array;
}

/** @param features n, weights of a block */
export function blockEquations(blocks: number, features: number): BlockEquations {
  const size = blocks * features;
  // Of the symmetric matrix the lower half, which ends two blocks from the diagonal: row i holds columns i - band + 1
  // to i.
  const band = 2 * features;
  const products = new Float64Array(size * band);
  const target = new Float64Array(size);
  const addBlock = (row: number, column: number, factor: number, gram: ArrayLike<number>): void => {
    if (factor === 0) return;
    for (let i = 0; i < features; i++) {
      const place = row * features + i;
      const to = place * band + band - 1 - place + column * features;
      const last = row === column ? i : features - 1;
      for (let j = 0; j <= last; j++) products[to + j] += factor * gram[i * (features + 1) + j];
    }
  };
  const addTarget = (row: number, factor: number, gram: ArrayLike<number>): void => {
    const last = features * (features + 1);
    for (let i = 0; i < features; i++) target[row * features + i] += factor * gram[last + i];
  };
  return {
    add(block, share, gram) {
      addBlock(block, block, (1 - share) ** 2, gram);
      addTarget(block, 1 - share, gram);
      if (share === 0) return;
      addBlock(block + 1, block, share * (1 - share), gram);
      addBlock(block + 1, block + 1, share ** 2, gram);
      addTarget(block + 1, share, gram);
    },
    solve: (ridge) => solveBand(products, target, ridge, band),
  };
}

/** By Cholesky's factor. Features are scaled to one size; those of no size get the weight 0. */
function solveBand(products: Float64Array, target: Float64Array, ridge: number, band: number): Float64Array {
  const size = target.length;
  const at = (i: number, j: number): number => i * band + band - 1 - i + j;
  const scale = Float64Array.from({ length: size }, (_, i) => {
    const square = products[at(i, i)];
    return square > 0 ? 1 / Math.sqrt(square) : 0;
  });
  const factor = new Float64Array(products.length);
  for (let i = 0; i < size; i++) {
    const first = Math.max(0, i - band + 1);
    for (let j = first; j <= i; j++) {
      let sum = i === j ? (scale[i] === 0 ? 1 : 1 + ridge) : products[at(i, j)] * scale[i] * scale[j];
      const from = Math.max(first, j - band + 1);
      const [row, column] = [at(i, 0), at(j, 0)];
      for (let k = from; k < j; k++) sum -= factor[row + k] * factor[column + k];
      factor[at(i, j)] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / factor[at(j, j)];
    }
  }
  const solution = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = target[i] * scale[i];
    for (let k = Math.max(0, i - band + 1); k < i; k++) sum -= factor[at(i, k)] * solution[k];
    solution[i] = sum / factor[at(i, i)];
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = solution[i];
    for (let k = i + 1; k < Math.min(size, i + band); k++) sum -= factor[at(k, i)] * solution[k];
    solution[i] = sum / factor[at(i, i)];
  }
  return solution.map((value, i) => value * scale[i]);
}
