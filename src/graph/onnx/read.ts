import { ParfocalError } from "../../errors.ts";
import type { OperatorName } from "../attributes.ts";
import { Graph, type GraphNode, type Value } from "../graph.ts";
import { type Encoding, encodings, type NodeReader } from "./encodings.ts";
import { dataTypes, decodeModel, type GraphMessage, type NodeMessage, type TensorMessage } from "./messages.ts";

/**
 * Reads an ONNX file of the operators that Parfocal knows (opset 17) into a graph.
 *
 * @param extents numbers for the extents that the file leaves open, by their names (`{ y: 64, x: 64 }`)
 * @throws model.unfit when the bytes are no such file
 */
export function readOnnx(bytes: Uint8Array, extents: Record<string, number> = {}): Graph {
  const graph = modelGraph(bytes);
  const constants = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const result = new Graph();
  const values = new Map<string, Value>();
  for (const { name, type } of graph.inputs) {
    if (constants.has(name)) continue;
    const dims = type?.tensorType?.shape?.dims ?? [];
    const shape = dims.map(
      ({ dimValue, dimParam }) =>
        dimValue ?? extents[dimParam ?? ""] ?? unfit(`open extent "${dimParam}" of input ${name}; say how large it is`),
    );
    const element = type?.tensorType?.elemType === dataTypes.bool ? "bool" : "float32";
    values.set(name, result.input(name, shape, element));
  }
  const resolve = (name: string): Value => {
    const known = values.get(name);
    if (known) return known;
    const constant = constants.get(name);
    if (!constant || constant.dataType !== dataTypes.float32) return unfit(`value "${name}" comes from nowhere`);
    const value = result.constant(Float32Array.from(numbersOf(constant)), constant.dims, name);
    values.set(name, value);
    return value;
  };
  for (const node of graph.nodes) {
    if (node.opType === "Identity") {
      values.set(node.outputs[0], resolve(node.inputs[0]));
      continue;
    }
    if (!(node.opType in encodings)) unfit(`operator ${node.opType}`);
    const op = node.opType as OperatorName;
    const encoding = encodings[op] as Encoding<GraphNode["attributes"]>;
    const count = encoding.dataInputs ?? node.inputs.length;
    const inputs = node.inputs.slice(0, count).map(resolve);
    const trailing = node.inputs.slice(count).map((name) => constants.get(name));
    const attributes = encoding.read(nodeReader(node, inputs[0].shape, trailing));
    values.set(node.outputs[0], result.add(op, inputs, attributes));
  }
  for (const { name } of graph.outputs) result.output(name, resolve(name));
  return result;
}

function modelGraph(bytes: Uint8Array): GraphMessage {
  let model: ReturnType<typeof decodeModel>;
  try {
    model = decodeModel(bytes);
  } catch (cause) {
    throw new ParfocalError(
      "model.unfit",
      "The file is no ONNX model: it is damaged or something else.",
      { detail: String(cause) },
      { cause },
    );
  }
  const { graph, opsetImport } = model;
  if (!graph || graph.outputs.length === 0) return unfit("no graph");
  const opset = opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version;
  if (opset !== 17) unfit(`opset ${opset} where 17 is needed`);
  return graph;
}

function unfit(detail: string): never {
  throw new ParfocalError("model.unfit", `The ONNX model cannot be used: ${detail}.`, { detail });
}

/** The numbers of a tensor message, wherever it keeps them. */
function numbersOf({ dataType, rawData, floatData, int64Data, dims, name }: TensorMessage): number[] {
  const size = dims.reduce((a, b) => a * b, 1);
  let numbers: number[];
  if (rawData) {
    const width = dataType === dataTypes.int64 ? 8 : 4;
    if (rawData.length !== size * width) return unfit(`tensor ${name} has ${rawData.length} bytes for shape [${dims}]`);
    const aligned = new Uint8Array(rawData).buffer;
    numbers =
      dataType === dataTypes.int64
        ? Array.from(new BigInt64Array(aligned), Number)
        : Array.from(new Float32Array(aligned));
  } else numbers = dataType === dataTypes.int64 ? int64Data : floatData;
  if (numbers.length !== size) unfit(`tensor ${name} has ${numbers.length} numbers for shape [${dims}]`);
  return numbers;
}

function nodeReader(
  node: NodeMessage,
  inputShape: readonly number[],
  constants: (TensorMessage | undefined)[],
): NodeReader {
  const find = (name: string) => node.attributes.find((attribute) => attribute.name === name);
  const missing = (what: string): never => unfit(`${node.opType} ${node.name} without ${what}`);
  return {
    inputShape,
    int: (name, fallback) => find(name)?.i ?? fallback,
    float: (name, fallback) => find(name)?.f ?? fallback,
    string(name, fallback) {
      const bytes = find(name)?.s;
      return bytes ? new TextDecoder().decode(bytes) : fallback;
    },
    ints: (name, fallback) => find(name)?.ints ?? (fallback ? [...fallback] : missing(name)),
    constant(index, fallback) {
      const tensor = constants[index];
      if (tensor) return numbersOf(tensor);
      return fallback ? [...fallback] : missing(`constant input ${index}`);
    },
  };
}
