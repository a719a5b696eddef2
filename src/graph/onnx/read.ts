import { sizeOf } from "../../array/shape.ts";
import { ParfocalError } from "../../errors.ts";
import type { OperatorName } from "../attributes.ts";
import { Graph, type GraphNode, type Tensor, type Value } from "../graph.ts";
import { type Encoding, encodings, type NodeReader } from "./encodings.ts";
import { dataTypes, decodeModel, type GraphMessage, type NodeMessage, type TensorMessage } from "./messages.ts";

/**
 * Reads an ONNX file of the operators that Parfocal knows (opset 17) into a graph.
 *
 * @param extents numbers for the extents that the file leaves open, by their names (`{ y: 64, x: 64 }`)
 * @throws model.unfit if the bytes are not such a file
 */
export function readOnnx(bytes: Uint8Array, extents: Record<string, number> = {}): Graph {
  const message = modelGraph(bytes);
  try {
    return buildGraph(message, extents);
  } catch (cause) {
    // Here, inputs that the shape rules refuse are a fault of the file.
    if (cause instanceof ParfocalError && cause.code === "graph.invalid") {
      throw new ParfocalError(
        "model.unfit",
        `The ONNX model is inconsistent: ${cause.message}`,
        { detail: cause.message },
        { cause },
      );
    }
    throw cause;
  }
}

/**
 * The weights of an ONNX file: its float32 initialisers, by name.
 * @throws model.unfit if the bytes are not such a file
 */
export function readWeights(bytes: Uint8Array): Record<string, Tensor> {
  const floats = modelGraph(bytes).initializers.filter(({ dataType }) => dataType === dataTypes.float32);
  return Object.fromEntries(
    floats.map((tensor) => [tensor.name, { type: "float32" as const, shape: tensor.dims, data: floatsOf(tensor) }]),
  );
}

function buildGraph(message: GraphMessage, extents: Record<string, number>): Graph {
  const constants = new Map(message.initializers.map((tensor) => [tensor.name, tensor]));
  const graph = new Graph(message.outputs.map(({ name }) => name));
  const values = new Map<string, Value>();
  const define = (node: NodeMessage, value: Value): void => {
    const [name, ...others] = node.outputs;
    if (!name || others.some((other) => other !== "")) unfit(`${node.opType} with ${node.outputs.length} outputs`);
    if (values.has(name) || constants.has(name)) unfit(`two values called "${name}"`);
    values.set(name, value);
  };
  for (const { name, type } of message.inputs) {
    if (constants.has(name)) continue;
    const { elemType, shape } = type?.tensorType ?? unfit(`input ${name} without a type`);
    if (elemType !== dataTypes.float32 && elemType !== dataTypes.bool) unfit(`input ${name} of type ${elemType}`);
    const dims = (shape ?? unfit(`input ${name} without a shape`)).dims.map(
      ({ dimValue, dimParam = "" }) =>
        dimValue ??
        (Object.hasOwn(extents, dimParam) ? extents[dimParam] : undefined) ??
        unfit(`the extent "${dimParam}" of input ${name} is open; give a number for it`),
    );
    values.set(name, graph.input(name, dims, elemType === dataTypes.bool ? "bool" : "float32"));
  }
  const resolve = (name: string): Value => {
    const known = values.get(name);
    if (known) return known;
    const tensor = constants.get(name);
    if (!tensor) return unfit(`value "${name}" is not computed by any node`);
    const value = graph.constant(floatsOf(tensor), tensor.dims);
    values.set(name, value);
    return value;
  };
  for (const node of message.nodes) {
    if (node.domain !== "" && node.domain !== "ai.onnx") unfit(`operator ${node.opType} of ${node.domain}`);
    if (node.opType === "Constant") {
      const tensor = node.attributes.find(({ name }) => name === "value")?.t;
      const [name] = node.outputs;
      if (!tensor || values.has(name) || constants.has(name)) return unfit(`Constant ${name}`);
      constants.set(name, tensor);
    } else if (node.opType === "Identity") define(node, resolve(node.inputs[0]));
    else define(node, appendNode(graph, node, resolve, constants));
  }
  for (const { name } of message.outputs) {
    graph.output(name, resolve(name));
  }
  return graph;
}

function appendNode(
  graph: Graph,
  node: NodeMessage,
  resolve: (name: string) => Value,
  constants: ReadonlyMap<string, TensorMessage>,
): Value {
  if (!Object.hasOwn(encodings, node.opType)) unfit(`operator ${node.opType}`);
  const op = node.opType as OperatorName;
  const encoding = encodings[op] as Encoding<GraphNode["attributes"]>;
  const count = encoding.dataInputs ?? node.inputs.length;
  const inputs = node.inputs.slice(0, count).map(resolve);
  if (inputs.length === 0) unfit(`${op} ${node.name} without inputs`);
  const trailing = node.inputs.slice(count).map((name) => constants.get(name));
  return graph.add(op, inputs, encoding.read(nodeReader(node, inputs[0].shape, trailing)));
}

function modelGraph(bytes: Uint8Array): GraphMessage {
  let model: ReturnType<typeof decodeModel>;
  try {
    model = decodeModel(bytes);
  } catch (cause) {
    throw new ParfocalError(
      "model.unfit",
      "The file is not an ONNX model, or it is damaged.",
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

/** The floats of a tensor message: of weights, possibly hundreds of megabytes, copied once. */
function floatsOf(tensor: TensorMessage): Float32Array {
  const { dataType, rawData, floatData, name } = tensor;
  if (dataType !== dataTypes.float32) return unfit(`tensor ${name} of type ${dataType} where float32 is needed`);
  checkSize(tensor, rawData ? rawData.length / 4 : floatData.length);
  // The bytes in the file need not lie on a multiple of four.
  return rawData ? new Float32Array(new Uint8Array(rawData).buffer) : floatData;
}

/** The numbers of a constant input: shapes, pads, scales. */
function numbersOf(tensor: TensorMessage): number[] {
  const { dataType, rawData, int64Data } = tensor;
  if (dataType !== dataTypes.int64) return Array.from(floatsOf(tensor));
  checkSize(tensor, rawData ? rawData.length / 8 : int64Data.length);
  return rawData ? Array.from(new BigInt64Array(new Uint8Array(rawData).buffer), Number) : int64Data;
}

function checkSize({ name, dims }: TensorMessage, count: number): void {
  if (count !== sizeOf(dims)) unfit(`tensor ${name} has ${count} numbers for shape [${dims}]`);
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
