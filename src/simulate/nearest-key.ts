/** Finds the known word that is most similar to a mistyped one. */

/** Minimum number of letters to insert, delete or replace to turn one word into the other (Levenshtein 1966). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

/** The known word most similar to `word`, regardless of case and dashes; undefined if none is similar. */
export function nearestKey(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-\s]/g, "_");
  let best: { key: string; distance: number } | undefined;
  for (const key of known) {
    const distance = editDistance(plain(word), plain(key));
    if (best === undefined || distance < best.distance) best = { key, distance };
  }
  // Up to a third of the letters may differ, or one word may be part of the other, as "bead" is of "bead_kinds".
  if (best && best.distance <= Math.max(2, word.length / 3)) return best.key;
  return known.find((key) => word.length > 2 && (plain(key).includes(plain(word)) || plain(word).includes(plain(key))));
}
