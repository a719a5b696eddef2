import { broadcastShapes } from "../../array/shape.ts";
import { ParfocalError } from "../../errors.ts";
import type { OperatorAttributes, OperatorName } from "../attributes.ts";
import { type AttributeMessage, attributeTypes, dataTypes, type TensorMessage } from "./messages.ts";

/** How ONNX opset 17 encodes the attributes of an operator: as attributes of the node, or as constant inputs. */
export interface Encoding<A> {
  write(attributes: A): { attributes: AttributeMessage[]; constants?: (TensorMessage | undefined)[] };
  /** The inverse. `constants` are the inputs after the first `dataInputs`. */
  read(node: NodeReader): A;
  /** The number of inputs that are data, if constants follow them. */
  dataInputs?: number;
}

/** Read access to a node's attributes and constant inputs, with ONNX's defaults. */
export interface NodeReader {
  int(name: string, fallback: number): number;
  float(name: string, fallback: number): number;
  string(name: string, fallback: string): string;
  ints(name: string, fallback?: readonly number[]): number[];
  constant(index: number, fallback?: readonly number[]): number[];
  /** Shape of the first input. */
  readonly inputShape: readonly number[];
}

const empty = { floats: [], ints: [] };
const int = (name: string, i: number): AttributeMessage => ({ ...empty, name, i, type: attributeTypes.int });
const float = (name: string, f: number): AttributeMessage => ({ ...empty, name, f, type: attributeTypes.float });
const ints = (name: string, values: readonly number[]): AttributeMessage => ({
  ...empty,
  name,
  ints: [...values],
  type: attributeTypes.ints,
});
const string = (name: string, value: string): AttributeMessage => ({
  ...empty,
  name,
  s: new TextEncoder().encode(value),
  type: attributeTypes.string,
});

/** A tensor of whole numbers, as axes, pads and shapes are given to operators. */
function int64s(values: readonly number[]): TensorMessage {
  const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return {
    dims: [values.length],
    dataType: dataTypes.int64,
    floatData: new Float32Array(0),
    int64Data: [],
    name: "",
    rawData: raw,
  };
}

function floats(values: readonly number[], dims: number[]): TensorMessage {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return { dims, dataType: dataTypes.float32, floatData: new Float32Array(0), int64Data: [], name: "", rawData: raw };
}

const none: Encoding<Record<never, never>> = { write: () => ({ attributes: [] }), read: () => ({}) };
/**
 * "Up to and including the first element" of a backwards slice: ONNX counts -1 from the end, so go below everything.
 */
const belowFirst = -(2 ** 31) + 1;

/** Throws unless an attribute is absent or has the only value that is run here. */
function expectInt(node: NodeReader, name: string, value: number, what: string): void {
  if (node.int(name, value) !== value) unsupported(what);
}

const pool: Encoding<OperatorAttributes["MaxPool"]> = {
  write: ({ kernel_shape }) => ({ attributes: [ints("kernel_shape", kernel_shape), ints("strides", kernel_shape)] }),
  read(node) {
    const size = node.ints("kernel_shape");
    const strides = node.ints(
      "strides",
      size.map(() => 1),
    );
    if (strides.length !== size.length || strides.some((s, i) => s !== size[i])) {
      unsupported("pooling windows that overlap or have gaps");
    }
    if (node.ints("pads", []).some((n) => n !== 0)) unsupported("pooling with padding");
    if (node.ints("dilations", []).some((n) => n !== 1)) unsupported("pooling with dilation");
    if (!["NOTSET", "VALID"].includes(node.string("auto_pad", "NOTSET"))) unsupported("pooling with auto_pad");
    const covered = size.every((n, i) => node.inputShape[i + 2] % n === 0);
    if (!covered) expectInt(node, "ceil_mode", 0, "pooling windows that reach outside the input");
    return { kernel_shape: size };
  },
};

