import { breathe } from "../array/breathe.ts";
import { runtimeFailed } from "./checked-runtime.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Executes one job after the other, in the order of the calls, for a runtime that computes in the calling thread.
 * Before a job the thread handles its events ({@link breathe}): a loop of runs would otherwise block them, and could
 * not be stopped.
 */
export function inTurns(
  runtime: Runtime["name"],
): <T>(job: () => Promise<T>, signal?: AbortSignal | undefined) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (job, signal) => {
    const run = () =>
      job().catch((cause) => {
        throw runtimeFailed(runtime, cause instanceof Error ? cause.message : String(cause), cause);
      });
    const result = last.then(() => breathe(signal)).then(run);
    last = result.catch(() => {});
    return result;
  };
}
