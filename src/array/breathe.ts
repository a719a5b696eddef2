import { throwIfAborted } from "../errors.ts";

/** How long work may go on before the thread's events have their turn, ms. */
const longest = 30;

/** When they had it last, in this thread. */
let rested = 0;

/**
 * Lets timers, messages, Ctrl-C and painting have their turn, where 30 ms have passed since they had it; otherwise it costs nothing.
 * To be awaited between units of long work that waits for nothing else.
 * @throws interrupted when the signal is aborted
 */
export async function breathe(signal?: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  if (performance.now() - rested < longest) return;
  await nextTask();
  rested = performance.now();
  throwIfAborted(signal);
}

/**
 * Long work that is written as a generator, which yields wherever it may be interrupted: {@link breathe} there.
 * @returns what the generator returns
 * @throws interrupted, and what the work throws
 */
export async function breatheThrough<T>(work: Generator<void, T>, signal?: AbortSignal | undefined): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await breathe(signal);
  }
}

/** The same work in one go, for callers that do not wait. */
export function runThrough<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Resolves in a task of its own. Not by setTimeout: browsers let it wait for 4 ms, and for a second or more in a hidden tab. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
