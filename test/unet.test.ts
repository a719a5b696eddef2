/** The networks that learn one kind of image from another: number by number against PyTorch, and what their forms promise. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { slice } from "../src/graph/operators/movement.ts";
import { receptiveRadius } from "../src/models/apply/receptive-field.ts";
import { care, carePresets } from "../src/models/networks/care.ts";
import { type ParameterSpec, trainableParameters } from "../src/models/networks/parameters.ts";
import { sectioningCnnPresets } from "../src/models/networks/sectioning-cnn.ts";
import { type UnetArchitecture, unet, unetMargin, unetPresets } from "../src/models/networks/unet.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { maeLoss } from "../src/train/losses.ts";
import { careOf, laplaceLoss } from "../src/train/methods/care.ts";
import { sectioningCnnOf } from "../src/train/methods/sectioning-cnn.ts";
import { exportNetwork, type SupervisedNetwork } from "../src/train/methods/supervised-section.ts";
import { unetOf } from "../src/train/methods/unet.ts";
import { largestDifference } from "./helpers/numbers.ts";
import { python } from "./helpers/python.ts";
import { randomWeights } from "./helpers/tiny.ts";

const torch = python("torch");

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const noise = (shape: readonly number[], seed: number): Tensor => {
  const random = new Random(seed);
  return { type: "float32", shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()) };
};

const countOf = (specs: ReadonlyMap<string, ParameterSpec>): number =>
  [...specs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);

function parametersOf({ build }: SupervisedNetwork, size: number, form: "training" | "portable"): number {
  const graph = new Graph();
  const { parameters, specs } = trainableParameters(graph);
  build(graph.input("image", [1, 1, size, size]), parameters, form);
  return countOf(specs);
}

const middle = (x: Value, size: number): Value => {
  const start = (x.shape[2] - size) / 2;
  return slice(
    x,
    [2, 3].map((axis) => ({ axis, start, end: start + size })),
  );
};

describe.skipIf(!torch)("against PyTorch", () => {
  const valid: UnetArchitecture = { channels: [3, 4, 6], padding: "valid", upsampling: "transposed", residual: false };
  const laplace = { kernel: 5 as const, filters: 3, depth: 2, laplace: true };
  const cases: [string, object, number, (x: Value, t: Value, p: Parameters<typeof unet>[2]) => [Value, Value]][] = [
    [
      "a valid U-Net",
      { network: "unet", ...valid },
      52,
      (x, target, parameters) => {
        const output = unet(x, valid, parameters, "training");
        return [output, maeLoss(output, middle(target, output.shape[2]))];
      },
    ],
    [
      "CARE with a Laplace head",
      { network: "care", ...laplace },
      16,
      (x, target, parameters) => {
        const output = care(x, laplace, parameters);
        return [output, laplaceLoss(output, target)];
      },
    ],
  ];
  for (const [name, about, size, build] of cases) {
    it(`${name} gives the same output, loss and gradients`, async () => {
      const shape = [2, 1, size, size];
      const graph = new Graph();
      const { parameters, specs, values } = trainableParameters(graph);
      const [output, loss] = build(graph.input("image", shape), graph.input("target", shape), parameters);
      graph.output("output", output);
      graph.output("loss", loss);
      const names = [...values.keys()];
      gradients(loss, [...values.values()]).forEach((slope, i) => {
        graph.output(`gradient of ${names[i]}`, slope);
      });
      const batch = { image: noise(shape, 1), target: noise(shape, 2) };
      const weights = randomWeights(specs, 3);
      const all: Record<string, Tensor> = { ...batch, ...weights };
      const folder = mkdtempSync(join(tmpdir(), "parfocal-unet-"));
      const [json, numbers] = [join(folder, "case.json"), join(folder, "numbers.bin")];
      const tensors = Object.entries(all).map(([key, value]) => [key, value.shape]);
      writeFileSync(json, JSON.stringify({ ...about, tensors }));
      writeFileSync(numbers, Buffer.concat(Object.values(all).map(({ data }) => Buffer.from(data.buffer.slice(0)))));
      const script = readFileSync(new URL("fixtures/train/unet_torch.py", import.meta.url), "utf8");
      const theirs = JSON.parse(torch?.(script, [json, numbers]) ?? "{}");
      rmSync(folder, { recursive: true });

      const session = await runtime.open({ graphs: { look: graph }, state: weights });
      const ours = await session.run("look", batch);
      await session.close();
      expect(ours.output.shape).toEqual(theirs.shape);
      const scale = Math.max(...theirs.output.map(Math.abs));
      expect(largestDifference(theirs.output, ours.output.data)).toBeLessThan(1e-5 * scale);
      expect(ours.loss.data[0] / theirs.loss).toBeCloseTo(1, 4);
      for (const key of names) {
        const expected: number[] = theirs.gradients[key];
        const most = Math.max(...expected.map(Math.abs));
        expect(largestDifference(expected, ours[`gradient of ${key}`].data), key).toBeLessThan(2e-4 * most);
      }
    });
  }
});

describe("the published U-Net", () => {
  it("makes 388 pixels of 572, with 31.0 million parameters", () => {
    const graph = new Graph();
    const { parameters, specs } = trainableParameters(graph);
    const output = unet(graph.input("image", [1, 1, 572, 572]), unetPresets.published, parameters, "training");
    expect(output.shape).toEqual([1, 1, 388, 388]);
    // As PyTorch counts the same layers: 31,030,593.
    expect(countOf(specs)).toBe(31_030_593);
  });
});

describe("the presets", () => {
  it("have the sizes that their descriptions tell", () => {
    const millions = (network: SupervisedNetwork) => parametersOf(network, 32, "training") / 1e6;
    expect(millions(unetOf(unetPresets.small))).toBeCloseTo(0.54, 2);
    expect(millions(careOf(carePresets.small))).toBeCloseTo(0.34, 2);
    expect(millions(careOf(carePresets.published))).toBeCloseTo(0.92, 2);
    expect(millions(sectioningCnnOf(sectioningCnnPresets.small))).toBeCloseTo(0.032, 3);
    expect(millions(sectioningCnnOf(sectioningCnnPresets.published))).toBeCloseTo(0.3, 2);
  });
});

/** Runs a network with random weights on an image, in one of its forms. */
async function outputOf(network: SupervisedNetwork, image: Tensor, form: "training" | "portable"): Promise<Tensor> {
  const graph = new Graph();
  const { parameters, specs } = trainableParameters(graph);
  graph.output("output", network.build(graph.input("image", image.shape), parameters, form));
  const session = await runtime.open({ graphs: { look: graph }, state: randomWeights(specs, 8) });
  return (await session.run("look", { image }).finally(() => session.close())).output;
}

