import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { trainableParameters } from "../src/models/networks/parameters.ts";
import { type Pix2pixArchitecture, pix2pixGenerator } from "../src/models/networks/pix2pix.ts";
import { patchGan } from "../src/models/networks/pix2pix-discriminator.ts";
import { batchStatistics } from "../src/models/networks/running-norm.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Tensors } from "../src/run/runtime.ts";
import { initialMoments } from "../src/train/adam.ts";
import { adversarialSteps } from "../src/train/methods/adversarial-steps.ts";
import { exportPix2pix, pix2pixNetworks, pix2pixPrediction } from "../src/train/methods/pix2pix-steps.ts";
import { runSteps } from "../src/train/run-steps.ts";

type Plain = Record<string, { shape: number[]; data: number[] }>;
interface Case {
  architecture: Pix2pixArchitecture;
  patchgan: number[];
  weights: Plain;
  batch: Plain;
  found: Plain;
  losses: [generator: number, discriminator: number][];
}
/** What fixtures/pix2pix/make_fixture.py wrote. */
const fixture: { made_by: { torch: string }; cases: Record<string, Case> } = JSON.parse(
  readFileSync(new URL("fixtures/pix2pix/pix2pix.json", import.meta.url), "utf8"),
);

const tensors = (plain: Plain): Tensors =>
  Object.fromEntries(
    Object.entries(plain).map(([name, { shape, data }]) => [
      name,
      { type: "float32", shape, data: Float32Array.from(data) },
    ]),
  );

/** Largest difference, relative to the largest of the expected numbers. */
function difference(got: Tensor, { shape, data }: Plain[string]): number {
  expect(got.shape).toEqual(shape);
  const largest = Math.max(...data.map(Math.abs));
  return Math.max(...data.map((value, i) => Math.abs(value - got.data[i]))) / largest;
}

describe.each(Object.entries(fixture.cases))(`pix2pix, %s, against PyTorch ${fixture.made_by.torch}`, (_, expected) => {
  const { architecture, patchgan } = expected;
  const batch = tensors(expected.batch);
  const weights = tensors(expected.weights);
  const { shape } = batch.image;

  it("finds the same outputs, scores and losses of both steps, and running statistics", async () => {
    const look = new Graph();
    const { parameters } = trainableParameters(look);
    const [image, target] = [look.input("image", shape), look.input("target", shape)];
    const mask = look.input("dropout0", batch.dropout0.shape);
    look.output(
      "output",
      pix2pixGenerator(image, architecture, {
        parameters,
        norm: batchStatistics(parameters),
        form: "portable",
        dropout: (x) => x.graph.add("Mul", [x, mask], {}),
      }),
    );
    look.output(
      "score",
      patchGan(target, image, { channels: patchgan, pool: 1 }, (name, s, initial) =>
        parameters(`discriminator/${name}`, s, initial),
      ),
    );
    // 100 times the absolute error on -1..1
    const networks = pix2pixNetworks(architecture, { channels: patchgan, pool: 1 }, shape, {
      maeWeight: 200,
      adversarialWeight: 1,
    });
    const rate = 2e-4;
    const { steps, specs, buffers } = adversarialSteps(networks, {
      learningRate: rate,
      discriminatorLearningRate: rate,
      adam: { beta1: 0.5 },
    });
    expect([...specs.keys()].sort()).toEqual(Object.keys(weights).sort());

    const runtime = await openNativeRuntime();
    const predict = pix2pixPrediction(architecture, shape);
    const graphs = Object.fromEntries(steps.map(({ name, graph }) => [name, graph]));
    const state = { ...weights, ...initialMoments(weights), ...buffers };
    const session = await runtime.open({ graphs: { ...graphs, look, predict }, state });
    const { image: i, target: t, dropout0 } = batch;
    const found = await session.run("look", { image: i, target: t, dropout0 });
    expect(difference(found.output, expected.found.output)).toBeLessThan(1e-5);
    expect(difference(found.score, expected.found.score)).toBeLessThan(1e-5);
    for (const [k, [generator, discriminator]] of expected.losses.entries()) {
      const losses = await runSteps(session, { steps }, batch, { schedule: "constant", warmup_steps: 0 }, k + 1, 100);
      expect(Math.abs(losses.train_loss / generator - 1), `generator, step ${k}`).toBeLessThan(1e-5);
      expect(Math.abs(losses.discriminator_loss / discriminator - 1), `discriminator, step ${k}`).toBeLessThan(1e-5);
    }
    const { output } = await session.run("predict", { image: i });
    expect(difference(output, expected.found.applied)).toBeLessThan(1e-3);

    // The finished model gives the same, also for another size.
    const trained = await session.readState();
    const onnx = exportPix2pix(architecture, 3, trained);
    const larger = shape.map((extent, axis) => (axis >= shape.length - 2 ? 2 * extent : axis === 0 ? 1 : extent));
    const open = await runtime.open({
      graphs: {
        same: readOnnx(onnx, { batch: shape[0], z: 3, y: 16, x: 16 }),
        larger: readOnnx(onnx, { batch: 1, z: 3, y: 32, x: 32 }),
      },
    });
    expect(difference((await open.run("same", { image: i })).output, expected.found.applied)).toBeLessThan(1e-3);
    const data = new Float32Array(larger.reduce((a, b) => a * b));
    expect((await open.run("larger", { image: { type: "float32", shape: larger, data } })).output.shape).toEqual(
      larger,
    );
    await runtime.close();
  }, 60_000);
});
