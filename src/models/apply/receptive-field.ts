import { ParfocalError } from "../../errors.ts";
import type { OperatorAttributes } from "../../graph/attributes.ts";
import type { Graph, GraphNode, Value } from "../../graph/graph.ts";

/** The receptive field of one output pixel along one axis, in input pixels: `-before` to `+after` around it. */
interface Reach {
  /** Input pixels from one pixel of this value to the next. */
  jump: number;
  before: number;
  after: number;
}

/**
 * The radius of the receptive field of a network: the largest distance, in input pixels, of an input pixel that can
 * change an output pixel. A tile needs this margin to give the same result as the whole image.
 *
 * Follows every path from the first input to the first output through convolutions, pooling and upsampling.
 * @param axis spatial axis, 0 for the first
 * @throws graph.invalid for an operator that mixes pixels in another way
 */
export function receptiveRadius(graph: Graph, axis = 0): number {
  const reaches = new Map<Value, Reach>([[graph.inputs[0], { jump: 1, before: 0, after: 0 }]]);
  for (const node of graph.nodes) {
    const inputs = node.inputs.flatMap((input) => reaches.get(input) ?? []);
    if (inputs.length > 0) reaches.set(node.output, through(node, union(inputs), axis));
  }
  const [output] = graph.outputs.values();
  const reach = reaches.get(output);
  if (!reach) return 0;
  return Math.max(reach.before, reach.after);
}

function union(reaches: Reach[]): Reach {
  return {
    jump: reaches[0].jump,
    before: Math.max(...reaches.map((reach) => reach.before)),
    after: Math.max(...reaches.map((reach) => reach.after)),
  };
}

function through(node: GraphNode, reach: Reach, axis: number): Reach {
  const { jump, before, after } = reach;
  switch (node.op) {
    case "Conv": {
      const { strides, pads, dilations } = node.attributes as OperatorAttributes["Conv"];
      const span = (node.inputs[1].shape[axis + 2] - 1) * dilations[axis];
      return {
        jump: jump * strides[axis],
        before: before + Math.max(0, pads[axis]) * jump,
        after: after + Math.max(0, span - pads[axis]) * jump,
      };
    }
    case "MaxPool":
    case "AveragePool": {
      const size = (node.attributes as OperatorAttributes["MaxPool"]).kernel_shape[axis];
      return { jump: jump * size, before, after: after + (size - 1) * jump };
    }
    case "Resize": {
      const { mode, scales } = node.attributes as OperatorAttributes["Resize"];
      const scale = scales[axis + 2];
      // Coarse pixel q covers the fine pixels from q * scale on, so the last of them depends on a pixel (scale - 1)
      // before it.
      const fine = jump / scale;
      const neighbour = mode === "linear" && scale > 1 ? jump : 0;
      return { jump: fine, before: before + (scale - 1) * fine + neighbour, after: after + neighbour };
    }
    case "DepthToSpace": {
      const fine = jump / (node.attributes as OperatorAttributes["DepthToSpace"]).blocksize;
      return { jump: fine, before: before + jump - fine, after };
    }
    case "Pad": {
      const { pads } = node.attributes as OperatorAttributes["Pad"];
      if (pads[axis + 2] === 0 && pads[node.inputs[0].shape.length + axis + 2] === 0) return reach;
      break;
    }
    case "Slice": {
      const { axes, steps } = node.attributes as OperatorAttributes["Slice"];
      if (axes.every((sliced, i) => sliced < 2 && steps[i] === 1)) return reach;
      break;
    }
    case "ReduceSum":
    case "ReduceMean":
    case "ReduceMax":
      if ((node.attributes as OperatorAttributes["ReduceMean"]).axes.every((reduced) => reduced < 2)) return reach;
      break;
    case "Concat":
      if ((node.attributes as OperatorAttributes["Concat"]).axis < 2) return reach;
      break;
    case "Expand":
    case "MatMul":
    case "Reshape":
    case "Transpose":
    case "InstanceNormalization":
      break;
    default:
      return reach;
  }
  throw new ParfocalError("graph.invalid", `The receptive field of the operator ${node.op} is not known.`, {
    op: node.op,
    detail: "receptive field",
  });
}
