/** Simulates fields in worker threads, so that the calling thread is not blocked. */
import { Worker } from "node:worker_threads";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import type { FieldAnswer, FieldRequest, FieldWorkerData } from "./field-messages.ts";
import type { SimulatedField } from "./simulator.ts";

export interface FieldWorkers {
  /**
   * Simulates a field in the thread with the fewest waiting fields.
   * @throws what the simulator throws; `interrupted`; `runtime.failed` if a thread fails
   */
  field(
    index: number,
    control?: { signal?: AbortSignal | undefined; volume?: boolean | undefined },
  ): Promise<SimulatedField>;
  close(): Promise<void>;
}

/** @param threads number of threads; each computes the PSFs of the recipe and may use its share of the memory */
export function openFieldWorkers({ memory, ...data }: FieldWorkerData, threads = 1): FieldWorkers {
  const workers = Array.from({ length: threads }, () => startWorker({ ...data, memory: memory / threads }));
  return {
    async field(index, { signal, volume = false } = {}) {
      throwIfAborted(signal);
      const idle = workers.reduce((best, one) => (one.waiting() < best.waiting() ? one : best));
      const made = idle.ask(index, volume);
      if (signal === undefined) return made;
      // The field is abandoned; its thread is ended with the others.
      const stopped = new AbortController();
      const aborted = new Promise<never>((_, reject) => {
        const stop = (): void => reject(new ParfocalError("interrupted", "Stopped on request.", {}));
        signal.addEventListener("abort", stop, { once: true, signal: stopped.signal });
      });
      return Promise.race([made, aborted]).finally(() => stopped.abort());
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

/** Workers run JavaScript only. Where this module is loaded as TypeScript, by the tests, they use the last build. */
function workerUrl(): URL {
  const here = import.meta.url;
  return here.endsWith(".ts")
    ? new URL("../../dist/simulate/field-worker.node.js", here)
    : new URL("./field-worker.node.js", here);
}

function startWorker(data: FieldWorkerData) {
  // Without the options of the process: some, such as --input-type, are not allowed for workers.
  const worker = new Worker(workerUrl(), { workerData: data, execArgv: [] });
  const asked = new Map<number, { resolve: (field: SimulatedField) => void; reject: (error: unknown) => void }>();
  let requests = 0;
  let gone: string | undefined;
  const end = (why: string): void => {
    gone ??= why;
    for (const { reject } of asked.values()) reject(broken(gone));
    asked.clear();
  };
  worker.unref();
  worker.on("message", (answer: FieldAnswer) => {
    const caller = asked.get(answer.id);
    asked.delete(answer.id);
    if (asked.size === 0) worker.unref();
    if ("field" in answer) caller?.resolve(answer.field);
    else {
      const { code, message, fields } = answer.failure;
      caller?.reject(code === undefined ? broken(message) : new ParfocalError(code, message, fields as never));
    }
  });
  worker.on("error", (error) => end(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => end(`its thread ended with code ${code}`));
  return {
    waiting: () => asked.size,
    ask(index: number, volume: boolean): Promise<SimulatedField> {
      return new Promise((resolve, reject) => {
        if (gone !== undefined) {
          reject(broken(gone));
          return;
        }
        const id = requests++;
        asked.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, index, volume } satisfies FieldRequest);
      });
    },
    async close() {
      end("it was closed");
      await worker.terminate();
    },
  };
}

function broken(detail: string): ParfocalError<"runtime.failed"> {
  return new ParfocalError("runtime.failed", `The simulation failed: ${detail}.`, { runtime: "simulator", detail });
}
