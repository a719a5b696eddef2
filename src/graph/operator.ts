import { ParfocalError } from "../errors.ts";
import type { OperatorAttributes, OperatorName } from "./attributes.ts";
import type { ElementType, Tensor, Value } from "./value.ts";

/** The three parts of an operator. A table entry without one of them does not compile. */
export interface Operator<A> {
  /** The shape rule: type and shape of the result; throws `graph.invalid` if the inputs do not match. */
  infer(inputs: readonly Value[], attributes: A): { type: ElementType; shape: readonly number[] };
  /**
   * The gradient: given dL/d(output), appends the nodes that compute dL/d(input) for every input that `needed` marks,
   * and returns them in the order of the inputs; undefined where it is not needed or where no gradient flows.
   */
  gradient(step: GradientStep<A>): (Value | undefined)[];
  /**
   * The reference evaluation: plain loops in double precision. It is slow, and every other runtime is tested against
   * it.
   */
  evaluate(inputs: readonly Tensor[], attributes: A): Tensor;
}

export interface GradientStep<A> {
  inputs: readonly Value[];
  output: Value;
  attributes: A;
  /** dL/d(output), of the shape of the output. */
  dy: Value;
  needed: readonly boolean[];
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
