import type { OperatorAttributes, OperatorName } from "./attributes.ts";

export type ElementType = "float32" | "bool";

/** A tensor in memory: row-major; bool is stored as 0 and 1 in bytes. */
export interface Tensor {
  type: ElementType;
  shape: readonly number[];
  data: Float32Array | Uint8Array;
}

/** A value in a graph: an input, a constant or the result of a node. Its shape is known. */
export class Value {
  readonly graph: GraphBuilder;
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];

  constructor(graph: GraphBuilder, name: string, type: ElementType, shape: readonly number[]) {
    this.graph = graph;
    this.name = name;
    this.type = type;
    this.shape = shape;
  }
}

/** One operator applied to values. The nodes of a graph are in an order in which they can be computed. */
export interface GraphNode<K extends OperatorName = OperatorName> {
  op: K;
  inputs: readonly Value[];
  output: Value;
  attributes: OperatorAttributes[K];
}

/** The part of a graph that its values know: nodes can be read and appended. `Graph` documents the methods. */
export interface GraphBuilder {
  readonly nodes: readonly GraphNode[];
  input(name: string, shape: readonly number[], type?: ElementType): Value;
  constant(data: Float32Array, shape: readonly number[], name?: string): Value;
  scalar(number: number): Value;
  output(name: string, value: Value): void;
  add<K extends OperatorName>(op: K, inputs: readonly Value[], attributes: OperatorAttributes[K]): Value;
}
