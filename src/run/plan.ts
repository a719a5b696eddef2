import { sameShape, sizeOf } from "../array/shape.ts";
import { ParfocalError } from "../errors.ts";
import type { Graph, Tensor, Value } from "../graph/graph.ts";
import { nextOf, type Program, type Tensors } from "./runtime.ts";

/** What a tensor must look like. */
type TensorSpec = Pick<Tensor, "type" | "shape">;

/** Which of a graph's inputs and outputs belong to the caller, and which to the state. */
export interface GraphPlan {
  /** Inputs that a run is given. */
  fed: Record<string, TensorSpec>;
  /** Inputs that come from the state. */
  stateInputs: string[];
  /** Outputs that a run returns. */
  outputs: string[];
  /** State tensors that the output `next:<name>` replaces. */
  replaced: string[];
}

export interface ProgramPlan {
  graphs: Record<string, GraphPlan>;
  state: Record<string, TensorSpec>;
}

const nextPrefix = nextOf("");
const describe = ({ type, shape }: TensorSpec): string => `${type} [${shape}]`;

function refuse(op: string, detail: string): never {
  throw new ParfocalError("graph.invalid", `${detail}.`, { op, detail });
}

/**
 * Sorts the inputs and outputs of a program's graphs into the caller's and the state's.
 * @throws graph.invalid when a graph and the state disagree about a tensor, or `next:x` has no `x` in the state
 */
export function planProgram({ graphs, state = {} }: Program): ProgramPlan {
  for (const [name, tensor] of Object.entries(state)) checkTensor(`State "${name}"`, tensor, tensor);
  const plans = Object.entries(graphs).map(([name, graph]) => [name, planGraph(name, graph, state)] as const);
  const specs = Object.entries(state).map(([name, { type, shape }]) => [name, { type, shape: [...shape] }] as const);
  return { graphs: Object.fromEntries(plans), state: Object.fromEntries(specs) };
}

function planGraph(graphName: string, graph: Graph, state: Tensors): GraphPlan {
  const plan: GraphPlan = { fed: {}, stateInputs: [], outputs: [], replaced: [] };
  const checkState = (name: string, value: Value): void => {
    const tensor = state[name];
    if (tensor.type === value.type && sameShape(tensor.shape, value.shape)) return;
    refuse(graphName, `Graph "${graphName}" has ${name} as ${describe(value)}, the state as ${describe(tensor)}`);
  };
  for (const input of graph.inputs) {
    if (Object.hasOwn(state, input.name)) {
      checkState(input.name, input);
      plan.stateInputs.push(input.name);
    } else plan.fed[input.name] = { type: input.type, shape: [...input.shape] };
  }
  for (const [name, value] of graph.outputs) {
    if (!name.startsWith(nextPrefix)) {
      plan.outputs.push(name);
      continue;
    }
    const stateName = name.slice(nextPrefix.length);
    if (!Object.hasOwn(state, stateName)) {
      refuse(graphName, `Graph "${graphName}" replaces "${stateName}", which is not in the state`);
    }
    checkState(stateName, value);
    plan.replaced.push(stateName);
  }
  if (graph.outputs.size === 0) refuse(graphName, `Graph "${graphName}" has no outputs`);
  return plan;
}

/** The plan of a graph of a program; throws graph.invalid when there is none of that name. */
export function planOf(plan: ProgramPlan, graph: string): GraphPlan {
  if (Object.hasOwn(plan.graphs, graph)) return plan.graphs[graph];
  return refuse(graph, `The program has no graph "${graph}", only ${Object.keys(plan.graphs).join(", ") || "none"}`);
}

/** Throws graph.invalid unless the inputs are exactly those that the graph is fed, each of its type and shape. */
export function checkInputs(graph: string, plan: GraphPlan, inputs: Tensors): void {
  for (const [name, spec] of Object.entries(plan.fed)) {
    if (!Object.hasOwn(inputs, name)) {
      refuse(graph, `Graph "${graph}" needs the input "${name}" (${describe(spec)}), which was not given`);
    }
    checkTensor(`Input "${name}" of graph "${graph}"`, inputs[name], spec);
  }
  for (const name of Object.keys(inputs)) {
    if (Object.hasOwn(plan.fed, name)) continue;
    const why = plan.stateInputs.includes(name) ? "comes from the state" : "is unknown to it";
    refuse(graph, `Graph "${graph}" was given the input "${name}", which ${why}`);
  }
}

/** Throws graph.invalid unless every tensor replaces one of the state, of the same type and shape. */
export function checkState(plan: ProgramPlan, state: Tensors): void {
  for (const [name, tensor] of Object.entries(state)) {
    if (!Object.hasOwn(plan.state, name)) refuse("state", `The state has no tensor "${name}"`);
    checkTensor(`State "${name}"`, tensor, plan.state[name]);
  }
}

function checkTensor(what: string, tensor: Tensor, spec: TensorSpec): void {
  if (tensor.type !== spec.type || !sameShape(tensor.shape, spec.shape)) {
    refuse("tensor", `${what} is ${describe(tensor)}, expected ${describe(spec)}`);
  }
  const fits = tensor.type === "bool" ? tensor.data instanceof Uint8Array : tensor.data instanceof Float32Array;
  if (!fits || tensor.data.length !== sizeOf(spec.shape)) {
    const got = `${tensor.data?.constructor?.name} of ${tensor.data?.length}`;
    refuse("tensor", `${what} holds a ${got} where ${describe(spec)} has ${sizeOf(spec.shape)} elements`);
  }
}
