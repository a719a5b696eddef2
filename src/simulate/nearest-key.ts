/** Finds what somebody who mistyped a word may have meant. */

/** Letters to insert, delete or replace to get from one word to the other (Levenshtein 1966). */
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

/** The known word that is nearest to `word`, whatever the case and the dashes; undefined when none is near at all. */
export function nearestKey(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-\s]/g, "_");
  let best: { key: string; distance: number } | undefined;
  for (const key of known) {
    const distance = editDistance(plain(word), plain(key));
    if (best === undefined || distance < best.distance) best = { key, distance };
  }
  // A third of the letters may be wrong; or one word is a part of the other, as "beads" is of "bead_kinds".
  if (best && best.distance <= Math.max(2, word.length / 3)) return best.key;
  return known.find((key) => word.length > 2 && (plain(key).includes(plain(word)) || plain(word).includes(plain(key))));
}
