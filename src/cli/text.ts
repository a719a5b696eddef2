/** Results as text: tables, numbers and small curves. */

/** Rows of cells in columns, two spaces between them. @param numbers indices of columns that are set to the right */
export function table(rows: readonly (readonly string[])[], numbers: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => (numbers.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Lines moved to the right. */
export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

const blocks = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";

/** A curve in one line, from its smallest to its largest value; longer ones are shortened to their largest values. */
export function sparkline(values: readonly number[], width = 72): string {
  const columns = Math.min(width, values.length);
  const shown = Array.from({ length: columns }, (_, i) => {
    const from = Math.floor((i * values.length) / columns);
    return Math.max(...values.slice(from, Math.floor(((i + 1) * values.length) / columns)));
  });
  const low = Math.min(...shown);
  const span = Math.max(...shown) - low;
  return shown.map((value) => blocks[span > 0 ? Math.round(((value - low) / span) * 7) : 0]).join("");
}

/** A number to so many digits, without zeros at the end. */
export function digits(value: number, count = 4): string {
  return String(Number(value.toPrecision(count)));
}

/** What the counts of an output mean, as rows of a table; none where they are the values. */
export function rescaleRows(
  rescale: { offset: number; scale: number } | undefined,
  name = "rescaled",
): [string, string][] {
  if (!rescale) return [];
  return [[name, `value = ${digits(rescale.offset)} + ${digits(rescale.scale)} x count`]];
}
