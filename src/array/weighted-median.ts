/**
 * The value at which half of the weight lies at it or below: one of the values, and the least sum of weighted distances to all.
 * @param weights 0 or more, as many as there are values
 * @returns NaN for no values
 */
export function weightedMedian(values: readonly number[], weights: readonly number[]): number {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  let left = weights.reduce((sum, weight) => sum + weight, 0) / 2;
  for (const i of order) {
    left -= weights[i];
    if (left <= 0) return values[i];
  }
  return order.length === 0 ? Number.NaN : values[order[order.length - 1]];
}
