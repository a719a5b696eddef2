import type { Graph } from "../graph/graph.ts";

/**
 * Whether a graph must keep its channels first on WebGPU. With channels last, which is the default and mostly faster,
 * ONNX Runtime 1.30 silently computes wrong convolutions from 6, 9, 15, 18, ... channels (multiples of 3 but not of 4)
 * to a multiple of 4: https://github.com/microsoft/onnxruntime/issues/29651
 */
export function needsChannelsFirst(graph: Graph): boolean {
  return graph.nodes.some(({ op, inputs: [x, weights] }) => {
    if (op !== "Conv") return false;
    const [from, to] = [x.shape[1], weights.shape[0]];
    return from > 3 && from % 3 === 0 && from % 4 !== 0 && to % 4 === 0;
  });
}
