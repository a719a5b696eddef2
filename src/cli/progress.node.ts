/** How far long work has come, on stderr: a bar on a terminal, a line now and then in a log. */
import { SingleBar } from "cli-progress";
import { say } from "./terminal.node.ts";

export type ReportProgress = (progress: { done: number; total: number }) => void;

/** Work that is over by then needs no gauge. */
const quietMilliseconds = 1000;
/** Between two lines in a log. */
const lineMilliseconds = 5000;

export interface Gauge {
  report: ReportProgress;
  /** A line of its own beside the gauge. */
  note(line: string): void;
  end(): void;
}

/** @param what is counted: "planes read" */
export function createProgress(what: string): Gauge {
  const started = performance.now();
  return process.stderr.isTTY ? createBar(what, started) : createLines(what, started);
}

function createBar(what: string, started: number): Gauge {
  const bar = new SingleBar({
    format: `{bar} {value} of {total} ${what}, {eta_formatted} left`,
    barCompleteChar: "\u2588",
    barIncompleteChar: "\u2591",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let shown = false;
  return {
    report({ done, total }) {
      if (shown) bar.update(done);
      else if (performance.now() - started > quietMilliseconds) {
        bar.start(total, done);
        shown = true;
      }
    },
    note(line) {
      // The bar leaves its line to the text, and is drawn again below.
      bar.stop();
      shown = false;
      say(line);
    },
    end: () => bar.stop(),
  };
}

function createLines(what: string, started: number): Gauge {
  let next = started + quietMilliseconds;
  return {
    report({ done, total }) {
      if (performance.now() < next) return;
      next = performance.now() + lineMilliseconds;
      say(`${done} of ${total} ${what}`);
    },
    note: say,
    end: () => undefined,
  };
}
