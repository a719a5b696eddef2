/** A worker thread that simulates the fields of one recipe one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { ParfocalError } from "../errors.ts";
import { answerOf, type FieldAnswer, type FieldRequest, type FieldWorkerData } from "./field-messages.ts";
import { createSimulator } from "./simulator.ts";

const port = parentPort;
if (!port) throw new Error("field-worker.node.js is a worker thread, not a program.");

const { recipe, stacks, memory } = workerData as FieldWorkerData;
const simulator = createSimulator(recipe, { stacks, memory });
let last: Promise<void> = Promise.resolve();

port.on("message", ({ id, index, volume }: FieldRequest) => {
  last = last.then(async () => {
    try {
      const { field, buffers } = answerOf(await simulator.field(index, { volume }));
      port.postMessage({ id, field } satisfies FieldAnswer, buffers);
    } catch (error) {
      const known = error instanceof ParfocalError;
      const failure = {
        code: known ? error.code : undefined,
        message: error instanceof Error ? error.message : String(error),
        fields: known ? error.fields : {},
      };
      port.postMessage({ id, failure } satisfies FieldAnswer);
    }
  });
});
