/** Index `i` folded into 0..size-1, each edge twice: ..., 1, 0 | 0, 1, ..., size-1 | size-1, size-2, ... */
export function reflectedIndex(i: number, size: number): number {
  const period = 2 * size;
  const folded = ((i % period) + period) % period;
  return folded < size ? folded : period - 1 - folded;
}
