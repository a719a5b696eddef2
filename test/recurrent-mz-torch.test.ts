/** Recurrent-MZ in training, and its gradients, number by number, against PyTorch. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { square, sub } from "../src/graph/operators/elementwise.ts";
import { reduceMean } from "../src/graph/operators/reduction.ts";
import { trainableParameters } from "../src/models/networks/parameters.ts";
import {
  type RecurrentMzArchitecture,
  recurrentMzNetwork,
  recurrentMzPresets,
} from "../src/models/networks/recurrent-mz.ts";
import { batchStatistics } from "../src/models/networks/running-norm.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime, Tensors } from "../src/run/runtime.ts";
import { relativeDifference } from "./helpers/numbers.ts";
import { python } from "./helpers/python.ts";
import { randomWeights } from "./helpers/tiny.ts";

const torch = python("torch");
const script = readFileSync(new URL("fixtures/train/recurrent_mz_torch.py", import.meta.url), "utf8");

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

/** Both presets with few channels: everything that they differ in. */
const cases: Record<string, RecurrentMzArchitecture> = {
  small: { ...recurrentMzPresets.small, channels: [4, 6], middle: 8, hidden: [3, 4, 5] },
  published: { ...recurrentMzPresets.published, channels: [4, 6], middle: 8, hidden: [4, 6, 8] },
};

/** Two sets of three planes, of which the second lacks the last one. */
const [n, planes, p] = [2, 3, 16];
const present: Tensor = { type: "float32", shape: [n, planes, 1, 1], data: Float32Array.of(1, 1, 1, 1, 1, 0) };

function prepared(architecture: RecurrentMzArchitecture): { graph: Graph; tensors: Tensors } {
  const graph = new Graph();
  const random = new Random(3);
  const tensor = (shape: readonly number[]): Tensor => {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => random.between(-0.3, 1));
    return { type: "float32", shape, data };
  };
  const image = tensor([n, 2 * planes, p, p]);
  // Distances are alike all over a plane.
  for (let k = 1; k < 2 * n * planes; k += 2) image.data.fill(0.1 * ((k * 7) % 9) - 0.4, k * p * p, (k + 1) * p * p);
  const { parameters, specs, values } = trainableParameters(graph);
  const output = recurrentMzNetwork(
    { image: graph.input("image", image.shape), present: graph.input("present", present.shape) },
    architecture,
    { parameters, norm: batchStatistics(parameters), form: "training" },
  );
  const target = tensor(output.shape);
  const loss = reduceMean(square(sub(output, graph.input("target", target.shape))));
  graph.output("output", output);
  graph.output("loss", loss);
  const names = [...values.keys()];
  for (const [i, slope] of gradients(loss, [...values.values()]).entries()) graph.output(`d ${names[i]}`, slope);
  return { graph, tensors: { ...randomWeights(specs, 5), image, present, target } };
}

interface Found {
  output: number[];
  loss: number;
  gradients: Record<string, number[]>;
}

function inTorch(run: NonNullable<typeof torch>): Found[] {
  const folder = mkdtempSync(join(tmpdir(), "parfocal-mz-"));
  try {
    const files = Object.entries(cases).flatMap(([name, architecture]) => {
      const { tensors } = prepared(architecture);
      const list = Object.entries(tensors);
      const [json, raw] = [join(folder, `${name}.json`), join(folder, `${name}.raw`)];
      writeFileSync(json, JSON.stringify({ architecture, tensors: list.map(([key, { shape }]) => [key, shape]) }));
      writeFileSync(
        raw,
        Buffer.concat(list.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))),
      );
      return [json, raw];
    });
    return JSON.parse(run(script, files));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const expected = torch ? inTorch(torch) : [];

describe.skipIf(!torch)("against PyTorch", () => {
  it.each(Object.keys(cases))("the %s network: output, loss and every gradient", async (name) => {
    const { graph, tensors } = prepared(cases[name]);
    const wanted = expected[Object.keys(cases).indexOf(name)];
    const session = await runtime.open({ graphs: { it: graph } });
    const found = await session.run("it", tensors).finally(() => session.close());
    expect(relativeDifference(found.output.data, wanted.output)).toBeLessThan(2e-5);
    expect(found.loss.data[0] / wanted.loss).toBeCloseTo(1, 5);
    const names = Object.keys(wanted.gradients);
    expect(names.length).toBeGreaterThan(20);
    for (const key of names) {
      const largest = Math.max(...wanted.gradients[key].map(Math.abs));
      // A bias before a batch normalisation would have none; every parameter here is of use.
      expect(largest, key).toBeGreaterThan(1e-7);
      expect(relativeDifference(found[`d ${key}`].data, wanted.gradients[key]), key).toBeLessThan(1e-4);
    }
  });
});
