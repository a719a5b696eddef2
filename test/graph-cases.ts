import type { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import type {
  ConvAttributes,
  None,
  OperatorAttributes,
  OperatorName,
  PoolAttributes,
  ReduceAttributes,
} from "../src/graph/attributes.ts";
import type { ElementType, Graph, Tensor, Value } from "../src/graph/graph.ts";

/**
 * Seeded inputs for every operator of the table, used by the tests of gradients, of ONNX files and of runtimes. The type
 * asks for every operator, so that a new one without cases does not compile.
 */
export interface InputSpec {
  shape: readonly number[];
  type?: ElementType;
  /** How values are drawn; default standard normal. */
  draw?: Draw;
}

/**
 * "normal"; "positive" in 0.5..2.5; "apart": a random order of values at least 0.1 apart, so that no small step changes which is
 * largest; "off" keeps values 0.05 away from the given kinks.
 */
type Draw = "normal" | "positive" | "apart" | { off: readonly number[] };

export interface Case<A = OperatorAttributes[OperatorName]> {
  inputs: readonly InputSpec[];
  attributes: A;
  /** Inputs that get no gradient although they are float32 (statistics that are given). */
  fixed?: readonly number[];
}

const unary = <A>(attributes: A, draw: Draw = "normal"): Case<A>[] => [
  { inputs: [{ shape: [2, 3, 5], draw }], attributes },
  { inputs: [{ shape: [], draw }], attributes },
];

/** Equal shapes, scalars, inner and outer axes that broadcast, both ways. */
const binary = (first: Draw = "normal", second: Draw = first): Case<None>[] =>
  (
    [
      [
        [2, 3],
        [2, 3],
      ],
      [[2, 3, 4], []],
      [[], [2, 3]],
      [
        [2, 1, 4],
        [3, 1],
      ],
      [[3], [2, 3]],
      [
        [1, 3, 1, 2],
        [4, 1, 2, 1],
      ],
    ] as const
  ).map(([a, b]) => ({
    inputs: [
      { shape: a, draw: first },
      { shape: b, draw: second },
    ],
    attributes: {},
  }));

/** Both inputs from one set of values that lie apart: whichever is larger stays larger. */
const compared = (): Case<None>[] => binary({ off: [0] }, "positive").concat(binary("positive", { off: [0] }));

const conv = (
  x: readonly number[],
  w: readonly number[],
  attributes: Partial<ConvAttributes> = {},
  bias = false,
): Case<ConvAttributes> => {
  const ones = w.slice(2).map(() => 1);
  return {
    inputs: [{ shape: x }, { shape: w }, ...(bias ? [{ shape: [w[0]] }] : [])],
    attributes: { strides: ones, pads: [...ones, ...ones].map(() => 0), dilations: ones, group: 1, ...attributes },
  };
};

const pool = (draw: Draw): Case<PoolAttributes>[] => [
  { inputs: [{ shape: [2, 2, 4, 6], draw }], attributes: { kernel_shape: [2, 3] } },
  { inputs: [{ shape: [1, 2, 5, 7], draw }], attributes: { kernel_shape: [2, 2] } },
  { inputs: [{ shape: [1, 2, 3, 4, 5], draw }], attributes: { kernel_shape: [1, 2, 2] } },
  { inputs: [{ shape: [2, 1, 9], draw }], attributes: { kernel_shape: [3] } },
];

const reduce = (draw: Draw): Case<ReduceAttributes>[] => [
  { inputs: [{ shape: [2, 3, 4], draw }], attributes: { axes: [1], keepdims: true } },
  { inputs: [{ shape: [2, 3, 4], draw }], attributes: { axes: [0, 2], keepdims: false } },
  { inputs: [{ shape: [2, 3, 4], draw }], attributes: { axes: [0, 1, 2], keepdims: false } },
  { inputs: [{ shape: [1, 3, 1], draw }], attributes: { axes: [0], keepdims: true } },
];

const pad = (shape: readonly number[], pads: readonly number[]): Case<OperatorAttributes["Pad"]>[] =>
  (["constant", "edge", "reflect"] as const).map((mode) => ({
    inputs: [{ shape }],
    attributes: { mode, pads, value: mode === "constant" ? 1.5 : 0 },
  }));

const slice = (
  shape: readonly number[],
  ranges: readonly (readonly [number, number, number, number])[],
): Case<OperatorAttributes["Slice"]> => ({
  inputs: [{ shape }],
  attributes: {
    axes: ranges.map((range) => range[0]),
    starts: ranges.map((range) => range[1]),
    ends: ranges.map((range) => range[2]),
    steps: ranges.map((range) => range[3]),
  },
});

const normalised = (shape: readonly number[], statistics: number): InputSpec[] => [
  { shape },
  ...new Array<InputSpec>(statistics).fill({ shape: [shape[1]], draw: "positive" }),
];

export const operatorCases: { [K in OperatorName]: readonly Case<OperatorAttributes[K]>[] } = {
  Add: binary(),
  Sub: binary(),
  Mul: binary(),
  Div: binary("normal", "positive"),
  Max: compared(),
  Min: compared(),
  Neg: unary({}),
  Abs: unary({}, { off: [0] }),
  Sign: unary({}, { off: [0] }),
  Sqrt: unary({}, "positive"),
  Exp: unary({}),
  Log: unary({}, "positive"),
  Greater: binary(),
  Where: [
    { inputs: [{ shape: [2, 3], type: "bool" }, { shape: [2, 3] }, { shape: [2, 3] }], attributes: {} },
    { inputs: [{ shape: [3, 1], type: "bool" }, { shape: [2, 1, 4] }, { shape: [] }], attributes: {} },
    { inputs: [{ shape: [2, 3, 4], type: "bool" }, { shape: [4] }, { shape: [3, 1] }], attributes: {} },
  ],
  Cast: [
    { inputs: [{ shape: [2, 3] }], attributes: { to: "float32" } },
    { inputs: [{ shape: [2, 3] }], attributes: { to: "bool" } },
    { inputs: [{ shape: [4, 2], type: "bool" }], attributes: { to: "float32" } },
  ],
  Relu: unary({}, { off: [0] }),
  LeakyRelu: unary({ alpha: 0.2 }, { off: [0] }),
  Sigmoid: unary({}),
  Tanh: unary({}),
  HardSigmoid: [
    ...unary({ alpha: 1 / 6, beta: 0.5 }, { off: [-3, 3] }),
    ...unary({ alpha: 0.75, beta: 0.25 }, { off: [-1 / 3, 1] }),
  ],
  HardSwish: [{ inputs: [{ shape: [60], draw: { off: [-3, 3] } }], attributes: {} }],
  Conv: [
    conv([2, 3, 6, 5], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }, true),
    conv([1, 2, 7, 8], [3, 2, 3, 2], { strides: [2, 3], pads: [1, 0, 2, 1] }, true),
    conv([2, 2, 9, 8], [2, 2, 3, 3], { dilations: [2, 3], pads: [2, 3, 1, 3] }),
    conv([1, 4, 5, 6], [6, 2, 3, 3], { group: 2, pads: [1, 1, 1, 1] }, true),
    conv([2, 3, 6, 6], [3, 1, 3, 3], { group: 3, strides: [2, 2], pads: [0, 1, 1, 0] }),
    conv([1, 2, 4, 4], [2, 2, 1, 1], { pads: [2, 0, 0, 1] }),
    conv([2, 2, 5, 5], [3, 2, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    // Channels that are multiples of 3 and not of 4: ONNX Runtime's WebGPU has a way of its own for them.
    conv([2, 6, 5, 4], [4, 6, 3, 3], { pads: [1, 1, 1, 1] }, true),
    conv([1, 8, 4, 4], [9, 8, 2, 2], { strides: [2, 1] }),
    conv([2, 1, 8], [3, 1, 3], { pads: [2, 1], dilations: [2] }, true),
    conv([1, 2, 4, 5, 4], [2, 2, 3, 3, 3], { pads: [1, 1, 1, 1, 1, 1] }, true),
    conv([1, 2, 5, 4, 5], [2, 2, 2, 3, 2], { strides: [2, 1, 2], pads: [0, 1, 1, 1, 0, 0], dilations: [1, 1, 2] }),
  ],
  MaxPool: pool("apart"),
  AveragePool: pool("normal"),
  Resize: [
    { inputs: [{ shape: [2, 2, 3, 2] }], attributes: { mode: "nearest", scales: [1, 1, 2, 3] } },
    { inputs: [{ shape: [1, 2, 2, 3, 2] }], attributes: { mode: "nearest", scales: [1, 1, 2, 2, 1] } },
    { inputs: [{ shape: [2, 2, 3, 4] }], attributes: { mode: "linear", scales: [1, 1, 2, 2] } },
    { inputs: [{ shape: [1, 1, 1, 5] }], attributes: { mode: "linear", scales: [1, 1, 4, 3] } },
    { inputs: [{ shape: [1, 2, 2, 3, 2] }], attributes: { mode: "linear", scales: [1, 1, 2, 2, 2] } },
  ],
  InstanceNormalization: [
    { inputs: normalised([2, 3, 3, 4], 2), attributes: { epsilon: 1e-5 } },
    { inputs: normalised([1, 2, 2, 3, 2], 2), attributes: { epsilon: 0.1 } },
  ],
  BatchNormalization: [
    { inputs: normalised([2, 3, 3, 2], 4), attributes: { epsilon: 1e-3 }, fixed: [3, 4] },
    { inputs: normalised([2, 2, 2, 2, 3], 4), attributes: { epsilon: 1e-5 }, fixed: [3, 4] },
  ],
  MatMul: (
    [
      [
        [3, 4],
        [4, 2],
      ],
      [
        [2, 3, 4],
        [2, 4, 5],
      ],
      [
        [2, 3, 4],
        [4, 2],
      ],
      [
        [3, 4],
        [5, 4, 2],
      ],
      [
        [2, 1, 2, 3],
        [4, 3, 2],
      ],
    ] as const
  ).map(([a, b]) => ({ inputs: [{ shape: a }, { shape: b }], attributes: {} })),
  Concat: [
    { inputs: [{ shape: [2, 1, 3] }, { shape: [2, 4, 3] }, { shape: [2, 2, 3] }], attributes: { axis: 1 } },
    { inputs: [{ shape: [1, 3] }, { shape: [2, 3] }], attributes: { axis: 0 } },
    { inputs: [{ shape: [2, 2, 1] }, { shape: [2, 2, 3] }], attributes: { axis: 2 } },
  ],
  Slice: [
    slice([4, 5], [[1, 1, 4, 1]]),
    slice(
      [4, 9],
      [
        [0, 1, 4, 2],
        [1, 0, 9, 3],
      ],
    ),
    slice(
      [2, 3, 6],
      [
        [2, 5, -1, -1],
        [1, 2, 0, -1],
      ],
    ),
    slice([8, 2], [[0, 7, 1, -1]]),
    slice([7], [[0, 1, 7, 4]]),
  ],
  Pad: [...pad([2, 3, 4], [0, 2, 1, 1, 0, 3]), ...pad([1, 2, 4, 5], [0, 0, 3, 0, 0, 0, 2, 4]), ...pad([6], [5, 5])],
  Transpose: [
    { inputs: [{ shape: [2, 3] }], attributes: { perm: [1, 0] } },
    { inputs: [{ shape: [2, 3, 4, 2] }], attributes: { perm: [2, 0, 3, 1] } },
  ],
  Reshape: [
    { inputs: [{ shape: [2, 6] }], attributes: { shape: [3, 1, 4] } },
    { inputs: [{ shape: [1, 1] }], attributes: { shape: [] } },
  ],
  Expand: [
    { inputs: [{ shape: [2, 1, 3] }], attributes: { shape: [4, 2, 5, 3] } },
    { inputs: [{ shape: [] }], attributes: { shape: [2, 3] } },
  ],
  DepthToSpace: [
    { inputs: [{ shape: [2, 8, 2, 3] }], attributes: { blocksize: 2 } },
    { inputs: [{ shape: [1, 9, 1, 2] }], attributes: { blocksize: 3 } },
  ],
  ReduceSum: reduce("normal"),
  ReduceMean: reduce("normal"),
  ReduceMax: reduce("apart"),
};

export function drawTensor(random: Random, { shape, type = "float32", draw = "normal" }: InputSpec): Tensor {
  const size = sizeOf(shape);
  if (type === "bool") return { type, shape, data: Uint8Array.from({ length: size }, () => random.integer(2)) };
  if (draw === "apart") {
    const order = Array.from({ length: size }, (_, i) => i);
    for (let i = size - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return { type, shape, data: Float32Array.from(order, (place) => (place - size / 2) * 0.1) };
  }
  const value = (): number => {
    if (draw === "positive") return random.between(0.5, 2.5);
    if (draw === "normal") return random.normal();
    for (;;) {
      const x = 2 * random.normal();
      if (draw.off.every((kink) => Math.abs(x - kink) > 0.05)) return x;
    }
  };
  return { type, shape, data: Float32Array.from({ length: size }, value) };
}

/** Appends the operator to a graph, with new inputs `x0`, `x1`, ... */
export function appendCase(
  graph: Graph,
  op: OperatorName,
  { inputs, attributes }: Case,
): { inputs: Value[]; y: Value } {
  const values = inputs.map(({ shape, type = "float32" }, i) => graph.input(`x${i}`, shape, type));
  return { inputs: values, y: graph.add(op, values, attributes) };
}

/** Seeded inputs of a case, by name. */
export function inputsOfCase(random: Random, { inputs }: Case): Record<string, Tensor> {
  return Object.fromEntries(inputs.map((spec, i) => [`x${i}`, drawTensor(random, spec)]));
}
