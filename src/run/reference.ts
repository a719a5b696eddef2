import type { Graph, GraphNode, Tensor, Value } from "../graph/graph.ts";
import type { Operator } from "../graph/operator.ts";
import { operators } from "../graph/operators.ts";
import { type BackendSession, checkedRuntime } from "./checked-runtime.ts";
import { inTurns } from "./in-turns.ts";
import type { ProgramPlan } from "./plan.ts";
import { nextOf, type Program, type Runtime, type Tensors } from "./runtime.ts";
import { copyTensor, copyTensors } from "./transfer.ts";

/**
 * The plain runtime: one operator after the other by its reference evaluation, in the calling thread, whose events have
 * their turn before every run. It is slow, runs anywhere without dependencies, and the other runtimes are tested
 * against it.
 */
export function openReferenceRuntime(): Runtime {
  return checkedRuntime({
    name: "reference",
    device: "cpu",
    open: async (program, plan) => openSession(program, plan),
    async close(sessions) {
      for (const session of sessions) await session.close();
    },
  });
}

/** Evaluates a graph: every output by its name, from every input by its name. Results may share memory with inputs. */
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
    // Intermediate results are released as soon as they are no longer needed.
    for (const input of node.inputs) if (lastUse.get(input) === node && !kept.has(input)) values.delete(input);
  }
  const results: Tensors = {};
  for (const [name, value] of graph.outputs) results[name] = values.get(value) as Tensor;
  return results;
}

function openSession(program: Program, plan: ProgramPlan): BackendSession {
  const inTurn = inTurns("reference");
  let state = copyTensors(program.state ?? {});
  return {
    run(name, given, signal) {
      const inputs = copyTensors(given);
      return inTurn(async () => {
        const results = evaluateGraph(program.graphs[name], { ...inputs, ...state });
        const { outputs, replaced } = plan.graphs[name];
        // Copies, because an output may be an input or a constant itself, or share memory with one (Reshape).
        for (const stateName of replaced) state[stateName] = copyTensor(results[nextOf(stateName)]);
        return Object.fromEntries(outputs.map((output) => [output, copyTensor(results[output])]));
      }, signal);
    },
    readState: () => inTurn(async () => copyTensors(state)),
    writeState(tensors) {
      const copies = copyTensors(tensors);
      return inTurn(async () => {
        Object.assign(state, copies);
      });
    },
    close: () =>
      inTurn(async () => {
        state = {};
      }),
  };
}
