import type { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { ParfocalError } from "../../errors.ts";
import type { Graph, GraphBuilder, Tensor, Value } from "../../graph/graph.ts";

/**
 * How a parameter is initialised: "glorot" is uniform in +-sqrt(6 / (fan in + fan out)) (Glorot & Bengio 2010), "he" is
 * normal with variance 2 / fan in (He et al. 2015), `{ mean, deviation }` is normal, and a number is a constant.
 */
export type Initial = "glorot" | "he" | { mean: number; deviation: number } | number;

export interface ParameterSpec {
  shape: readonly number[];
  initial: Initial;
}

/** How a network asks for its parameters while it is being built; the same name gives the same value. */
export type Parameters = (name: string, shape: readonly number[], initial: Initial) => Value;

/**
 * Parameters as inputs of the graph, to be trained; `specs` and `values` fill with every parameter that the network
 * asks for.
 */
export function trainableParameters(graph: Graph): {
  parameters: Parameters;
  specs: Map<string, ParameterSpec>;
  values: Map<string, Value>;
} {
  const specs = new Map<string, ParameterSpec>();
  const values = new Map<string, Value>();
  const parameters: Parameters = (name, shape, initial) => {
    let value = values.get(name);
    if (!value) {
      value = graph.input(name, shape);
      values.set(name, value);
      specs.set(name, { shape, initial });
    }
    return value;
  };
  return { parameters, specs, values };
}

/**
 * Trained parameters as constants of the graph, which runtimes can lay out for speed.
 * @throws model.unfit when a weight is missing or has another shape
 */
export function constantParameters(graph: GraphBuilder, weights: Record<string, Tensor>): Parameters {
  const values = new Map<string, Value>();
  return (name, shape) => {
    const known = values.get(name);
    if (known) return known;
    const weight = Object.hasOwn(weights, name) ? weights[name] : undefined;
    if (!(weight?.data instanceof Float32Array) || weight.shape.join() !== shape.join()) {
      const detail = weight ? `weight ${name} has shape [${weight.shape}]` : `weight ${name} is missing`;
      throw new ParfocalError("model.unfit", `The weights do not fit the network: ${detail}; expected [${shape}].`, {
        detail,
      });
    }
    const value = graph.constant(weight.data, shape, name);
    values.set(name, value);
    return value;
  };
}

/**
 * Initial weights. Each parameter draws from its own stream of `random`, so that adding one at the end does not change
 * the others.
 */
export function initialWeights(specs: ReadonlyMap<string, ParameterSpec>, random: Random): Record<string, Tensor> {
  const weights: Record<string, Tensor> = {};
  let stream = 0;
  for (const [name, { shape, initial }] of specs) {
    const own = random.fork(stream++);
    const data = new Float32Array(sizeOf(shape));
    const taps = sizeOf(shape.slice(2));
    const [fanOut, fanIn] = [shape[0] * taps, (shape[1] ?? 1) * taps];
    if (typeof initial === "number") data.fill(initial);
    else if (initial === "he") for (let i = 0; i < data.length; i++) data[i] = own.normal() * Math.sqrt(2 / fanIn);
    else if (typeof initial === "object") {
      const { mean, deviation } = initial;
      for (let i = 0; i < data.length; i++) data[i] = mean + deviation * own.normal();
    } else {
      const limit = Math.sqrt(6 / (fanIn + fanOut));
      for (let i = 0; i < data.length; i++) data[i] = own.between(-limit, limit);
    }
    weights[name] = { type: "float32", shape, data };
  }
  return weights;
}
