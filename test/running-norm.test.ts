import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { mul } from "../src/graph/operators/elementwise.ts";
import { reduceSum } from "../src/graph/operators/reduction.ts";
import { trainableParameters } from "../src/models/networks/parameters.ts";
import { batchStatistics, fixedStatistics, runningStatistics } from "../src/models/networks/running-norm.ts";
import { openReferenceRuntime } from "../src/run/reference.ts";

const shape = [3, 2, 4, 5];
const channels: Record<string, Tensor> = {
  "norm/scale": { type: "float32", shape: [2], data: Float32Array.of(1.5, -0.5) },
  "norm/shift": { type: "float32", shape: [2], data: Float32Array.of(0.25, 2) },
};

/** Normal numbers whose mean and deviation differ between the channels. */
function batch(seed: number): Tensor {
  const random = new Random(seed);
  const data = Float32Array.from({ length: 120 }, (_, i) => {
    const c = Math.floor(i / 20) % 2;
    return 3 * c - 1 + (2 - c) * random.normal();
  });
  return { type: "float32", shape, data };
}

function statistics({ data }: Tensor, channel: number): { mean: number; biased: number; unbiased: number } {
  const own = [...data].filter((_, i) => Math.floor(i / 20) % 2 === channel);
  const mean = own.reduce((a, b) => a + b) / own.length;
  const squares = own.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, biased: squares / own.length, unbiased: squares / (own.length - 1) };
}

describe("batch normalisation with running statistics", () => {
  it("normalises by the batch and keeps averages, which the fixed form then uses", async () => {
    const train = new Graph();
    const { norm, buffers } = runningStatistics(trainableParameters(train).parameters);
    train.output("y", norm(train.input("x", shape), "norm"));
    const predict = new Graph();
    const fixed = fixedStatistics(trainableParameters(predict).parameters);
    predict.output("y", fixed(predict.input("x", [1, 2, 4, 5]), "norm"));
    const session = await openReferenceRuntime().open({
      graphs: { train, predict },
      state: { ...channels, ...buffers },
    });

    const running = [0, 1].map(() => ({ mean: 0, variance: 1 }));
    for (let t = 0; t < 5; t++) {
      const x = batch(t);
      const { y } = await session.run("train", { x });
      for (const c of [0, 1]) {
        const { mean, biased, unbiased } = statistics(x, c);
        running[c].mean += 0.1 * (mean - running[c].mean);
        running[c].variance += 0.1 * (unbiased - running[c].variance);
        const [scale, shift] = [channels["norm/scale"].data[c], channels["norm/shift"].data[c]];
        const at = c * 20 + 7;
        expect(y.data[at]).toBeCloseTo(((x.data[at] - mean) / Math.sqrt(biased + 1e-5)) * scale + shift, 4);
        expect(statistics(y, c).mean).toBeCloseTo(shift, 5);
        expect(Math.sqrt(statistics(y, c).biased)).toBeCloseTo(Math.abs(scale), 4);
      }
    }
    const state = await session.readState();
    for (const c of [0, 1]) {
      expect(state["norm/mean"].data[c]).toBeCloseTo(running[c].mean, 5);
      expect(state["norm/variance"].data[c]).toBeCloseTo(running[c].variance, 5);
    }
    const x: Tensor = { type: "float32", shape: [1, 2, 4, 5], data: batch(9).data.slice(0, 40) as Float32Array };
    const { y } = await session.run("predict", { x });
    const { mean, variance } = running[1];
    expect(y.data[33]).toBeCloseTo(((x.data[33] - mean) / Math.sqrt(variance + 1e-5)) * -0.5 + 2, 4);
  });

  it("goes over to the running statistics by batch renormalisation", async () => {
    const build = (live: boolean): Graph => {
      const graph = new Graph();
      const x = graph.input("x", shape);
      const how = live ? graph.input("live", []) : undefined;
      const y = runningStatistics(trainableParameters(graph).parameters, how).norm(x, "norm");
      const weights = graph.constant(batch(3).data as Float32Array, shape);
      graph.output("y", y);
      graph.output("slope", gradients(reduceSum(mul(y, weights)), [x])[0]);
      return graph;
    };
    const running = [
      { mean: 0.3, variance: 2 },
      { mean: 1.5, variance: 0.7 },
    ];
    const state: Record<string, Tensor> = {
      ...channels,
      "norm/mean": { type: "float32", shape: [2], data: Float32Array.from(running, ({ mean }) => mean) },
      "norm/variance": { type: "float32", shape: [2], data: Float32Array.from(running, ({ variance }) => variance) },
    };
    const x = batch(0);
    const run = async (live?: number): Promise<{ y: Tensor; slope: Tensor }> => {
      const graphs = { graph: build(live !== undefined) };
      const session = await openReferenceRuntime().open({ graphs, state });
      const scalar: Record<string, Tensor> =
        live === undefined ? {} : { live: { type: "float32", shape: [], data: Float32Array.of(live) } };
      const { y, slope } = await session.run("graph", { x, ...scalar });
      return { y, slope };
    };
    const [plain, own, settled] = [await run(), await run(1), await run(0)];
    for (let i = 0; i < x.data.length; i++) {
      expect(own.y.data[i]).toBeCloseTo(plain.y.data[i], 4);
      expect(own.slope.data[i]).toBeCloseTo(plain.slope.data[i], 4);
      const c = Math.floor(i / 20) % 2;
      const { mean, variance } = running[c];
      const [scale, shift] = [channels["norm/scale"].data[c], channels["norm/shift"].data[c]];
      expect(settled.y.data[i]).toBeCloseTo(((x.data[i] - mean) / Math.sqrt(variance + 1e-5)) * scale + shift, 4);
      // The slope of batch normalisation, by the ratio of the deviations (Ioffe 2017, the equations of the backward pass).
      const r = Math.sqrt((statistics(x, c).biased + 1e-5) / (variance + 1e-5));
      expect(settled.slope.data[i]).toBeCloseTo(r * plain.slope.data[i], 4);
    }
  });

  it("reads statistics under their own names where weights have moving averages", () => {
    const graph = new Graph();
    const { parameters } = trainableParameters(graph);
    const norm = fixedStatistics((name, s, initial) => parameters(`ema/${name}`, s, initial), parameters);
    norm(graph.input("x", shape), "norm");
    expect(graph.inputs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["ema/norm/scale", "ema/norm/shift", "norm/mean", "norm/variance"]),
    );
  });

  it("keeps nothing for a discriminator", () => {
    const graph = new Graph();
    batchStatistics(trainableParameters(graph).parameters)(graph.input("x", shape), "norm");
    expect(graph.outputs.size).toBe(0);
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x", "norm/scale", "norm/shift"]);
  });

  it("refuses one value per channel, which would always become 0", () => {
    const graph = new Graph();
    const { norm } = runningStatistics(trainableParameters(graph).parameters);
    expect(() => norm(graph.input("x", [1, 2, 1, 1]), "bottleneck")).toThrow(/bottleneck.*larger batch or image/);
  });
});
