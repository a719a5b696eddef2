/** Superposition on the threads of Node. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { createSuperposePool, type SuperposePool, type SuperposeThread } from "./superpose-pool.ts";

/** @param threads default: as many as there are processors */
export function openSuperposePool(threads = availableParallelism()): SuperposePool {
  return createSuperposePool(Array.from({ length: Math.max(1, threads) }, startThread));
}

function startThread(): SuperposeThread {
  const worker = new Worker(workerUrl(), { execArgv: [] });
  let underWay = 0;
  // An idle thread does not keep the process alive.
  worker.unref();
  return {
    post(task) {
      if (underWay++ === 0) worker.ref();
      worker.postMessage(task);
    },
    listen(reply, broken) {
      worker.on("message", (message) => {
        if (--underWay === 0) worker.unref();
        reply(message);
      });
      worker.on("error", (error) => broken(error instanceof Error ? error.message : String(error)));
      worker.on("exit", (code) => broken(`it ended with code ${code}`));
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** Workers run JavaScript only. Where this module is loaded as TypeScript, by the tests, they use the last build. */
function workerUrl(): URL {
  const here = import.meta.url;
  return here.endsWith(".ts")
    ? new URL("../../../dist/optics/imaging/superpose-worker.node.js", here)
    : new URL("./superpose-worker.node.js", here);
}
