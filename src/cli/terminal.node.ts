/** What a verb may say while it works, and how it learns that it shall stop. */
import { withFlags } from "./flags.ts";
import { onInterrupt } from "./interrupt.node.ts";
import { createProgress, type Gauge, type ReportProgress } from "./progress.node.ts";

export interface Terminal {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Begins a gauge on stderr, and ends the one before. @param what is counted: "planes read" */
  progress(what: string): ReportProgress;
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
  let gauge: Gauge | undefined;
  const endProgress = () => {
    gauge?.end();
    gauge = undefined;
  };
  const note = (line: string) => {
    if (!quiet) (gauge?.note ?? say)(withFlags(line, names));
  };
  return {
    signal,
    progress(what) {
      endProgress();
      if (quiet) return () => undefined;
      gauge = createProgress(what);
      return gauge.report;
    },
    endProgress,
    note,
    warn: (sentence) => note(`Warning: ${sentence}`),
    print: (text) => printLine(withFlags(text, names)),
  };
}

/** A line on stderr. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A line on stdout; resolves when it is handed over, so that the process may end. */
export function printLine(text: string): Promise<void> {
  // A reader that has gone away (EPIPE) is dealt with where the program starts.
  return new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
}
