/** What a command may print while it works, and how it learns that it should stop. */

import { withFlags } from "./flags.ts";
import { onInterrupt } from "./interrupt.node.ts";
import { createProgress, type Progress, type ProgressBar, type ReportProgress } from "./progress.node.ts";
import { say } from "./say.node.ts";

export interface Terminal {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Begins a bar on stderr, and ends the one before. @param what is counted: "planes read" */
  progress(what: string, quietSince?: number): ReportProgress;
  endProgress(): void;
  /** A line of news on stderr, unless `--quiet`. */
  note(line: string): void;
  /** The same for a sentence that the user should know. */
  warn(sentence: string): void;
  /** The result, on stdout. */
  print(text: string): Promise<void>;
}

/** @param names options that the program knows, which sentences of the library name */
export function createTerminal({ quiet = false }: { quiet?: boolean }, names: ReadonlySet<string>): Terminal {
  const signal = onInterrupt(() => say("Stopping; press Ctrl-C again to stop at once."));
  let bar: ProgressBar | undefined;
  const endProgress = () => {
    bar?.end();
    bar = undefined;
  };
  const note = (line: string) => {
    if (!quiet) (bar?.note ?? say)(withFlags(line, names));
  };
  return {
    signal,
    progress(what, quietSince = performance.now()) {
      endProgress();
      if (quiet) return () => undefined;
      bar = createProgress(what, quietSince);
      return bar.report;
    },
    endProgress,
    note,
    warn: (sentence) => note(`Warning: ${sentence}`),
    print: (text) => printLine(withFlags(text, names)),
  };
}

/** A bar for each kind of work, begun with its first report. */
export function progressOn(terminal: Terminal): (progress: { what: string } & Progress) => void {
  // A user waits from the beginning, not from the first report.
  let quietSince: number | undefined = performance.now();
  let counted: string | undefined;
  let report: ReportProgress = () => undefined;
  return ({ what, ...progress }) => {
    if (what !== counted) {
      report = terminal.progress(what, quietSince);
      quietSince = undefined;
    }
    counted = what;
    report(progress);
  };
}

/** A line on stdout; resolves when it is handed over, so that the process may end. That it could not be written, {@link guardStreams} knows. */
export function printLine(text: string): Promise<void> {
  return new Promise((resolve) => {
    try {
      process.stdout.write(`${text}\n`, () => resolve());
    } catch (error) {
      process.stdout.destroy(error as Error);
      resolve();
    }
  });
}

/**
 * Keeps the process alive when stdout or stderr cannot be written. A reader that has seen enough ("parfocal inspect x.tif | head -1") is no
 * failure, and no reason to stop the work; a result that is lost is one.
 * @returns waits until everything is handed over, and says in a sentence why the result could not be written; undefined where it was
 */
export function guardStreams(): () => Promise<string | undefined> {
  let lost: NodeJS.ErrnoException | undefined;
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") lost ??= error;
  });
  return async () => {
    // Errors come as events, after the writes.
    if (!process.stdout.destroyed) await new Promise((resolve) => process.stdout.write("", resolve));
    await new Promise((resolve) => setImmediate(resolve));
    if (lost === undefined) return undefined;
    const { code, message } = lost;
    const full = code === "ENOSPC" || code === "EDQUOT";
    const why = full ? "the disk is full; make room or write elsewhere" : message;
    return `The result could not be written to stdout: ${why}.`;
  };
}
