/** Reports progress after every unit of long work, lets pending events run now and then, and stops on request. */
import { throwIfAborted } from "../../errors.ts";
import type { SuperposePool } from "./superpose-pool.ts";

export interface ImagingControl {
  signal?: AbortSignal | undefined;
  /** Called with the number of planes that are done. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  /** Threads that share the planes; default: the calling thread. The result does not depend on them. */
  pool?: SuperposePool | undefined;
}

/**
 * @param total units of work
 * @returns a function to await after each unit; it throws `interrupted` when the signal is aborted
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
