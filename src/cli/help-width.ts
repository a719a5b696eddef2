/** Columns that a help takes: those of the terminal, but not so many that lines are hard to read. */
export const helpWidth = (): number => Math.min(process.stdout.columns ?? 80, 120);
