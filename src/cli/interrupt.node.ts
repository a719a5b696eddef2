import { closeSync } from "node:fs";
import { isatty } from "node:tty";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const exit = () => process.exit(130);

/** Ctrl-C ends the program with the code that it always has, until a command listens itself: while the program is loading. */
export function exitOnInterrupt(): void {
  for (const signal of signals) process.on(signal, exit);
}

/**
 * Ctrl-C, a request to end (SIGTERM) and a closed terminal (SIGHUP) ask the library to stop; a second Ctrl-C or SIGTERM stops the process. A
 * terminal that closes may send SIGHUP twice, and a session that ends SIGTERM and SIGHUP: these are one request.
 * @param onFirst tells the user that the request was heard
 * @returns the signal for the library
 */
export function onInterrupt(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  const heard = new Set<NodeJS.Signals>();
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  const handle = (signal: NodeJS.Signals) => {
    if (heard.has(signal) && signal !== "SIGHUP") exit();
    if (signal === "SIGHUP" && !heard.has(signal)) process.on("exit", () => leaveTerminals(terminals));
    heard.add(signal);
    if (controller.signal.aborted) return;
    onFirst();
    controller.abort();
  };
  for (const signal of signals) {
    process.on(signal, handle);
    process.off(signal, exit);
  }
  return controller.signal;
}

/** Node.js 20 aborts at its end (SIGABRT) where it cannot give the terminal its settings back; what is closed it leaves alone. */
function leaveTerminals(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) {
    try {
      closeSync(descriptor);
    } catch {
      // It is closed.
    }
  }
}
