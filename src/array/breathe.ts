import { throwIfAborted } from "../errors.ts";

/** Maximum time of uninterrupted work before the thread handles its events, ms. */
const maxMs = 30;

/** When this thread last handled its events. */
let rested = 0;

/**
 * Lets the thread handle timers, messages, Ctrl-C and painting if 30 ms have passed since it last did; otherwise it
 * costs nothing. Await it between units of long work that has no other waits.
 * @throws interrupted when the signal is aborted
 */
export async function breathe(signal?: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  if (performance.now() - rested < maxMs) return;
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

/** The same work without interruption, for synchronous callers. */
export function runThrough<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/**
 * Resolves in a task of its own. Not by setTimeout: browsers let it wait for 4 ms, and for a second or more in a hidden
 * tab.
 */
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
