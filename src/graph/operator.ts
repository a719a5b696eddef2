import { ParfocalError } from "../errors.ts";
import type { OperatorAttributes, OperatorName } from "./attributes.ts";
import type { ElementType, Tensor, Value } from "./value.ts";

/** The three faces of an operator. A table entry that lacks one does not compile. */
export interface Operator<A> {
  /** The shape rule: type and shape of the result; throws `graph.invalid` when the inputs do not fit. */
  infer(inputs: readonly Value[], attributes: A): { type: ElementType; shape: readonly number[] };
  /**
   * The gradient: given dL/d(output), appends the nodes that compute dL/d(input) for every input that `wanted` marks, and
   * returns them in the order of the inputs; undefined where not wanted or where no gradient flows.
   */
  gradient(step: GradientStep<A>): (Value | undefined)[];
  /** The reference evaluation: plain loops in double precision, slow, and the judge of every other runtime. */
  evaluate(inputs: readonly Tensor[], attributes: A): Tensor;
}

export interface GradientStep<A> {
  inputs: readonly Value[];
  output: Value;
  attributes: A;
  /** dL/d(output), of the shape of the output. */
  dy: Value;
  wanted: readonly boolean[];
}

export type OperatorTable = { [K in OperatorName]: Operator<OperatorAttributes[K]> };

/** Throws `graph.invalid` naming the operator. */
export function invalid(op: string, detail: string): never {
  throw new ParfocalError("graph.invalid", `${op}: ${detail}.`, { op, detail });
}

/** A float32 tensor around numbers. */
export function tensor(data: Float32Array, shape: readonly number[]): Tensor {
  return { type: "float32", shape, data };
}
