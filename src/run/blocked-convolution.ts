import { Random } from "../array/random.ts";
import { sizeOf } from "../array/shape.ts";
import type { OperatorAttributes } from "../graph/attributes.ts";
import { Graph, type GraphNode, type Value } from "../graph/graph.ts";
import {
  type AttributeMessage,
  attributeTypes,
  dataTypes,
  encodeModel,
  type NodeMessage,
} from "../graph/onnx/messages.ts";
import { onnxModel } from "../graph/onnx/write.ts";
import { relu } from "../graph/operators/activations.ts";
import { conv } from "../graph/operators/convolution.ts";
import { add } from "../graph/operators/elementwise.ts";
import type { Tensors } from "./runtime.ts";

/**
 * ONNX Runtime's fastest convolutions on a CPU work on channels in blocks of 8 or 16 ("NCHWc"). It uses them by itself
 * if the weights are constants, which they are not during training. Its operators for them (domain com.microsoft.nchwc)
 * can be used by name and accept weights that change, in the layout `[O/b, I/b, y, x, i, o]`. This function therefore
 * writes a graph with every suitable convolution as such an operator. A Transpose reorders the weights, a ReorderInput
 * and a ReorderOutput reorder the images where a neighbour needs them plain, and a following ReLU is fused.
 *
 * These operators are internal to ONNX Runtime: {@link blockProbe} is a program that tests whether they exist and
 * compute correctly before they are used.
 *
 * @param block channels per block on this machine
 */
export function writeBlockedOnnx(graph: Graph, block: number): Uint8Array<ArrayBuffer> {
  const model = onnxModel(graph);
  const written = model.graph.nodes;
  const consumers = consumersOf(graph);
  const outputs = new Set(graph.outputs.values());
  const isBlocked = (node: GraphNode): boolean => fits(graph, node, block);
  const nodes: NodeMessage[] = [];
  const blockedNames = new Map<Value, string>();
  const fused = new Set<GraphNode>();
  const emit = (
    opType: string,
    inputs: string[],
    output: string,
    attributes: AttributeMessage[],
    domain = "",
  ): string => {
    nodes.push({ inputs, outputs: [output], name: output, opType, attributes, domain });
    return output;
  };
  const int64s = (name: string, values: readonly number[]): string => {
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    model.graph.initializers.push({
      name,
      dims: [values.length],
      dataType: dataTypes.int64,
      floatData: new Float32Array(),
      int64Data: [],
      rawData,
    });
    return name;
  };
  const blockedInput = (x: Value): string => {
    let name = blockedNames.get(x);
    if (name === undefined) {
      name = emit("ReorderInput", [x.name], `${x.name}/blocked`, [], nchwc);
      blockedNames.set(x, name);
    }
    return name;
  };
  const blockedWeights = (weights: Value, at: string): string => {
    const [o, i, ky, kx] = weights.shape;
    const split = int64s(`${at}/split`, [o / block, block, i / block, block, ky, kx]);
    const parts = emit("Reshape", [weights.name, split], `${at}/parts`, []);
    const turned = emit("Transpose", [parts], `${at}/turned`, [ints("perm", [0, 2, 4, 5, 3, 1])]);
    return emit("Reshape", [turned, int64s(`${at}/shape`, weights.shape)], `${at}/weights`, []);
  };

  graph.nodes.forEach((node, index) => {
    if (fused.has(node)) return;
    if (!isBlocked(node)) {
      nodes.push(written[index]);
      return;
    }
    const [x, weights, bias] = node.inputs;
    const [follower, ...others] = consumers.get(node.output) ?? [];
    const relu = follower?.op === "Relu" && others.length === 0 && !outputs.has(node.output) ? follower : undefined;
    const result = relu?.output ?? node.output;
    const inputs = [blockedInput(x), blockedWeights(weights, node.output.name), ...(bias ? [bias.name] : [])];
    const attributes = [...written[index].attributes, ...(relu ? [text("activation", "Relu")] : [])];
    blockedNames.set(result, emit("Conv", inputs, `${result.name}/blocked`, attributes, nchwc));
    if (relu) fused.add(relu);
    const plainNeeded =
      outputs.has(result) ||
      (consumers.get(result) ?? []).some((user) => !isBlocked(user) || user.inputs[0] !== result);
    if (plainNeeded) {
      emit("ReorderOutput", [`${result.name}/blocked`], result.name, [int("channels", result.shape[1])], nchwc);
    }
  });
  nodes.push(...written.slice(graph.nodes.length));
  model.graph.nodes = nodes;
  model.opsetImport.push({ domain: nchwc, version: 1 });
  return encodeModel(model);
}

/**
 * A small graph to try: `output` of the blocked form must equal that of the plain form. It covers what training uses: a
 * kernel with padding, bias, a fused ReLU, a convolution that follows directly, and channels of more than one block.
 */
export function blockProbe(): { graph: Graph; inputs: Tensors } {
  const graph = new Graph();
  const inputs: Tensors = {};
  const random = new Random(1);
  const feed = (name: string, shape: number[]): Value => {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => random.normal());
    inputs[name] = { type: "float32", shape, data };
    return graph.input(name, shape);
  };
  const first = relu(conv(feed("x", [2, 32, 6, 5]), feed("w1", [64, 32, 3, 3]), { bias: feed("b1", [64]) }));
  graph.output("output", add(conv(first, feed("w2", [32, 64, 2, 2]), { pads: [1, 0, 0, 1] }), 1));
  return { graph, inputs };
}

const nchwc = "com.microsoft.nchwc";

/** A convolution over two axes, not grouped, of whole blocks of channels, whose weights are computed or fed. */
function fits(graph: Graph, node: GraphNode, block: number): boolean {
  if (node.op !== "Conv") return false;
  const [x, weights] = node.inputs;
  const [o, i] = weights.shape;
  const { group } = node.attributes as OperatorAttributes["Conv"];
  return x.shape.length === 4 && group === 1 && o % block === 0 && i % block === 0 && !graph.constants.has(weights);
}

function consumersOf(graph: Graph): Map<Value, GraphNode[]> {
  const consumers = new Map<Value, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) consumers.set(input, [...(consumers.get(input) ?? []), node]);
  }
  return consumers;
}

const none = { floats: [], ints: [] };
const int = (name: string, i: number): AttributeMessage => ({ ...none, name, i, type: attributeTypes.int });
const ints = (name: string, values: number[]): AttributeMessage => ({
  ...none,
  name,
  ints: values,
  type: attributeTypes.ints,
});
const text = (name: string, value: string): AttributeMessage => ({
  ...none,
  name,
  s: new TextEncoder().encode(value),
  type: attributeTypes.string,
});
