/** Superposition on the threads of a browser. */
import { createSuperposePool, type SuperposePool, type SuperposeThread } from "./superpose-pool.ts";

/** @param threads default: as many as the browser reports */
export function openSuperposePoolWeb(threads = navigator.hardwareConcurrency): SuperposePool {
  return createSuperposePool(Array.from({ length: Math.max(1, threads) }, startThread));
}

function startThread(): SuperposeThread {
  const worker = new Worker(new URL("./superpose-worker.js", import.meta.url), { type: "module" });
  return {
    post: (task) => worker.postMessage(task),
    listen(reply, broken) {
      worker.addEventListener("message", ({ data }) => reply(data));
      worker.addEventListener("error", ({ message }) => broken(message));
    },
    close: () => worker.terminate(),
  };
}
