const signals = ["SIGINT", "SIGTERM"] as const;
const exit = () => process.exit(130);

/** Ctrl-C ends the program with the code that it always has, until a command listens itself: while the program is loading. */
export function exitOnInterrupt(): void {
  for (const signal of signals) process.on(signal, exit);
}

/**
 * Ctrl-C asks the library to stop; a second one stops the process.
 * @param onFirst tells the user that the request was heard
 * @returns the signal for the library
 */
export function onInterrupt(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  const handle = () => {
    if (controller.signal.aborted) exit();
    onFirst();
    controller.abort();
  };
  for (const signal of signals) {
    process.on(signal, handle);
    process.off(signal, exit);
  }
  return controller.signal;
}
