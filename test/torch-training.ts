import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { hardSwish, leakyRelu, relu, sigmoid, tanh } from "../src/graph/operators/activations.ts";
import { conv, convTranspose } from "../src/graph/operators/convolution.ts";
import { abs, add, mul, square, sub } from "../src/graph/operators/elementwise.ts";
import { matMul } from "../src/graph/operators/matmul.ts";
import { concat, pad, reshape, slice } from "../src/graph/operators/movement.ts";
import { batchNormTraining, instanceNorm } from "../src/graph/operators/normalisation.ts";
import { averagePool, maxPool } from "../src/graph/operators/pooling.ts";
import { reduceMean } from "../src/graph/operators/reduction.ts";
import { upsampleLinear, upsampleNearest } from "../src/graph/operators/resizing.ts";
import type { Runtime, Tensors } from "../src/run/runtime.ts";
import { adamScalars, adamUpdate, initialMoments } from "../src/train/adam.ts";
import { relativeDifference } from "./helpers/numbers.ts";

/** What fixtures/graph/make_torch_fixture.py wrote. */
interface Fixture {
  made_by: { torch: string };
  adam: { lr: number };
  shapes: Record<string, number[]>;
  image: number[];
  target: number[];
  parameters: Record<string, number[]>;
  output: number[];
  gradients: Record<string, number[]>;
  losses: number[];
  trained: Record<string, number[]>;
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL("fixtures/graph/torch_training.json", import.meta.url), "utf8"),
);

const tensor = (shape: readonly number[], data: readonly number[]): Tensor => ({
  type: "float32",
  shape,
  data: Float32Array.from(data),
});
const parametersOf = (values: Record<string, number[]>): Tensors =>
  Object.fromEntries(Object.entries(values).map(([name, data]) => [name, tensor(fixture.shapes[name], data)]));

/** The network of the fixture, line by line. */
function network(p: ReadonlyMap<string, Value>, x: Value): Value {
  const get = (name: string): Value => p.get(name) as Value;
  const a = leakyRelu(instanceNorm(conv(x, get("w1")), get("scale"), get("shift"), 1e-5), 0.2);
  const b = relu(
    conv(maxPool(a, [2, 2]), get("w2"), { bias: get("b2"), pads: [2, 2, 2, 2], dilations: [2, 2], group: 2 }),
  );
  const padded = pad(b, [0, 0, 1, 1], [0, 0, 1, 1], "reflect");
  const normal = batchNormTraining(conv(padded, get("w3"), { pads: "valid" }), get("gamma"), get("beta"), 1e-3);
  const c = hardSwish(normal.y);
  const up = tanh(convTranspose(c, get("w4"), { strides: [2, 2], pads: [1, 1, 1, 1], outputPads: [1, 1] }));
  const smooth = upsampleLinear(averagePool(a, [2, 2]), [2, 2]);
  const near = upsampleNearest(slice(c, [{ axis: 1, start: 0, end: 2 }]), [2, 2]);
  const d = sigmoid(conv(concat([up, a, smooth, near], 1), get("w5"), { bias: get("b5") }));
  const [n, k, h, w] = d.shape;
  const mixed = reshape(matMul(get("mix"), reshape(d, [n, k, h * w])), d.shape);
  return conv(add(d, mixed), get("w6"));
}

/** Two graphs over the same parameters: one that looks at gradients, and one step of Adam. */
function program(): { look: Graph; step: Graph } {
  const build = (): { graph: Graph; output: Value; loss: Value; parameters: Map<string, Value> } => {
    const graph = new Graph();
    const parameters = new Map(Object.entries(fixture.shapes).map(([name, shape]) => [name, graph.input(name, shape)]));
    const output = network(parameters, graph.input("image", [2, 2, 8, 8]));
    const error = sub(output, graph.input("target", [2, 1, 8, 8]));
    return { graph, output, loss: add(reduceMean(square(error)), mul(reduceMean(abs(error)), 0.5)), parameters };
  };
  const look = build();
  look.graph.output("output", look.output);
  const names = [...look.parameters.keys()];
  gradients(look.loss, [...look.parameters.values()]).forEach((gradient, i) => {
    look.graph.output(`gradient of ${names[i]}`, gradient);
  });
  const step = build();
  step.graph.output("loss", step.loss);
  const scalars = { rate: step.graph.input("rate", []), correction: step.graph.input("correction", []) };
  adamUpdate(step.graph, step.parameters, gradients(step.loss, [...step.parameters.values()]), scalars);
  return { look: look.graph, step: step.graph };
}

/**
 * The same training as PyTorch's. Tolerances, relative to the largest number of each tensor: 1e-5 for results, gradients and
 * losses; after ten steps 1e-3 for the weights, since Adam divides by the size of the gradient and so makes whole steps of
 * what is close to rounding.
 */
export function torchTraining(title: string, open: () => Promise<Runtime>): void {
  describe(`${title}, against PyTorch ${fixture.made_by.torch}`, () => {
    it("finds the same output, gradients and losses with Adam", async () => {
      const runtime = await open();
      const initial = parametersOf(fixture.parameters);
      const session = await runtime.open({
        graphs: { ...program() },
        state: { ...initial, ...initialMoments(initial) },
      });
      const batch = { image: tensor([2, 2, 8, 8], fixture.image), target: tensor([2, 1, 8, 8], fixture.target) };
      const found = await session.run("look", batch);
      expect(relativeDifference(found.output.data, fixture.output)).toBeLessThan(1e-5);
      for (const [name, expected] of Object.entries(fixture.gradients)) {
        expect(relativeDifference(found[`gradient of ${name}`].data, expected), `gradient of ${name}`).toBeLessThan(
          1e-5,
        );
      }
      for (const [i, expected] of fixture.losses.entries()) {
        const { rate, correction } = adamScalars(fixture.adam.lr, i + 1);
        const scalars = { rate: tensor([], [rate]), correction: tensor([], [correction]) };
        const { loss } = await session.run("step", { ...batch, ...scalars });
        expect(Math.abs(loss.data[0] / expected - 1), `loss ${i}`).toBeLessThan(1e-5);
      }
      const trained = await session.readState();
      for (const [name, expected] of Object.entries(fixture.trained)) {
        expect(relativeDifference(trained[name].data, expected), `${name} after ten steps`).toBeLessThan(1e-3);
      }
      await runtime.close();
    });
  });
}
