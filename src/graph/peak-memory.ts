import { sizeOf } from "../array/shape.ts";
import type { Graph, Value } from "./graph.ts";

const bytesOf = ({ type, shape }: Value): number => (type === "bool" ? 1 : 4) * sizeOf(shape);

/**
 * The largest number of bytes that the tensors of a graph take at any moment of a run: inputs, constants and outputs
 * all the time, and the result of a node until the last node that needs it. Other memory of a runtime is not counted.
 */
export function peakMemory(graph: Graph): number {
  const lastUse = new Map<Value, number>();
  graph.nodes.forEach(({ inputs }, at) => {
    for (const input of inputs) lastUse.set(input, at);
  });
  for (const value of graph.outputs.values()) lastUse.set(value, graph.nodes.length);
  const endsAt = new Map<number, number>();
  let alive = [...graph.inputs, ...graph.constants.keys()].reduce((sum, value) => sum + bytesOf(value), 0);
  let peak = alive;
  graph.nodes.forEach(({ output }, at) => {
    const bytes = bytesOf(output);
    alive += bytes;
    const end = lastUse.get(output) ?? at;
    endsAt.set(end, (endsAt.get(end) ?? 0) + bytes);
    peak = Math.max(peak, alive);
    alive -= endsAt.get(at) ?? 0;
  });
  return peak;
}
