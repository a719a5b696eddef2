/** Index `i` folded into 0..size-1 without repeating an edge: ..., 2, 1, 0, 1, ..., size-1, size-2, ... */
export function mirroredIndex(i: number, size: number): number {
  const period = Math.max(1, 2 * (size - 1));
  const folded = ((i % period) + period) % period;
  return folded < size ? folded : period - folded;
}
