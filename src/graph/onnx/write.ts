import type { OperatorName } from "../attributes.ts";
import type { Graph, GraphNode, Value } from "../graph.ts";
import { type Encoding, encodings } from "./encodings.ts";
import {
  dataTypes,
  encodeModel,
  type GraphMessage,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from "./messages.ts";

export interface WriteOptions {
  /** Names for extents that may vary, per input or output and axis: `{ image: { 2: "y", 3: "x" } }`. */
  variable?: Record<string, Record<number, string>>;
  /** Free text pairs that travel with the model. */
  metadata?: Record<string, string>;
}

/** The ONNX file (opset 17, IR version 8) of a graph. */
export function writeOnnx(graph: Graph, options: WriteOptions = {}): Uint8Array<ArrayBuffer> {
  return encodeModel(onnxModel(graph, options));
}

/** The same before it becomes bytes: one node message per node of the graph, in its order, then one per output. */
export function onnxModel(graph: Graph, options: WriteOptions = {}): ModelMessage & { graph: GraphMessage } {
  const initializers: TensorMessage[] = [];
  for (const [value, { data }] of graph.constants) {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    initializers.push({
      dims: [...value.shape],
      dataType: dataTypes.float32,
      floatData: new Float32Array(0),
      int64Data: [],
      name: value.name,
      rawData: raw,
    });
  }
  const nodes: NodeMessage[] = [];
  for (const node of graph.nodes) nodes.push(nodeMessage(node, initializers));
  // An output gets its name through an Identity, since a value may be read under two names, or be an input as well.
  const outputs: ValueInfoMessage[] = [];
  for (const [name, value] of graph.outputs) {
    nodes.push({ inputs: [value.name], outputs: [name], name, opType: "Identity", attributes: [], domain: "" });
    outputs.push(valueInfo(name, value, options.variable?.[name]));
  }
  return {
    irVersion: 8,
    producerName: "parfocal",
    producerVersion: "",
    opsetImport: [{ domain: "", version: 17 }],
    metadata: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: "parfocal",
      nodes,
      initializers,
      inputs: graph.inputs.map((input) => valueInfo(input.name, input, options.variable?.[input.name])),
      outputs,
    },
  };
}

function nodeMessage(node: GraphNode, initializers: TensorMessage[]): NodeMessage {
  const { attributes, constants = [] } = (encodings[node.op] as Encoding<GraphNode["attributes"]>).write(
    node.attributes,
  );
  const names = constants.map((constant, i) => {
    if (!constant) return "";
    const name = `${node.output.name}_input_${i}`;
    initializers.push({ ...constant, name });
    return name;
  });
  return {
    inputs: [...node.inputs.map((input) => input.name), ...names],
    outputs: [node.output.name],
    name: node.output.name,
    opType: node.op satisfies OperatorName,
    attributes,
    domain: "",
  };
}

function valueInfo(name: string, value: Value, variable: Record<number, string> = {}): ValueInfoMessage {
  const dims = value.shape.map((extent, axis) =>
    axis in variable ? { dimParam: variable[axis] } : { dimValue: extent },
  );
  return { name, type: { tensorType: { elemType: dataTypes[value.type], shape: { dims } } } };
}
