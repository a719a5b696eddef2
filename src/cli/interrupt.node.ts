/** Ctrl-C asks the library to stop; a second one stops the process. */

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives the signals back to Node. */
  close(): void;
}

/** @param onFirst tells the user that the request was heard */
export function onInterrupt(onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const handle = () => {
    if (controller.signal.aborted) process.exit(130);
    onFirst();
    controller.abort();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, handle);
  return {
    signal: controller.signal,
    close: () => {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
