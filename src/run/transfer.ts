import type { Tensor } from "../graph/graph.ts";
import type { Tensors } from "./runtime.ts";

export function copyTensor({ type, shape, data }: Tensor): Tensor {
  return { type, shape: [...shape], data: data.slice() };
}

/**
 * Copies of tensors, each in a buffer of its own that can be transferred: transferring (or cloning) a view of a larger
 * buffer would take the whole buffer with it.
 */
export function copyTensors(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, copyTensor(tensor)]));
}

/** The buffers of tensors, to be listed as transferred. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  return Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer);
}
