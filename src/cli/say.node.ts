/** A line on stderr; of news that cannot be written (a full disk, a closed terminal) nothing depends. */
export function say(line: string): void {
  try {
    process.stderr.write(`${line}\n`);
  } catch {
    // guardStreams (terminal.node.ts) knows: most failures come as events.
  }
}
