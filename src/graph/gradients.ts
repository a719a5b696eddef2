import { sizeOf } from "../array/shape.ts";
import { ParfocalError } from "../errors.ts";
import type { OperatorName } from "./attributes.ts";
import type { GraphNode, Value } from "./graph.ts";
import type { GradientStep, Operator } from "./operator.ts";
import { add } from "./operators/elementwise.ts";
import { expand } from "./operators/movement.ts";
import { operators } from "./operators.ts";

/**
 * Reverse-mode differentiation: appends to the graph the nodes that compute d(loss)/d(value) for each of the values,
 * and returns these gradients in the same order, each with the shape of its value.
 *
 * @param loss a scalar (one element)
 * @throws graph.invalid when the loss has more than one element or does not depend on a value
 */
export function gradients(loss: Value, values: readonly Value[]): Value[] {
  const { graph } = loss;
  if (sizeOf(loss.shape) !== 1) {
    throw new ParfocalError("graph.invalid", `A loss must have one element, got shape [${loss.shape}].`, {
      op: "gradients",
      detail: "loss",
    });
  }
  // Only nodes that depend on one of the values need a gradient.
  const needed = new Set<Value>(values);
  const nodes = [...graph.nodes];
  for (const node of nodes) if (node.inputs.some((input) => needed.has(input))) needed.add(node.output);

  const flowing = new Map<Value, Value[]>([[loss, [expand(graph.scalar(1), loss.shape)]]]);
  for (const node of nodes.reverse()) {
    const parts = flowing.get(node.output);
    if (!parts || !needed.has(node.output)) continue;
    const dy = parts.reduce((a, b) => add(a, b));
    if (values.includes(node.output)) flowing.set(node.output, [dy]);
    else flowing.delete(node.output);
    differentiate(node, dy, needed).forEach((gradient, i) => {
      const input = node.inputs[i];
      if (!gradient || !needed.has(input)) return;
      const list = flowing.get(input);
      if (list) list.push(gradient);
      else flowing.set(input, [gradient]);
    });
  }
  return values.map((value) => {
    const parts = flowing.get(value);
    if (!parts) {
      throw new ParfocalError("graph.invalid", `The loss does not depend on ${value.name}.`, {
        op: "gradients",
        detail: value.name,
      });
    }
    return parts.reduce((a, b) => add(a, b));
  });
}

function differentiate<K extends OperatorName>(
  node: GraphNode<K>,
  dy: Value,
  needed: ReadonlySet<Value>,
): (Value | undefined)[] {
  const operator = operators[node.op] as Operator<GraphNode<K>["attributes"]>;
  const step: GradientStep<GraphNode<K>["attributes"]> = {
    inputs: node.inputs,
    output: node.output,
    attributes: node.attributes,
    dy,
    needed: node.inputs.map((input) => needed.has(input)),
  };
  return operator.gradient(step);
}
