/** Perceptual distances between two pictures, for use in losses. */
import { ParfocalError } from "../../errors.ts";
import type { Graph, Value } from "../../graph/graph.ts";
import { readOnnx } from "../../graph/onnx/read.ts";
import { abs, add, square, sub } from "../../graph/operators/elementwise.ts";
import { concat, slice } from "../../graph/operators/movement.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import { msSsimLoss } from "../losses.ts";

/** The distance between pictures `[n, 1, h, w]` of range 1: a scalar, 0 for equal pictures. */
export type FeatureDistance = (output: Value, target: Value) => Value;

/**
 * The built-in distance: (1 - MS-SSIM) plus the mean absolute difference of the gradients along y and x. It replaces
 * the distance of VGG19 features (block3_conv3) of COMI, whose weights cannot be shipped. The two are not equivalent:
 * this one compares structure at several scales and edges, but no textures learnt from photographs. {@link
 * networkDistance} uses VGG or any other network.
 */
export const structureDistance: FeatureDistance = (output, target) =>
  add(msSsimLoss(output, target), slopeDistance(output, target));

/** Mean absolute difference of the differences between neighbouring pixels, along y plus along x. */
export function slopeDistance(output: Value, target: Value): Value {
  const error = sub(output, target);
  const along = (axis: number): Value => {
    const extent = error.shape[axis];
    const later = slice(error, [{ axis, start: 1, end: extent }]);
    return reduceMean(abs(sub(later, slice(error, [{ axis, start: 0, end: extent - 1 }]))));
  };
  return add(along(2), along(3));
}

/**
 * The mean squared difference of the features of a network that the user provides, such as VGG19 up to block3_conv3: an
 * ONNX file (opset 17) with one input `[batch, 1 or 3, y, x]` of images 0..1 (grey is repeated for three channels) and
 * the features as its first output. Its weights are not trained.
 *
 * @param shape of the pictures, `[n, 1, h, w]`
 * @throws model.unfit for a file that is not such a network
 */
export function networkDistance(onnx: Uint8Array, shape: readonly number[]): FeatureDistance {
  const [n, , h, w] = shape;
  const network = readOnnx(onnx, openExtents(n, h, w));
  const [input, ...others] = network.inputs;
  const [, channels, ...size] = input?.shape ?? [];
  const fits = others.length === 0 && (channels === 1 || channels === 3) && size.join() === `${h},${w}`;
  if (!fits) {
    const got = network.inputs.map((value) => `[${value.shape}]`).join(", ");
    const detail = `its input is ${got || "missing"}, but the patches are [${n},1 or 3,${h},${w}]`;
    const message = `feature_model: the network does not fit the patches: ${detail}. Export it with variable extents batch, y and x.`;
    throw new ParfocalError("model.unfit", message, { detail });
  }
  const constants = new Map<Value, Value>();
  return (output, target) => {
    const features = (picture: Value): Value =>
      append(channels === 3 ? concat([picture, picture, picture], 1) : picture, network, constants);
    return reduceMean(square(sub(features(output), features(target))));
  };
}

/** Values for the names that exporters use for variable extents. */
function openExtents(n: number, h: number, w: number): Record<string, number> {
  const names: [string[], number][] = [
    [["batch", "batch_size", "N", "n", "b"], n],
    [["y", "height", "H", "h"], h],
    [["x", "width", "W", "w"], w],
  ];
  return Object.fromEntries(names.flatMap(([all, extent]) => all.map((name) => [name, extent])));
}

/**
 * Copies the nodes of a network into another graph and applies them to a value there.
 * @param constants copies of its weights in that graph, which several uses share
 */
function append(x: Value, network: Graph, constants: Map<Value, Value>): Value {
  const values = new Map<Value, Value>([[network.inputs[0], x]]);
  const resolve = (value: Value): Value => {
    const known = values.get(value) ?? ownConstant(value);
    if (known) return known;
    const tensor = network.constants.get(value);
    if (!tensor)
      throw new ParfocalError("graph.invalid", `The value ${value.name} is not defined in the network.`, {
        op: "append",
        detail: value.name,
      });
    const copy = x.graph.constant(tensor.data as Float32Array, tensor.shape);
    constants.set(value, copy);
    return copy;
  };
  const ownConstant = (value: Value): Value | undefined => {
    const copy = constants.get(value);
    return copy?.graph === x.graph ? copy : undefined;
  };
  for (const { op, inputs, output, attributes } of network.nodes) {
    values.set(output, x.graph.add(op, inputs.map(resolve), attributes));
  }
  const [first] = network.outputs.values();
  return resolve(first);
}
