import { checkedRuntime } from "./checked-runtime.ts";
import { startOrtThread } from "./ort-thread.node.ts";
import { probe } from "./probe.ts";
import type { Runtime } from "./runtime.ts";

/**
 * ONNX Runtime for the web (WebAssembly, on the CPU) in a thread of its own under Node, so that the caller's event loop
 * stays free. An idle runtime does not keep the process alive; a running computation does.
 * @param options.threads default: half of the processor's threads, at most 4
 * @throws usage for an invalid number of threads; runtime.unavailable when it does not work here
 */
export async function openWebRuntimeThread({ threads }: { threads?: number } = {}): Promise<Runtime> {
  const thread = startOrtThread({ runtime: "web", device: "cpu", threads });
  const runtime = checkedRuntime({
    name: "web",
    device: "cpu",
    open: (program, plan) => thread.open(program, plan),
    close: () => thread.close(),
  });
  return probe(runtime, "install Parfocal again");
}
