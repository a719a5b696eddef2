/**
 * Ctrl-C, a request to end (SIGTERM) and a closed terminal (SIGHUP) ask the library to stop; a second Ctrl-C or SIGTERM stops the process. A
 * terminal that closes may send SIGHUP twice, and a session that ends SIGTERM and SIGHUP: these are one request.
 * @param onFirst tells the user that the request was heard
 * @returns the signal for the library
 */
export function onInterrupt(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  const heard = new Set<NodeJS.Signals>();
  const handle = (signal: NodeJS.Signals) => {
    if (heard.has(signal) && signal !== "SIGHUP") process.exit(130);
    heard.add(signal);
    if (controller.signal.aborted) return;
    onFirst();
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, handle);
  return controller.signal;
}