const reduceByAttribute: Encoding<OperatorAttributes["ReduceMean"]> = {
  write: ({ axes, keepdims }) => ({ attributes: [ints("axes", axes), int("keepdims", keepdims ? 1 : 0)] }),
  read: (node) => ({ axes: allAxes(node, node.ints("axes", [])), keepdims: node.int("keepdims", 1) === 1 }),
};

const statistics: Encoding<OperatorAttributes["BatchNormalization"]> = {
  write: ({ epsilon }) => ({ attributes: [float("epsilon", epsilon)] }),
  read(node) {
    expectInt(node, "training_mode", 0, "BatchNormalization in training mode");
    return { epsilon: node.float("epsilon", 1e-5) };
  },
};

function allAxes(node: NodeReader, axes: readonly number[]): number[] {
  const rank = node.inputShape.length;
  return axes.length > 0 ? axes.map((axis) => (axis + rank) % rank) : node.inputShape.map((_, i) => i);
}

function unsupported(detail: string): never {
  throw new ParfocalError("model.unfit", `The ONNX model uses ${detail}, which Parfocal does not run.`, { detail });
}

export const encodings: { [K in OperatorName]: Encoding<OperatorAttributes[K]> } = {
  Add: none,
  Sub: none,
  Mul: none,
  Div: none,
  Max: none,
  Min: none,
  Neg: none,
  Abs: none,
  Sign: none,
  Sqrt: none,
  Exp: none,
  Log: none,
  Greater: none,
  Where: none,
  Relu: none,
  Sigmoid: none,
  Tanh: none,
  HardSwish: none,
  MatMul: none,
  Cast: {
    write: ({ to }) => ({ attributes: [int("to", dataTypes[to])] }),
    read(node) {
      const to = node.int("to", 0);
      if (to !== dataTypes.float32 && to !== dataTypes.bool) return unsupported(`a Cast to type ${to}`);
      return { to: to === dataTypes.bool ? "bool" : "float32" };
    },
  },
  LeakyRelu: {
    write: ({ alpha }) => ({ attributes: [float("alpha", alpha)] }),
    read: (node) => ({ alpha: node.float("alpha", 0.01) }),
  },
  HardSigmoid: {
    write: ({ alpha, beta }) => ({ attributes: [float("alpha", alpha), float("beta", beta)] }),
    read: (node) => ({ alpha: node.float("alpha", 0.2), beta: node.float("beta", 0.5) }),
  },
  Conv: {
    write: ({ strides, pads, dilations, group }) => ({
      attributes: [ints("strides", strides), ints("pads", pads), ints("dilations", dilations), int("group", group)],
    }),
    read(node) {
      const rank = node.inputShape.length - 2;
      const repeat = (value: number, count: number): number[] => new Array<number>(Math.max(0, count)).fill(value);
      if (node.string("auto_pad", "NOTSET") !== "NOTSET") unsupported("Conv with auto_pad");
      return {
        strides: node.ints("strides", repeat(1, rank)),
        pads: node.ints("pads", repeat(0, 2 * rank)),
        dilations: node.ints("dilations", repeat(1, rank)),
        group: node.int("group", 1),
      };
    },
  },
  MaxPool: pool,
  AveragePool: pool,
  Resize: {
    dataInputs: 1,
    write: ({ mode, scales }) => ({
      attributes: [
        string("mode", mode),
        string("coordinate_transformation_mode", mode === "nearest" ? "asymmetric" : "half_pixel"),
        ...(mode === "nearest" ? [string("nearest_mode", "floor")] : []),
      ],
      constants: [undefined, floats(scales, [scales.length])],
    }),
    read(node) {
      const mode = node.string("mode", "nearest");
      if (mode !== "nearest" && mode !== "linear") return unsupported(`Resize in mode ${mode}`);
      const coordinates = node.string("coordinate_transformation_mode", "half_pixel");
      if (coordinates !== (mode === "nearest" ? "asymmetric" : "half_pixel")) unsupported(`Resize with ${coordinates}`);
      if (mode === "nearest" && node.string("nearest_mode", "round_prefer_floor") !== "floor") {
        unsupported("Resize to the nearest pixel with another rounding than floor");
      }
      return { mode, scales: node.constant(1) };
    },
  },
  InstanceNormalization: statistics,
  BatchNormalization: statistics,
  Concat: {
    write: ({ axis }) => ({ attributes: [int("axis", axis)] }),
    read: (node) => ({ axis: (node.int("axis", 0) + node.inputShape.length) % node.inputShape.length }),
  },
  Slice: {
    dataInputs: 1,
    write: ({ starts, ends, axes, steps }) => ({
      attributes: [],
      constants: [
        int64s(starts),
        int64s(ends.map((end, i) => (steps[i] < 0 && end < 0 ? belowFirst : end))),
        int64s(axes),
        int64s(steps),
      ],
    }),
    read(node) {
      const starts = node.constant(0);
      const axes = allAxes(
        node,
        node.constant(
          2,
          starts.map((_, i) => i),
        ),
      );
      const steps = node.constant(
        3,
        starts.map(() => 1),
      );
      const clamp = (value: number, i: number, low: number, high: number): number => {
        const extent = node.inputShape[axes[i]];
        return Math.min(Math.max(value < 0 && value > belowFirst ? value + extent : value, low), high);
      };
      const extent = (i: number): number => node.inputShape[axes[i]];
      return {
        axes,
        steps,
        starts: starts.map((s, i) => clamp(s, i, 0, steps[i] > 0 ? extent(i) : extent(i) - 1)),
        ends: node.constant(1).map((e, i) => clamp(e, i, steps[i] > 0 ? 0 : -1, extent(i))),
      };
    },
  },
  Pad: {
    dataInputs: 1,
    write: ({ mode, pads, value }) => ({
      attributes: [string("mode", mode)],
      constants: [int64s(pads), floats([value], [])],
    }),
    read(node) {
      const mode = node.string("mode", "constant");
      if (mode !== "constant" && mode !== "edge" && mode !== "reflect") return unsupported(`Pad in mode ${mode}`);
      return { mode, pads: node.constant(0), value: node.constant(1, [0])[0] };
    },
  },
  Transpose: {
    write: ({ perm }) => ({ attributes: [ints("perm", perm)] }),
    read: (node) => ({ perm: node.ints("perm", node.inputShape.map((_, i) => i).reverse()) }),
  },
  Reshape: {
    dataInputs: 1,
    write: ({ shape }) => ({ attributes: [], constants: [int64s(shape)] }),
    read(node) {
      expectInt(node, "allowzero", 0, "Reshape to nothing");
      const size = node.inputShape.reduce((a, b) => a * b, 1);
      const shape = node.constant(0).map((n, i) => (n === 0 ? node.inputShape[i] : n));
      const known = shape.reduce((a, b) => (b === -1 ? a : a * b), 1);
      return { shape: shape.map((n) => (n === -1 ? size / known : n)) };
    },
  },
  Expand: {
    dataInputs: 1,
    write: ({ shape }) => ({ attributes: [], constants: [int64s(shape)] }),
    // An extent of 1 leaves the axis as it is.
    read(node) {
      const shape = node.constant(0);
      return { shape: broadcastShapes(node.inputShape, shape) ?? shape };
    },
  },
  DepthToSpace: {
    write: ({ blocksize }) => ({ attributes: [int("blocksize", blocksize)] }),
    read(node) {
      if (node.string("mode", "DCR") !== "DCR") return unsupported("DepthToSpace in another mode than DCR");
      return { blocksize: node.int("blocksize", 1) };
    },
  },
  ReduceSum: {
    dataInputs: 1,
    write: ({ axes, keepdims }) => ({ attributes: [int("keepdims", keepdims ? 1 : 0)], constants: [int64s(axes)] }),
    read(node) {
      expectInt(node, "noop_with_empty_axes", 0, "ReduceSum with noop_with_empty_axes");
      return { axes: allAxes(node, node.constant(0, [])), keepdims: node.int("keepdims", 1) === 1 };
    },
  },
  ReduceMean: reduceByAttribute,
  ReduceMax: reduceByAttribute,
};
