/** The worker script of a superposition thread in Node. */
import { parentPort } from "node:worker_threads";
import { createSuperposeThread, type SuperposeTask } from "./superpose-task.ts";

const answer = createSuperposeThread();
parentPort?.on("message", (task: SuperposeTask) => {
  const reply = answer(task);
  parentPort?.postMessage(reply, "images" in reply ? reply.images.map(({ buffer }) => buffer) : []);
});
