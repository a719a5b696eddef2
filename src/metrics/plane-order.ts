/** Judges the order of planes from the differences between them: similar planes should be neighbours. */

/** Differences between planes, 0 for the same structure; undefined where the difference cannot be measured. */
export interface PlaneDistances {
  count: number;
  of(i: number, j: number): number | undefined;
}

export interface PlaneOrder {
  shuffled: boolean;
  /** An order in which neighbours are similar, if it is clearly better than the recorded one. */
  likely?: number[];
  /** Planes after which one plane seems to be missing. */
  gaps: number[];
}

/** Smaller differences are rounding errors and remaining noise. */
const minDistance = 0.004;
/**
 * Planes two steps apart contradict the order if their difference is below this share of that of neighbours. A few do
 * so around focus, where both sides are similar.
 */
const contradiction = 0.6;
const minContradictions = 3;
const minContradictoryShare = 0.25;

/** Judges the order of at least five planes; fewer planes are not judged. */
export function compareOrder(distances: PlaneDistances): PlaneOrder {
  const { count } = distances;
  if (count < 5) return { shuffled: false, gaps: [] };
  const table = Array.from({ length: count }, (_, i) => Array.from({ length: count }, (_, j) => distances.of(i, j)));
  const asIs = table.map((_, z) => z);
  const { wrong, judged } = contradictions(table, asIs);
  if (wrong >= minContradictions && wrong >= minContradictoryShare * judged) {
    const likely = shortestPath(table);
    const better = likely && contradictions(table, likely).wrong <= wrong / 3;
    return { shuffled: true, ...(better && { likely }), gaps: [] };
  }
  return { shuffled: false, gaps: gapsOf(table) };
}

type Table = readonly (readonly (number | undefined)[])[];

function contradictions(table: Table, order: readonly number[]): { wrong: number; judged: number } {
  let [wrong, judged] = [0, 0];
  for (let z = 0; z + 2 < order.length; z++) {
    const [a, b, c] = order.slice(z, z + 3);
    const [ab, bc, ac] = [table[a][b], table[b][c], table[a][c]];
    if (ab === undefined || bc === undefined || ac === undefined) continue;
    judged++;
    if (Math.max(ab, bc) > minDistance && ac < contradiction * Math.max(ab, bc)) wrong++;
  }
  return { wrong, judged };
}

/**
 * A short path through all planes: nearest neighbour from every start, then 2-opt; its direction is that of the
 * recording.
 */
function shortestPath(table: Table): number[] | undefined {
  const n = table.length;
  if (table.some((row, i) => row.some((d, j) => i !== j && d === undefined))) return undefined;
  const d = (a: number, b: number): number => table[a][b] ?? 0;
  const length = (path: readonly number[]) => path.slice(1).reduce((sum, z, i) => sum + d(path[i], z), 0);
  let best: number[] | undefined;
  for (let start = 0; start < n; start++) {
    const path = [start];
    const left = new Set(Array.from({ length: n }, (_, z) => z).filter((z) => z !== start));
    while (left.size > 0) {
      const here = path[path.length - 1];
      const next = [...left].reduce((a, b) => (d(here, b) < d(here, a) ? b : a));
      path.push(next);
      left.delete(next);
    }
    for (let improved = true; improved; ) {
      improved = false;
      for (let i = 0; i < n - 1; i++)
        for (let j = i + 1; j < n; j++) {
          const before = (i > 0 ? d(path[i - 1], path[i]) : 0) + (j < n - 1 ? d(path[j], path[j + 1]) : 0);
          const after = (i > 0 ? d(path[i - 1], path[j]) : 0) + (j < n - 1 ? d(path[i], path[j + 1]) : 0);
          if (after >= before - 1e-12) continue;
          path.splice(i, j - i + 1, ...path.slice(i, j + 1).reverse());
          improved = true;
        }
    }
    if (!best || length(path) < length(best)) best = path;
  }
  return best && best[0] > best[n - 1] ? best.reverse() : best;
}

/** Steps as long as two usual ones: as far as planes two apart on both sides, and nearly twice as far as neighbours. */
function gapsOf(table: Table): number[] {
  const found: number[] = [];
  for (let z = 2; z + 3 < table.length; z++) {
    const step = table[z][z + 1];
    const beside = [table[z - 1][z], table[z + 1][z + 2]];
    const double = [table[z - 2][z], table[z + 1][z + 3]];
    if (step === undefined || [...beside, ...double].some((one) => one === undefined)) continue;
    const [before, after] = beside as number[];
    const [twoBefore, twoAfter] = double as number[];
    if (Math.min(before, after) < minDistance) continue;
    if (step > 1.9 * Math.max(before, after) && step > 0.75 * Math.min(twoBefore, twoAfter)) found.push(z);
  }
  return found;
}
