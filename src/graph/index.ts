/**
 * Networks as ONNX graphs: building them, their gradients, and reading and writing ONNX files.
 * @module
 */

export type {
  ConvAttributes,
  None,
  OperatorAttributes,
  OperatorName,
  PadMode,
  PoolAttributes,
  ReduceAttributes,
  ResizeAttributes,
} from "./attributes.ts";
export { gradients } from "./gradients.ts";
export { Graph, type Tensor, type Value } from "./graph.ts";
export { readOnnx } from "./onnx/read.ts";
export { type WriteOptions as WriteOnnxOptions, writeOnnx } from "./onnx/write.ts";
export type { ElementType, GraphBuilder, GraphNode } from "./value.ts";
