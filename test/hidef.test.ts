/** HIDEF's network: number by number against PyTorch, and what a finished model promises. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { fieldError } from "../src/metrics/field-error.ts";
import { focusField, focusHologram, hologramWarnings } from "../src/models/apply/hologram-apply.ts";
import { receptiveRadius } from "../src/models/apply/receptive-field.ts";
import { hidefAlignment, hidefNetwork, hidefPresets } from "../src/models/networks/hidef.ts";
import { initialWeights, trainableParameters } from "../src/models/networks/parameters.ts";
import { propagate } from "../src/optics/imaging/angular-spectrum.ts";
import { type ComplexField, intensityOf } from "../src/optics/imaging/complex-field.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { maeLoss } from "../src/train/losses.ts";
import { largestDifference } from "./helpers/numbers.ts";
import { python } from "./helpers/python.ts";
import { textsOf } from "./helpers/texts.ts";
import { randomWeights } from "./helpers/tiny.ts";
import { tinyHologramModel } from "./helpers/tiny-hologram-model.ts";

const torch = python("torch");

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const tensor = (shape: readonly number[], at: (i: number) => number): Tensor => ({
  type: "float32",
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => at(i)),
});

describe("the network", () => {
  const architecture = { channels: [4, 6, 8] };
  const shape = [2, 2, 16, 24];

  it.skipIf(!torch)("gives PyTorch's field, loss and gradients with the same weights", async () => {
    const graph = new Graph();
    const { parameters, specs, values } = trainableParameters(graph);
    const focused = hidefNetwork(graph.input("field", shape), architecture, parameters, "training");
    const loss = maeLoss(focused, graph.input("truth", shape));
    graph.output("focused", focused);
    graph.output("loss", loss);
    const names = [...values.keys()];
    gradients(loss, [...values.values()]).forEach((slope, i) => {
      graph.output(`gradient of ${names[i]}`, slope);
    });
    const random = new Random(4);
    const batch = { field: tensor(shape, () => random.normal()), truth: tensor(shape, () => random.normal()) };
    const weights = randomWeights(specs, 5);
    const all: Record<string, Tensor> = { ...batch, ...weights };
    const folder = mkdtempSync(join(tmpdir(), "parfocal-hidef-"));
    const [json, numbers] = [join(folder, "case.json"), join(folder, "numbers.bin")];
    const tensors = Object.entries(all).map(([name, value]) => [name, value.shape]);
    writeFileSync(json, JSON.stringify({ channels: architecture.channels, tensors }));
    writeFileSync(numbers, Buffer.concat(Object.values(all).map(({ data }) => Buffer.from(data.buffer.slice(0)))));
    const script = readFileSync(new URL("fixtures/train/hidef_torch.py", import.meta.url), "utf8");
    const theirs = JSON.parse(torch?.(script, [json, numbers]) ?? "{}");
    rmSync(folder, { recursive: true });

    const session = await runtime.open({ graphs: { look: graph }, state: weights });
    const ours = await session.run("look", batch);
    await session.close();
    expect(largestDifference(theirs.focused, ours.focused.data)).toBeLessThan(2e-5);
    expect(ours.loss.data[0]).toBeCloseTo(theirs.loss, 5);
    for (const name of names) {
      const expected: number[] = theirs.gradients[name];
      const most = Math.max(...expected.map(Math.abs));
      expect(largestDifference(expected, ours[`gradient of ${name}`].data), name).toBeLessThan(1e-4 * most);
    }
  });

  it("has the parameters that its presets promise, and both forms are one network", async () => {
    const counts: Record<string, number> = {};
    for (const preset of ["small", "published"] as const) {
      const graph = new Graph();
      const { parameters, specs } = trainableParameters(graph);
      hidefNetwork(graph.input("field", [1, 2, 32, 32]), hidefPresets[preset], parameters, "training");
      counts[preset] = [...specs.values()].reduce((sum, spec) => sum + sizeOf(spec.shape), 0);
    }
    expect(counts).toEqual({ small: 1_052_498, published: expect.any(Number) });
    expect(counts.published / 1e6).toBeCloseTo(8.6, 1);

    const forms = new Map<string, Graph>();
    let weights = {};
    for (const form of ["training", "portable"] as const) {
      const graph = new Graph();
      const { parameters, specs } = trainableParameters(graph);
      graph.output("focused", hidefNetwork(graph.input("field", shape), architecture, parameters, form));
      weights = randomWeights(specs, 6);
      forms.set(form, graph);
    }
    const session = await runtime.open({ graphs: Object.fromEntries(forms), state: weights });
    const random = new Random(7);
    const field = tensor(shape, () => random.normal());
    const [a, b] = [await session.run("training", { field }), await session.run("portable", { field })];
    await session.close();
    expect(largestDifference(a.focused.data, b.focused.data)).toBeLessThan(2e-5);
  });

  it("leaves a field as it is before it has learnt anything", async () => {
    const graph = new Graph();
    const { parameters, specs } = trainableParameters(graph);
    graph.output("focused", hidefNetwork(graph.input("field", shape), architecture, parameters, "portable"));
    const session = await runtime.open({ graphs: { look: graph }, state: initialWeights(specs, new Random(2)) });
    const random = new Random(8);
    const field = tensor(shape, () => random.normal());
    const { focused } = await session.run("look", { field });
    await session.close();
    expect(focused.data).toEqual(field.data);
  });
});

describe("a finished model", () => {
  const light = { wavelength: 0.532, refractiveIndex: 1.333, pixelSize: 0.25, na: 0.5 };
  const smooth = (height: number, width: number): ComplexField => {
    const at = (i: number): [number, number] => [Math.floor(i / width), i % width];
    return {
      height,
      width,
      real: Float32Array.from(
        { length: height * width },
        (_, i) => 1 + 0.3 * Math.sin(0.4 * at(i)[0] + 0.2 * at(i)[1]),
      ),
      imag: Float32Array.from({ length: height * width }, (_, i) => 0.5 * Math.cos(0.3 * at(i)[1])),
    };
  };

  it("is the same tiled and untiled", async () => {
    const model = tinyHologramModel();
    const field = smooth(75, 131);
    const whole = await focusField(model, runtime, field, 0.25, { tileSize: 512 });
    const tiled = await focusField(model, runtime, field, 0.25, { tileSize: 40 });
    expect(largestDifference(whole.real, tiled.real)).toBeLessThan(1e-5);
    expect(largestDifference(whole.imag, tiled.imag)).toBeLessThan(1e-5);
    // Random weights do something.
    expect(largestDifference(whole.real, field.real)).toBeGreaterThan(0.1);
  });

  it("sees far enough to find the twin image, and says how far", () => {
    const { onnx } = tinyHologramModel({ architecture: hidefPresets.small }, "untrained");
    const graph = readOnnx(onnx, { batch: 1, y: 64, x: 64 });
    expect(hidefAlignment(hidefPresets.small)).toBe(16);
    expect(receptiveRadius(graph)).toBeGreaterThan(90);
  });

  it("untrained, is the angular spectrum of the hologram's amplitude", async () => {
    const model = tinyHologramModel({}, "untrained");
    const field = smooth(60, 52);
    const hologram = intensityOf(propagate(field, light, 12));
    const focused = await focusHologram(model, runtime, hologram, light, { distance: -12 });
    const level = hologram.data.reduce((sum, value) => sum + value, 0) / hologram.data.length;
    const amplitude = { ...hologram, data: hologram.data.map((value) => Math.sqrt(value / level)) };
    const zero = new Float32Array(amplitude.data.length);
    const expected = propagate({ ...amplitude, real: amplitude.data, imag: zero }, light, -12);
    expect(largestDifference(focused.real, expected.real)).toBeLessThan(1e-5);
    expect(largestDifference(focused.imag, expected.imag)).toBeLessThan(1e-5);
  });

  it("does not care how bright the hologram or its background is", async () => {
    const model = tinyHologramModel();
    const hologram = intensityOf(propagate(smooth(48, 48), light, 10));
    const brighter = { ...hologram, data: hologram.data.map((value) => 700 * value) };
    const background = { ...hologram, data: hologram.data.map(() => 1300) };
    const options = { distance: -10 };
    const plain = await focusHologram(model, runtime, hologram, light, options);
    const other = await focusHologram(model, runtime, brighter, light, { ...options, background });
    expect(largestDifference(plain.real, other.real)).toBeLessThan(1e-4);
  });

  it("takes images of other pixels to its own and back", async () => {
    const model = tinyHologramModel({}, "untrained");
    const field = smooth(64, 64);
    const focused = await focusField(model, runtime, field, 0.22);
    // Untrained, only the resampling is seen: cubic, and little of it for waves as long as these.
    const { mae } = fieldError(focused, field);
    expect(mae).toBeLessThan(0.01);
    expect(mae).toBeGreaterThan(1e-5);
  });

  it("warns of light and distances that it has not learnt", () => {
    const model = tinyHologramModel();
    expect(hologramWarnings(model, light, -12)).toEqual([]);
    expect(textsOf(hologramWarnings(model, light, -40))).toEqual([expect.stringContaining("-40 um is outside")]);
    const other = { ...light, wavelength: 0.633, pixelSize: 0.16 };
    expect(textsOf(hologramWarnings(model, other, -12))).toEqual([
      expect.stringContaining("resampled to the model's 0.25"),
      expect.stringContaining("wavelength is 0.633"),
    ]);
  });
});
