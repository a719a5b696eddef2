/** A line on stderr; of news that cannot be written (a full disk, a closed terminal) nothing depends. */
export function say(line: string): void {
  try {
    process.stderr.write(`${line}\n`);
  } catch {
    // See `guardStreams` in terminal.node.ts: most failures come as events.
  }
}
