/**
 * Ctrl-C asks the library to stop; a second one stops the process.
 * @param onFirst tells the user that the request was heard
 * @returns the signal for the library
 */
export function onInterrupt(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  const handle = () => {
    if (controller.signal.aborted) process.exit(130);
    onFirst();
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, handle);
  return controller.signal;
}
