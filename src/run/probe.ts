import { ParfocalError } from "../errors.ts";
import { Graph } from "../graph/graph.ts";
import { relu } from "../graph/operators/activations.ts";
import { nextOf, type Runtime } from "./runtime.ts";

/**
 * Runs one number through a runtime that has just been opened, so that a missing device is noticed immediately.
 * @throws runtime.unavailable, and closes the runtime, when it cannot
 */
export async function probe(runtime: Runtime, advice: string): Promise<Runtime> {
  const graph = new Graph();
  graph.output(nextOf("x"), relu(graph.input("x", [1])));
  try {
    const state = { x: { type: "float32" as const, shape: [1], data: Float32Array.of(1) } };
    const session = await runtime.open({ graphs: { probe: graph }, state });
    await session.run("probe", {});
    await session.close();
    return runtime;
  } catch (cause) {
    await runtime.close();
    const { name, device } = runtime;
    const detail = reasonOf(cause);
    throw new ParfocalError(
      "runtime.unavailable",
      `The ${name} runtime cannot use ${device} on this machine (${detail}); ${advice}.`,
      { runtime: name, detail },
      { cause },
    );
  }
}

/** The message of ONNX Runtime without the source location at its start. */
function reasonOf(cause: unknown): string {
  const detail =
    cause instanceof ParfocalError && cause.code === "runtime.failed"
      ? (cause as ParfocalError<"runtime.failed">).fields.detail
      : String(cause);
  return detail
    .slice(detail.lastIndexOf(" was false. ") + 1)
    .replace("was false. ", "")
    .trimEnd()
    .replace(/\.$/, "");
}
