/**
 * The operators that Parfocal's networks, losses and optimisers are made of, and their attributes: a subset of ONNX
 * opset 17 (https://onnx.ai/onnx/operators/). What ONNX passes as a constant input (the `axes` of ReduceSum, the
 * `pads` of Pad) is an attribute here, so that every shape is known while the graph is being built; reading and writing
 * ONNX translates.
 */
export interface OperatorAttributes {
  // elementwise, with broadcasting where there are two inputs
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Max: None;
  Min: None;
  Neg: None;
  Abs: None;
  Sign: None;
  Sqrt: None;
  Exp: None;
  Log: None;
  Greater: None;
  Where: None;
  Cast: { to: "float32" | "bool" };
  // activations
  Relu: None;
  LeakyRelu: { alpha: number };
  Sigmoid: None;
  Tanh: None;
  HardSigmoid: { alpha: number; beta: number };
  HardSwish: None;
  // networks
  Conv: ConvAttributes;
  MaxPool: PoolAttributes;
  AveragePool: PoolAttributes;
  Resize: ResizeAttributes;
  InstanceNormalization: { epsilon: number };
  BatchNormalization: { epsilon: number };
  MatMul: None;
  // movement
  Concat: { axis: number };
  Slice: { starts: readonly number[]; ends: readonly number[]; axes: readonly number[]; steps: readonly number[] };
  Pad: { mode: PadMode; pads: readonly number[]; value: number };
  Transpose: { perm: readonly number[] };
  Reshape: { shape: readonly number[] };
  Expand: { shape: readonly number[] };
  /** Channels `[(row, column), c]` become the pixels of blocks of `blocksize` squared (mode DCR). */
  DepthToSpace: { blocksize: number };
  // reductions
  ReduceSum: ReduceAttributes;
  ReduceMean: ReduceAttributes;
  ReduceMax: ReduceAttributes;
}

export type OperatorName = keyof OperatorAttributes;
export type None = Record<never, never>;
export type PadMode = "constant" | "edge" | "reflect";

/** Convolution over 1 to 3 spatial axes; `pads` are begins then ends, as in ONNX. */
export interface ConvAttributes {
  strides: readonly number[];
  pads: readonly number[];
  dilations: readonly number[];
  group: number;
}

/**
 * Pooling over windows that neither overlap nor reach outside the input; what is left over at the far edge is dropped.
 */
export interface PoolAttributes {
  kernel_shape: readonly number[];
}

/**
 * Upsampling by whole factors. "nearest" repeats pixels (asymmetric, floor); "linear" interpolates between pixel
 * centres (half_pixel) and repeats the border.
 */
export interface ResizeAttributes {
  mode: "nearest" | "linear";
  /** One whole factor >= 1 per axis of the input, batch and channel included. */
  scales: readonly number[];
}

export interface ReduceAttributes {
  axes: readonly number[];
  keepdims: boolean;
}
