import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { mul } from "../src/graph/operators/elementwise.ts";
import { reduceSum } from "../src/graph/operators/reduction.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import type { Tensors } from "../src/run/runtime.ts";

/** Adds nodes to an empty graph: the result, and the inputs to which its gradient is checked. */
export type Build = (graph: Graph) => { y: Value; wanted: readonly Value[] };

/**
 * The largest difference between the gradient nodes and central differences over all elements of the wanted inputs, for
 * the loss sum(c y) with random c in 0.5..1.5; relative to the largest gradient of the same input.
 *
 * Results are float32, so that a difference of two has a noise of about 1e-7 / step; the sum over y is taken in double.
 */
export function gradientError(build: Build, inputs: Tensors, step = 2 ** -7): number {
  const forwardGraph = new Graph();
  const { y } = build(forwardGraph);
  forwardGraph.output("y", y);
  const random = new Random(sizeOf(y.shape));
  const cotangent: Tensor = {
    type: "float32",
    shape: y.shape,
    data: Float32Array.from({ length: sizeOf(y.shape) }, () => random.between(0.5, 1.5)),
  };
  const computed = gradientNodes(build, { ...inputs, cotangent });
  let worst = 0;
  for (const [name, gradient] of Object.entries(computed)) {
    const source = inputs[name];
    const moved = (at: number, by: number): ArrayLike<number> => {
      const data = Float32Array.from(source.data);
      data[at] += by;
      return evaluateGraph(forwardGraph, { ...inputs, [name]: { ...source, data } }).y.data;
    };
    let [largest, error] = [1e-2, 0];
    for (let at = 0; at < source.data.length; at++) {
      const [above, below] = [moved(at, step), moved(at, -step)];
      let slope = 0;
      for (let k = 0; k < above.length; k++) slope += (cotangent.data[k] * (above[k] - below[k])) / (2 * step);
      largest = Math.max(largest, Math.abs(slope));
      error = Math.max(error, Math.abs(slope - gradient.data[at]));
    }
    worst = Math.max(worst, error / largest);
  }
  return worst;
}

/** d sum(cotangent y) / d(wanted), by the names of the wanted inputs. */
export function gradientNodes(build: Build, inputs: Tensors): Tensors {
  const graph = new Graph();
  const { y, wanted } = build(graph);
  const cotangent = graph.input("cotangent", y.shape);
  gradients(reduceSum(mul(y, cotangent)), wanted).forEach((gradient, i) => {
    graph.output(`gradient of ${wanted[i].name}`, gradient);
  });
  const results = evaluateGraph(graph, inputs);
  return Object.fromEntries(
    wanted.map(({ name, shape }) => {
      const gradient = results[`gradient of ${name}`];
      if (gradient.shape.join() !== shape.join()) throw new Error(`gradient [${gradient.shape}] of [${shape}]`);
      return [name, gradient];
    }),
  );
}
