/** Keeps long work polite: progress after every unit, a pause for the caller's events now and then, a stop when it is asked for. */
import { throwIfAborted } from "../../errors.ts";
import type { SuperposePool } from "./superpose-pool.ts";

export interface ImagingControl {
  signal?: AbortSignal | undefined;
  /** Called with the planes that are done. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  /** Threads that share the planes; without, they are imaged on this one. The same bytes either way. */
  pool?: SuperposePool | undefined;
}

/**
 * @param total units of work
 * @returns to be awaited after each unit; throws `interrupted` when the signal is aborted
 */
export function createPace(control: ImagingControl, total: number): () => Promise<void> {
  throwIfAborted(control.signal);
  let done = 0;
  let rested = performance.now();
  return async () => {
    done++;
    control.onProgress?.({ done, total });
    if (performance.now() - rested > 30) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      rested = performance.now();
    }
    throwIfAborted(control.signal);
  };
}