describe("a valid U-Net", () => {
  const architecture: UnetArchitecture = {
    channels: [4, 6, 8, 8],
    padding: "valid",
    upsampling: "transposed",
    residual: true,
  };

  it("gives the same numbers as its padded form, away from the edges", async () => {
    const size = 112;
    const whole = noise([1, 1, size, size], 4);
    const inner = { ...whole, shape: [1, 1, size - 4, size - 4], data: new Float32Array((size - 4) ** 2) };
    for (let y = 0; y < size - 4; y++)
      for (let x = 0; x < size - 4; x++) inner.data[y * (size - 4) + x] = whole.data[(y + 2) * size + x + 2] as number;
    const valid = await outputOf(unetOf(architecture), inner, "training");
    const padded = await outputOf(unetOf(architecture), whole, "portable");
    const margin = unetMargin(architecture);
    const left = size - 2 * margin;
    expect(valid.shape).toEqual([1, 1, left, left]);
    let scale = 0;
    let most = 0;
    for (let y = 0; y < left; y++)
      for (let x = 0; x < left; x++) {
        const theirs = padded.data[(y + margin) * size + x + margin] as number;
        scale = Math.max(scale, Math.abs(theirs));
        most = Math.max(most, Math.abs(theirs - (valid.data[y * left + x] as number)));
      }
    expect(scale).toBeGreaterThan(1);
    expect(most).toBeLessThan(1e-5 * scale);
  });
});

describe.each([
  ["unet", unetOf({ channels: [4, 6, 8], padding: "same", upsampling: "nearest", residual: true })],
  ["unet, transposed", unetOf({ channels: [4, 6], padding: "same", upsampling: "transposed", residual: false })],
  ["care", careOf({ kernel: 3, filters: 4, depth: 2, laplace: true })],
  ["sectioning-cnn", sectioningCnnOf({ channels: 4, dilations: [1, 3, 2] })],
])("%s", (_, network) => {
  it("is one network in both forms and as a finished model, and reaches no further than its receptive field", async () => {
    const image = noise([1, 1, 24, 40], 5);
    const portable = await outputOf(network, image, "portable");
    const training = await outputOf(network, image, "training");
    expect(largestDifference(training.data, portable.data)).toBeLessThan(1e-4);
    const graph = new Graph();
    const { parameters, specs } = trainableParameters(graph);
    network.build(graph.input("image", [1, 1, 16, 16]), parameters, "portable");
    const onnx = exportNetwork(network, randomWeights(specs, 8));
    const finished = readOnnx(onnx, { batch: 1, y: 24, x: 40 });
    const session = await runtime.open({ graphs: { finished } });
    expect(largestDifference((await session.run("finished", { image })).output.data, portable.data)).toBeLessThan(1e-4);
    const radius = receptiveRadius(finished);
    expect(radius).toBeLessThan(32);
    const other = { ...image, data: image.data.slice() };
    for (let y = 0; y < 24; y++) other.data[y * 40 + 39] = 5;
    const changed = (await session.run("finished", { image: other })).output.data;
    await session.close();
    const firstChanged = Math.min(
      ...Array.from(changed, (value, i) => (Math.abs(value - portable.data[i]) > 1e-5 ? i % 40 : 40)),
    );
    expect(39 - firstChanged).toBeLessThanOrEqual(radius);
    expect(firstChanged).toBeLessThan(38);
  });
});
