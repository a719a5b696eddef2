/** The networks and losses of COMI and CycleGAN, number by number, against PyTorch. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { Graph, type Tensor, type Value } from "../src/graph/graph.ts";
import { type ComiArchitecture, comiGenerator } from "../src/models/networks/comi.ts";
import { comiDiscriminator, cycleGanDiscriminator } from "../src/models/networks/comi-discriminator.ts";
import { freezingStatistics } from "../src/models/networks/frozen-norm.ts";
import { type Parameters, trainableParameters } from "../src/models/networks/parameters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime, Tensors } from "../src/run/runtime.ts";
import { initialMoments } from "../src/train/adam.ts";
import { type CycleDesign, cycleSteps } from "../src/train/methods/cycle-steps.ts";
import { comiTerms, cycleGanTerms } from "../src/train/methods/cycle-terms.ts";
import { structureDistance } from "../src/train/methods/feature-distance.ts";
import { runSteps } from "../src/train/run-steps.ts";
import { relativeDifference } from "./helpers/numbers.ts";
import { python } from "./helpers/python.ts";

const torch = python("torch");
const script = readFileSync(new URL("fixtures/train/comi_torch.py", import.meta.url), "utf8");

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const shape = [2, 1, 32, 32];
const rate = 1e-3;
const opponent = { comi: comiDiscriminator, "cycle-gan": cycleGanDiscriminator };
const weights = { adversarial: 0.7, cycled_adversarial: 0.7, feature: 1.5, pixel: 0.4, cycle: 2, identity: 3 };

interface Found {
  generated: number[];
  score: number[];
  steps: Record<string, number>[];
}

function designOf(method: "comi" | "cycle-gan", architecture: ComiArchitecture): CycleDesign {
  const adversarial_weight = weights.adversarial;
  const others = { cycle_weight: weights.cycle, identity_weight: weights.identity };
  const terms =
    method === "comi"
      ? comiTerms(
          { adversarial_weight, ...others, feature_weight: weights.feature, pixel_weight: weights.pixel },
          structureDistance,
        )
      : cycleGanTerms({ adversarial_weight, ...others });
  return {
    shape,
    architecture,
    discriminator: (picture, parameters) => opponent[method](picture, 2, parameters),
    terms,
    poolSize: 0,
    learningRate: rate,
    discriminatorLearningRate: rate,
    adam: { beta1: 0.5, beta2: 0.99 },
    discriminatorAdam: { beta1: 0.5, beta2: 0.99 },
  };
}

/** Both networks once, with the statistics of each image. */
function lookGraph(design: CycleDesign): Graph {
  const graph = new Graph();
  const { parameters } = trainableParameters(graph);
  const { normalisation } = design.architecture;
  const live = graph.input("live_statistics", []);
  const { norm } = freezingStatistics(normalisation === "none" ? "layer" : normalisation, live, parameters);
  const picture = (name: string): Value => graph.input(name, shape);
  graph.output("generated", comiGenerator(picture("image"), design.architecture, parameters, norm, "portable"));
  const judge: Parameters = (name, own, initial) => parameters(`discriminator/target/${name}`, own, initial);
  graph.output("score", design.discriminator(picture("target"), judge));
  return graph;
}

interface Case {
  title: string;
  method: "comi" | "cycle-gan";
  architecture: ComiArchitecture;
}
const sized = { width: 3, blocks: 1 };
const cases: Case[] = [
  {
    title: "COMI as published",
    method: "comi",
    architecture: { ...sized, normalisation: "layer", residual: true, range: [-1, 1] },
  },
  {
    title: "COMI without normalisation",
    method: "comi",
    architecture: { ...sized, normalisation: "none", residual: true, range: [0, 1] },
  },
  {
    title: "CycleGAN as published",
    method: "cycle-gan",
    architecture: { ...sized, normalisation: "instance", residual: false, range: [-1, 1] },
  },
];

/** Weights and pictures, every tensor random, so that nothing hides behind a zero. */
function tensorsOf({ method, architecture }: Case): Tensors {
  const random = new Random(5);
  const tensor = (own: readonly number[], next: () => number): Tensor => ({
    type: "float32",
    shape: own,
    data: Float32Array.from({ length: sizeOf(own) }, next),
  });
  const weights = [...cycleSteps(designOf(method, architecture)).specs].map(([name, { shape: own }]) => {
    const centre = name.endsWith("/scale") ? 1 : 0;
    const spread = own.length > 1 ? 1 / Math.sqrt(sizeOf(own.slice(1))) : 0.1;
    return [name, tensor(own, () => centre + spread * random.normal())] as const;
  });
  const picture = (): Tensor => tensor(shape, () => random.uniform());
  return { ...Object.fromEntries(weights), image: picture(), target: picture() };
}

/** All cases in one go: most of the time goes into starting PyTorch. */
const expected = torch ? inTorch(torch) : [];

function inTorch(run: NonNullable<typeof torch>): Found[] {
  const folder = mkdtempSync(join(tmpdir(), "parfocal-comi-"));
  try {
    const files = cases.flatMap((each, i) => {
      const named = Object.entries(tensorsOf(each));
      const [json, raw] = [join(folder, `${i}.json`), join(folder, `${i}.f32`)];
      const tensors = named.map(([name, { shape: own }]) => [name, own]);
      writeFileSync(json, JSON.stringify({ ...each, weights, rate, steps: 3, tensors }));
      const bytes = named.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      writeFileSync(raw, Buffer.concat(bytes));
      return [json, raw];
    });
    return JSON.parse(run(script, files)) as Found[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(!torch)("against PyTorch", () => {
  it.each(cases)(
    "$title: generator, discriminator and all losses of three training steps",
    { timeout: 180000 },
    async (each) => {
      const { generated, score, steps: theirs } = expected[cases.indexOf(each)];
      const design = designOf(each.method, each.architecture);
      const { steps, buffers } = cycleSteps(design);
      const { image, target, ...state } = tensorsOf(each);
      const batch: Tensors = {
        image,
        target,
        live_statistics: { type: "float32", shape: [], data: Float32Array.of(1) },
      };
      const session = await runtime.open({
        graphs: { look: lookGraph(design), ...Object.fromEntries(steps.map(({ name, graph }) => [name, graph])) },
        state: { ...state, ...initialMoments(state), ...buffers },
      });
      const found = await session.run("look", batch);
      expect(relativeDifference(found.generated.data, generated)).toBeLessThan(1e-5);
      expect(relativeDifference(found.score.data, score)).toBeLessThan(1e-5);
      for (const [t, losses] of theirs.entries()) {
        const got = await runSteps(session, { steps }, batch, { schedule: "constant", warmup_steps: 0 }, t + 1, 3);
        expect(Object.keys(losses).length).toBeGreaterThan(5);
        // Adam's first steps go by the sign of a slope, also where that is next to nothing: the later, the less alike.
        for (const [name, value] of Object.entries(losses)) {
          expect(Math.abs(got[name] / value - 1), `${name} of step ${t}`).toBeLessThan(t === 0 ? 2e-5 : 1e-3);
        }
      }
      await session.close();
    },
  );
});
