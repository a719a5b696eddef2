import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { convTranspose } from "../src/graph/operators/convolution.ts";
import { receptiveRadius } from "../src/models/apply/receptive-field.ts";
import { type ParameterSpec, trainableParameters } from "../src/models/networks/parameters.ts";
import {
  type Pix2pixArchitecture,
  pix2pix3dPresets,
  pix2pixGenerator,
  pix2pixPresets,
} from "../src/models/networks/pix2pix.ts";
import { patchGan, patchGanPresets } from "../src/models/networks/pix2pix-discriminator.ts";
import { batchStatistics, fixedStatistics } from "../src/models/networks/running-norm.ts";
import { stridedConvolution, transposedConvolution } from "../src/models/networks/strided-convolution.ts";
import { openReferenceRuntime } from "../src/run/reference.ts";

const count = (specs: ReadonlyMap<string, ParameterSpec>): number =>
  [...specs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);

function generatorCount(architecture: Pix2pixArchitecture): number {
  const graph = new Graph();
  const { parameters, specs } = trainableParameters(graph);
  const side = 2 ** architecture.down.length;
  const image = graph.input("image", architecture.dimensions === 2 ? [2, 1, side, side] : [2, 1, 4, side, side]);
  pix2pixGenerator(image, architecture, { parameters, norm: batchStatistics(parameters), form: "portable" });
  return count(specs);
}

describe("pix2pix", () => {
  it("has as many parameters as published: 54.4 M and 2.77 M", () => {
    // The published code makes colour of colour: 54,413,955 and, seeing both, 2,768,705. One channel of each has fewer in the first
    // and the last convolution of the one (128 channels there come to 64 + 64) and in the first of the other.
    expect(generatorCount(pix2pixPresets.published)).toBe(54_413_955 - 2 * 64 * 16 - 2 * (128 * 16 + 1));
    const graph = new Graph();
    const { parameters, specs } = trainableParameters(graph);
    const [a, b] = ["a", "b"].map((name) => graph.input(name, [1, 1, 256, 256]));
    const score = patchGan(a, b, patchGanPresets.published, parameters);
    expect(count(specs)).toBe(2_768_705 - 4 * 64 * 16);
    expect(score.shape).toEqual([1, 1, 30, 30]);
  });

  it("has small presets of less than 2 M parameters", () => {
    expect(generatorCount(pix2pixPresets.small)).toBeLessThan(2e6);
    expect(generatorCount(pix2pix3dPresets.small)).toBeLessThan(2e6);
  });

  it("judges patches of 70 pixels (small: 34)", () => {
    const patch = (channels: number[]): number => {
      // A score of the middle sees as far as it changes: count the pixels that its gradient could reach.
      let seen = 4;
      for (let i = channels.length - 1; i >= 0; i--) seen = (seen - 1) * (i < channels.length - 1 ? 2 : 1) + 4;
      return seen;
    };
    expect(patch(patchGanPresets.published.channels)).toBe(70);
    expect(patch(patchGanPresets.small.channels)).toBe(34);
  });

  it("looks only so far that tiles of a picture can be joined", () => {
    const graph = new Graph();
    const { parameters } = trainableParameters(graph);
    const image = graph.input("image", [1, 1, 64, 64]);
    const layers = { parameters, norm: fixedStatistics(parameters), form: "portable" as const };
    graph.output("output", pix2pixGenerator(image, pix2pixPresets.small, layers));
    expect(receptiveRadius(graph)).toBeLessThan(128);
  });
});

describe("convolutions that halve and double", () => {
  const run = async (build: (graph: Graph) => Value[], inputs: Record<string, Tensor>): Promise<Tensor[]> => {
    const graph = new Graph();
    const values = build(graph);
    for (const [i, value] of values.entries()) graph.output(`y${i}`, value);
    const session = await openReferenceRuntime().open({ graphs: { graph } });
    const out = await session.run("graph", inputs);
    return values.map((_, i) => out[`y${i}`]);
  };
  const random = new Random(3);
  const normal = (shape: number[]): Tensor => ({
    type: "float32",
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  });
  const expectSame = (a: Tensor, b: Tensor): void => {
    expect(a.shape).toEqual(b.shape);
    for (const [i, value] of a.data.entries()) expect(value).toBeCloseTo(b.data[i], 4);
  };

  it.each([
    { x: [2, 3, 6, 8], w: [4, 3, 4, 4], half: [2, 4, 3, 4] },
    { x: [2, 2, 3, 6, 8], w: [4, 2, 3, 4, 4], half: [2, 4, 3, 3, 4] },
  ])("convolve blocks with the numbers of a strided convolution, $x", async ({ x, w, half }) => {
    const inputs = { x: normal(x), w: normal(w), b: normal([4]) };
    const [plain, blocks] = await run((graph) => {
      const [image, weights, bias] = [graph.input("x", x), graph.input("w", w), graph.input("b", [4])];
      return (["portable", "training"] as const).map((form) => stridedConvolution(image, weights, bias, form));
    }, inputs);
    expect(plain.shape).toEqual(half);
    expectSame(blocks, plain);
  });

  it("double as a transposed convolution of stride 2 does", async () => {
    const inputs = { x: normal([2, 3, 4, 5]), w: normal([3, 2, 4, 4]), b: normal([2]) };
    const [reference, portable, training] = await run((graph) => {
      const [image, weights, bias] = [
        graph.input("x", [2, 3, 4, 5]),
        graph.input("w", [3, 2, 4, 4]),
        graph.input("b", [2]),
      ];
      const forms = (["portable", "training"] as const).map((form) =>
        transposedConvolution(image, weights, bias, form),
      );
      return [convTranspose(image, weights, { bias, strides: [2, 2], pads: [1, 1, 1, 1] }), ...forms];
    }, inputs);
    expect(reference.shape).toEqual([2, 2, 8, 10]);
    expectSame(portable, reference);
    expectSame(training, reference);
  });
});
