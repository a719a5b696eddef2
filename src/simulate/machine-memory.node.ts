/** What this process may still take of the machine's memory. */

/** Bytes, a tenth of them left to others. */
export function availableMemory(): number {
  return 0.9 * process.availableMemory();
}
