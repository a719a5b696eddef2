/** Cycle GANs at work on toy domains: unpaired translation, a pool of older pictures, discriminators that keep discriminating. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { type ComiArchitecture, cycleGanPresets } from "../src/models/networks/comi.ts";
import { cycleGanDiscriminator } from "../src/models/networks/comi-discriminator.ts";
import { initialWeights } from "../src/models/networks/parameters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import { nextOf, type Runtime, type Tensors } from "../src/run/runtime.ts";
import { initialMoments } from "../src/train/adam.ts";
import { cyclePrediction } from "../src/train/methods/cycle-model.ts";
import { type CycleDesign, cycleSteps } from "../src/train/methods/cycle-steps.ts";
import { charbonnierLoss, cycleGanTerms } from "../src/train/methods/cycle-terms.ts";
import { emptyPool, poolPlaces, throughPool } from "../src/train/methods/image-pool.ts";
import { emaOf } from "../src/train/optimise.ts";
import { runSteps } from "../src/train/run-steps.ts";
import { correlation, mean } from "./helpers/numbers.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const tensor = (shape: readonly number[], data: Float32Array): Tensor => ({ type: "float32", shape, data });

describe("the pool of older pictures", () => {
  it("fills with the first ones, then shows one that it holds for about half of the new ones", () => {
    const [n, size, pixels] = [3, 10, 2];
    const graph = new Graph();
    const place = graph.input("place", [n, size]);
    const shown = throughPool(graph.input("fresh", [n, 1, 1, pixels]), "pool", place, graph.input("old", [n, 1]));
    graph.output("shown", shown);
    let pool = emptyPool(size, [n, 1, 1, pixels]);
    // The slow twin: picture k is [k, -k].
    const twin: number[] = [];
    let older = 0;
    for (let t = 1; t <= 60; t++) {
      const ids = Array.from({ length: n }, (_, i) => 1 + (t - 1) * n + i);
      const { place: places, old } = poolPlaces(t, n, size, new Random(9).fork(t));
      const fresh = tensor([n, 1, 1, pixels], Float32Array.from(ids.flatMap((id) => [id, -id])));
      const found = evaluateGraph(graph, { fresh, pool, place: places, old });
      pool = found[nextOf("pool")];
      ids.forEach((id, i) => {
        const at = places.data.subarray(i * size, (i + 1) * size).indexOf(1);
        const expected = old.data[i] === 1 ? twin[at] : id;
        expect(Array.from(found.shown.data.slice(2 * i, 2 * i + 2))).toEqual([expected, -expected]);
        if (id <= size) expect([at, old.data[i]]).toEqual([id - 1, 0]);
        else older += old.data[i];
        if (at >= 0) twin[at] = id;
      });
      expect(Array.from(pool.data).filter((_, i) => i % 2 === 0)).toEqual(
        Array.from({ length: size }, (_, i) => twin[i] ?? 0),
      );
    }
    expect(older / (60 * n - size)).toBeGreaterThan(0.35);
    expect(older / (60 * n - size)).toBeLessThan(0.55);
  });
});

const p = 32;
const shape = [3, 1, p, p];
const architecture: ComiArchitecture = { ...cycleGanPresets.small, width: 6, blocks: 2 };

/** Soft blobs; the same number gives the same picture. */
function content(index: number): Float32Array {
  const random = new Random(100 + index);
  const points = Float32Array.from({ length: p * p }, () => (random.uniform() > 0.985 ? random.between(8, 16) : 0));
  return gaussianFilter({ data: points, height: p, width: p }, 1.6).data;
}
/** The other domain: fainter, on a bright background. */
const faded = (picture: Float32Array): Float32Array => picture.map((value) => 0.35 + 0.5 * value);

const deviationOf = (data: Float32Array): number => {
  const middle = mean(data);
  return Math.sqrt(data.reduce((a, b) => a + (b - middle) ** 2, 0) / data.length);
};

describe("unpaired training", () => {
  it("moves pictures to the other domain and keeps what is in them, with discriminators that keep discriminating", {
    timeout: 240000,
  }, async () => {
    const total = 300;
    const design: CycleDesign = {
      shape,
      architecture,
      discriminator: (picture, parameters) => cycleGanDiscriminator(picture, 6, parameters),
      terms: cycleGanTerms({ adversarial_weight: 1, cycle_weight: 5, identity_weight: 0 }, charbonnierLoss),
      poolSize: 16,
      learningRate: 1e-3,
      discriminatorLearningRate: 1e-3,
      adam: { beta1: 0.5 },
      discriminatorAdam: { beta1: 0.5 },
      clipNorm: 1,
      // Two players circle around where they meet; the average of their way is nearer.
      emaDecay: 0.98,
    };
    const { steps, specs, buffers } = cycleSteps(design);
    const weights = initialWeights(specs, new Random(0));
    const averages = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [emaOf(name), weight]));
    const session = await runtime.open({
      graphs: {
        ...Object.fromEntries(steps.map(({ name, graph }) => [name, graph])),
        predict: cyclePrediction(p, p, architecture, design.emaDecay),
      },
      state: { ...weights, ...initialMoments(weights), ...averages, ...buffers },
    });
    const draw = (random: Random, picture: (index: number) => Float32Array): Tensor => {
      const pictures = Array.from({ length: shape[0] }, () => [...picture(random.integer(60))]);
      return tensor(shape, Float32Array.from(pictures.flat()));
    };
    const scores: number[][] = [];
    for (let t = 1; t <= total; t++) {
      const random = new Random(1).fork(t);
      const batch: Tensors = {
        image: draw(random, content),
        target: draw(random, (i) => faded(content(60 + i))),
      };
      for (const domain of ["image", "target"]) {
        const { place, old } = poolPlaces(t, shape[0], design.poolSize, random);
        batch[`${domain}_place`] = place;
        batch[`${domain}_old`] = old;
      }
      const losses = await runSteps(session, { steps }, batch, { schedule: "linear", warmup_steps: 10 }, t, total);
      if (t > total / 2) scores.push([losses.real_loss, losses.fake_loss]);
    }
    const [held, wanted] = [200, 201, 202]
      .map((i) => [content(i), faded(content(i))])
      .reduce(
        ([a, b], [c, d]) => [Float32Array.of(...a, ...c), Float32Array.of(...b, ...d)],
        [new Float32Array(0), new Float32Array(0)],
      );
    const made: number[] = [];
    for (let i = 0; i < 3; i++) {
      const image = tensor([1, 1, p, p], held.slice(i * p * p, (i + 1) * p * p));
      made.push(...(await session.run("predict", { image })).output.data);
    }
    await session.close();
    const output = Float32Array.from(made);
    // Before, the mean is off by 0.24 and the contrast twice the target's.
    expect(Math.abs(mean(output) - mean(wanted))).toBeLessThan(0.12);
    expect(deviationOf(output) / deviationOf(wanted)).toBeGreaterThan(0.6);
    expect(deviationOf(output) / deviationOf(wanted)).toBeLessThan(1.75);
    expect(correlation(output, wanted)).toBeGreaterThan(0.75);
    // 0.25 is an undecided discriminator; next to 0, and the generators have nothing to learn from.
    for (const kind of [0, 1]) {
      const mean = scores.reduce((sum, both) => sum + both[kind], 0) / scores.length;
      expect(mean).toBeGreaterThan(0.03);
      expect(mean).toBeLessThan(0.3);
    }
  });
});
