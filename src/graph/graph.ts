import { sizeOf } from "../array/shape.ts";
import { ParfocalError } from "../errors.ts";
import type { OperatorAttributes, OperatorName } from "./attributes.ts";
import { invalid } from "./operator.ts";
import { operators } from "./operators.ts";
import { checkSignature } from "./signatures.ts";
import { type ElementType, type GraphBuilder, type GraphNode, type Tensor, Value } from "./value.ts";

export { type ElementType, type GraphBuilder, type GraphNode, type Tensor, Value } from "./value.ts";

/**
 * A network, a loss, or a whole training step: nodes between named inputs and named outputs. It only grows; the
 * functions of `operators/` (`conv(x, w)`, `add(a, b)`, ...) append to the graph of their first value.
 */
export class Graph implements GraphBuilder {
  readonly inputs: Value[] = [];
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<Value, Tensor>();
  readonly outputs = new Map<string, Value>();
  private readonly scalars = new Map<number, Value>();
  private readonly names = new Set<string>();
  private readonly reserved: ReadonlySet<string>;

  /** @param reserved names of later outputs, which no node may have */
  constructor(reserved: Iterable<string> = []) {
    this.reserved = new Set(reserved);
  }

  /** A tensor that is fed at every run. */
  input(name: string, shape: readonly number[], type: ElementType = "float32"): Value {
    checkShape(`input ${name}`, shape);
    const value = new Value(this, this.claim(name), type, [...shape]);
    this.inputs.push(value);
    return value;
  }

  /** A float32 tensor that is part of the graph. */
  constant(data: Float32Array, shape: readonly number[], name?: string): Value {
    checkShape(`constant ${name ?? ""}`, shape);
    if (data.length !== sizeOf(shape)) {
      throw new ParfocalError("graph.invalid", `Constant ${name ?? ""}: ${data.length} numbers for shape [${shape}].`, {
        op: "Constant",
        detail: "size",
      });
    }
    const own = name === undefined ? this.claimUnlike("constant", this.constants.size) : this.claim(name);
    const value = new Value(this, own, "float32", [...shape]);
    this.constants.set(value, { type: "float32", shape: value.shape, data });
    return value;
  }

  /** A scalar constant (shape []), one per number. */
  scalar(number: number): Value {
    let value = this.scalars.get(number);
    if (!value) {
      value = this.constant(Float32Array.of(number), []);
      this.scalars.set(number, value);
    }
    return value;
  }

  /** Makes a value an output, under a name that no input, constant or other output has. */
  output(name: string, value: Value): void {
    if (value.graph !== this) invalid("output", `"${name}" belongs to another graph`);
    this.claim(name);
    this.outputs.set(name, value);
  }

  /** Appends an operator; its output's shape follows from the operator's shape rule, which also checks the inputs. */
  add<K extends OperatorName>(op: K, inputs: readonly Value[], attributes: OperatorAttributes[K]): Value {
    for (const input of inputs) {
      if (input.graph !== this) {
        throw new ParfocalError("graph.invalid", `${op}: input ${input.name} belongs to another graph.`, {
          op,
          detail: input.name,
        });
      }
    }
    checkSignature(op, inputs);
    const { type, shape } = operators[op].infer(inputs, attributes);
    checkShape(op, shape);
    const output = new Value(this, this.claimUnlike(op, this.nodes.length), type, shape);
    this.nodes.push({ op, inputs, output, attributes } as GraphNode);
    return output;
  }

  private claim(name: string): string {
    if (this.names.has(name)) {
      throw new ParfocalError("graph.invalid", `Two values are called "${name}".`, { op: "graph", detail: name });
    }
    this.names.add(name);
    return name;
  }

  /** An unused name: in a graph that was read from a file, any name may be used. */
  private claimUnlike(stem: string, number: number): string {
    let name = `${stem}_${number}`;
    while (this.names.has(name) || this.reserved.has(name)) name += "_";
    return this.claim(name);
  }
}

function checkShape(what: string, shape: readonly number[]): void {
  if (shape.every((extent) => Number.isInteger(extent) && extent >= 1) && Number.isSafeInteger(sizeOf(shape))) return;
  invalid(what, `shape [${shape}] where every extent must be a whole number of at least 1`);
}
