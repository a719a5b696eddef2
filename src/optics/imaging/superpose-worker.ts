/** The worker script of a superposition thread in a browser; start it as a module worker. */
import { createSuperposeThread, type SuperposeTask } from "./superpose-task.ts";

const answer = createSuperposeThread();
addEventListener("message", ({ data }: MessageEvent<SuperposeTask>) => {
  const reply = answer(data);
  postMessage(reply, { transfer: "images" in reply ? reply.images.map(({ buffer }) => buffer) : [] });
});
