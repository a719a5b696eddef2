/** How far long work has come, on stderr: a bar on a terminal, a line now and then in a log. */
import { SingleBar } from "cli-progress";
import { say } from "./say.node.ts";

export interface Progress {
  done: number;
  total: number;
  /** Where the work itself knows better than done and total tell. */
  secondsLeft?: number;
  /** Said at the end of the line: "loss 0.012". */
  state?: string;
}

export type ReportProgress = (progress: Progress) => void;

/** Work that is over by then needs no progress bar. */
const quietMilliseconds = 1000;
/** After a shorter time no rate can be estimated. */
const minRateMilliseconds = 500;
/** Between two lines in a log. */
const lineMilliseconds = 5000;

export interface ProgressBar {
  report: ReportProgress;
  /** A line of its own above the progress. */
  note(line: string): void;
  end(): void;
}

/**
 * @param what is counted: "planes read"
 * @param quietSince when the work began, which may be before the first is counted; `performance.now()`
 */
export function createProgress(what: string, quietSince: number): ProgressBar {
  const rateOf = createRate(performance.now());
  return process.stderr.isTTY ? createBar(what, quietSince, rateOf) : createLines(what, quietSince, rateOf);
}

type RateOf = (progress: Progress) => string;

/** How fast it goes since the first report, and how long it will take: "11.9/s, 2 min 40 s left". */
function createRate(started: number): RateOf {
  let first: { done: number; at: number } | undefined;
  return ({ done, total, secondsLeft, state }) => {
    const now = performance.now();
    // Work that goes on from a checkpoint begins with steps that it did not take.
    first ??= done <= 1 ? { done: 0, at: started } : { done: done - 1, at: now };
    const elapsed = now - first.at;
    const rate = elapsed < minRateMilliseconds ? Number.NaN : (1000 * (done - first.done)) / elapsed;
    const left = secondsLeft ?? (total - done) / rate;
    const known =
      Number.isFinite(rate) && Number.isFinite(left)
        ? [`${Number(rate.toPrecision(3))}/s`, `${duration(left)} left`]
        : [];
    return [...known, ...(state === undefined ? [] : [state])].join(", ");
  };
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function createBar(what: string, started: number, rateOf: RateOf): ProgressBar {
  const bar = new SingleBar({
    format: `{bar} {value} of {total} ${what}, {rate}`,
    barCompleteChar: "\u2588",
    barIncompleteChar: "\u2591",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let shown = false;
  return {
    report(progress) {
      const { done, total } = progress;
      const rate = rateOf(progress);
      if (shown) {
        bar.setTotal(total);
        bar.update(done, { rate });
      } else if (performance.now() - started > quietMilliseconds) {
        bar.start(total, done, { rate });
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

function createLines(what: string, started: number, rateOf: RateOf): ProgressBar {
  let next = started + quietMilliseconds;
  return {
    report(progress) {
      const rate = rateOf(progress);
      if (performance.now() < next) return;
      next = performance.now() + lineMilliseconds;
      say([`${progress.done} of ${progress.total} ${what}`, ...(rate === "" ? [] : [rate])].join(", "));
    },
    note: say,
    end: () => undefined,
  };
}
