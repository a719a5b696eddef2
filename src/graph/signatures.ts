import type { OperatorName } from "./attributes.ts";
import { invalid } from "./operator.ts";
import type { ElementType, Value } from "./value.ts";

/** The inputs of an operator, and the type of each. */
interface Signature {
  inputs: readonly (ElementType | "any")[];
  /** How many of the last ones may be left out. */
  optional?: number;
  /** The last one may be repeated. */
  repeated?: true;
}

const one: Signature = { inputs: ["float32"] };
const two: Signature = { inputs: ["float32", "float32"] };
const three: Signature = { inputs: ["float32", "float32", "float32"] };

const signatures: Record<OperatorName, Signature> = {
  Add: two,
  Sub: two,
  Mul: two,
  Div: two,
  Max: two,
  Min: two,
  Neg: one,
  Abs: one,
  Sign: one,
  Sqrt: one,
  Exp: one,
  Log: one,
  Greater: two,
  Where: { inputs: ["bool", "float32", "float32"] },
  Cast: { inputs: ["any"] },
  Relu: one,
  LeakyRelu: one,
  Sigmoid: one,
  Tanh: one,
  HardSigmoid: one,
  HardSwish: one,
  Conv: { ...three, optional: 1 },
  MaxPool: one,
  AveragePool: one,
  Resize: one,
  InstanceNormalization: three,
  BatchNormalization: { inputs: ["float32", "float32", "float32", "float32", "float32"] },
  MatMul: two,
  Concat: { ...one, repeated: true },
  Slice: one,
  Pad: one,
  Transpose: one,
  Reshape: one,
  Expand: one,
  DepthToSpace: one,
  ReduceSum: one,
  ReduceMean: one,
  ReduceMax: one,
};

/** Throws `graph.invalid` unless the operator takes that many inputs of these types. */
export function checkSignature(op: OperatorName, inputs: readonly Value[]): void {
  const { inputs: types, optional = 0, repeated } = signatures[op];
  const maxInputs = repeated ? Number.POSITIVE_INFINITY : types.length;
  if (inputs.length < types.length - optional || inputs.length > maxInputs) {
    const expected = repeated
      ? `${types.length} or more`
      : optional
        ? `${types.length - optional} or ${maxInputs}`
        : maxInputs;
    invalid(op, `takes ${expected} inputs, got ${inputs.length}`);
  }
  inputs.forEach(({ type, name }, i) => {
    const expected = types[Math.min(i, types.length - 1)];
    if (expected !== "any" && type !== expected) invalid(op, `input ${i} (${name}) is ${type}, expected ${expected}`);
  });
}
