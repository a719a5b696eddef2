import { ParfocalError } from "../errors.ts";
import type { Graph, GraphNode, Tensor, Value } from "../graph/graph.ts";
import type { Operator } from "../graph/operator.ts";
import { operators } from "../graph/operators.ts";
import { checkInputs, checkState, planOf, planProgram } from "./plan.ts";
import { nextOf, type Program, type Runtime, type Session, type Tensors } from "./runtime.ts";

/**
 * The plain runtime: one operator after the other by its reference evaluation. Slow, runs anywhere, needs nothing, and
 * judges the others.
 */
export function openReferenceRuntime(): Runtime {
  const sessions = new Set<Session>();
  let closed = false;
  return {
    name: "reference",
    device: "cpu",
    async open(program) {
      if (closed) throw isClosed("runtime");
      const session = openSession(program);
      sessions.add(session);
      return session;
    },
    async close() {
      closed = true;
      await Promise.all([...sessions].map((session) => session.close()));
      sessions.clear();
    },
  };
}

/** Evaluates a graph: every output by its name, from every input by its name. */
export function evaluateGraph(graph: Graph, inputs: Tensors): Tensors {
  const values = new Map<Value, Tensor>(graph.constants);
  for (const input of graph.inputs) values.set(input, inputs[input.name]);
  const lastUse = new Map<Value, GraphNode>();
  for (const node of graph.nodes) for (const input of node.inputs) lastUse.set(input, node);
  const kept = new Set(graph.outputs.values());
  for (const node of graph.nodes) {
    const operator = operators[node.op] as Operator<GraphNode["attributes"]>;
    const operands = node.inputs.map((input) => values.get(input) as Tensor);
    values.set(node.output, operator.evaluate(operands, node.attributes));
    // Intermediate results go as soon as nothing reads them any more.
    for (const input of node.inputs) if (lastUse.get(input) === node && !kept.has(input)) values.delete(input);
  }
  const results: Tensors = {};
  for (const [name, value] of graph.outputs) results[name] = values.get(value) as Tensor;
  return results;
}

function openSession(program: Program): Session {
  const plan = planProgram(program);
  const state = copyAll(program.state ?? {});
  let closed = false;
  const check = (): void => {
    if (closed) throw isClosed("session");
  };
  return {
    async run(name, inputs) {
      check();
      const graphPlan = planOf(plan, name);
      checkInputs(name, graphPlan, inputs);
      const results = evaluateGraph(program.graphs[name], { ...inputs, ...state });
      for (const stateName of graphPlan.replaced) state[stateName] = copy(results[nextOf(stateName)]);
      // Copies, because an output may be an input or a constant itself, or share memory with one (Reshape).
      return Object.fromEntries(graphPlan.outputs.map((output) => [output, copy(results[output])]));
    },
    async readState() {
      check();
      return copyAll(state);
    },
    async writeState(tensors) {
      check();
      checkState(plan, tensors);
      Object.assign(state, copyAll(tensors));
    },
    async close() {
      closed = true;
      for (const name of Object.keys(state)) delete state[name];
    },
  };
}

const copy = ({ type, shape, data }: Tensor): Tensor => ({ type, shape: [...shape], data: data.slice() });
const copyAll = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, copy(tensor)]));

function isClosed(what: string): ParfocalError {
  return new ParfocalError("runtime.failed", `The reference ${what} is closed.`, {
    runtime: "reference",
    detail: `${what} closed`,
  });
}
