import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import type { Tensor } from "../src/graph/graph.ts";
import { psnr } from "../src/metrics/metrics.ts";
import { pix2pixPresets } from "../src/models/networks/pix2pix.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Session, Tensors } from "../src/run/runtime.ts";
import { initialState, modelTensors } from "../src/train/initial-state.ts";
import { adversarialSteps } from "../src/train/methods/adversarial-steps.ts";
import { dropoutMasks, pix2pixNetworks, pix2pixPrediction } from "../src/train/methods/pix2pix-steps.ts";
import { runSteps } from "../src/train/run-steps.ts";

const side = 32;
const n = 6;
const shape = [n, 1, side, side];
const architecture = { ...pix2pixPresets.small, stem: 8, down: [16, 32, 32] };
const patchgan = { channels: [8, 16, 32], pool: 1 };

/** Discs on a dark ground; and what they look like blurred, on background of three times the size. */
function pairOf(random: Random): { image: Float32Array; target: Float32Array } {
  const target = new Float32Array(side * side);
  for (let disc = 0; disc < 5; disc++) {
    const [y, x, r] = [random.between(0, side), random.between(0, side), random.between(2, 4)];
    const brightness = random.between(0.5, 1);
    for (let i = 0; i < side * side; i++) {
      if (Math.hypot(Math.floor(i / side) - y, (i % side) - x) < r) target[i] = brightness;
    }
  }
  const blurred = gaussianFilter({ data: target, height: side, width: side }, 1.5).data;
  const background = gaussianFilter({ data: target, height: side, width: side }, 5).data;
  const image = Float32Array.from(blurred, (value, i) => 0.7 * value + 1.2 * background[i] + 0.1);
  return { image, target };
}

function batchOf(random: Random): Tensors {
  const image = new Float32Array(n * side * side);
  const target = new Float32Array(n * side * side);
  for (let i = 0; i < n; i++) {
    const pair = pairOf(random);
    image.set(pair.image, i * side * side);
    target.set(pair.target, i * side * side);
  }
  const tensor = (data: Float32Array): Tensor => ({ type: "float32", shape, data });
  return { image: tensor(image), target: tensor(target), ...dropoutMasks(architecture, shape, random) };
}

const learning = () =>
  adversarialSteps(pix2pixNetworks(architecture, patchgan, shape, { maeWeight: 200, adversarialWeight: 1 }), {
    learningRate: 2e-3,
    discriminatorLearningRate: 2e-4,
    adam: { beta1: 0.5 },
  });

async function open(gan: ReturnType<typeof learning>): Promise<{ session: Session; close(): Promise<void> }> {
  const runtime = await openNativeRuntime({ threads: 1 });
  const graphs = Object.fromEntries(gan.steps.map(({ name, graph }) => [name, graph]));
  const predict = pix2pixPrediction(architecture, shape);
  const session = await runtime.open({ graphs: { ...graphs, predict }, state: initialState(gan, 1) });
  return { session, close: () => runtime.close() };
}

const schedule = { schedule: "linear" as const, warmup_steps: 0 };

describe("the two steps of a conditional GAN", () => {
  it("move every weight of the one network and none of the other, and running statistics", async () => {
    const gan = learning();
    const { session, close } = await open(gan);
    const batch = batchOf(new Random(0));
    const moved = (before: Tensors, after: Tensors): string[] =>
      Object.keys(before).filter((name) => before[name].data.some((value, i) => value !== after[name].data[i]));
    const isOf = (network: "generator" | "discriminator") => (name: string) =>
      name.startsWith("discriminator/") === (network === "discriminator");
    const names = [...gan.specs.keys()];
    // The residual starts at 0, so that only the last convolution learns in the very first step.
    await runSteps(session, gan, batch, schedule, 1, 10);
    const networks = ["generator", "discriminator"] as const;
    for (const [k, network] of networks.entries()) {
      const before = await session.readState();
      await runSteps(session, { steps: [gan.steps[k]] }, batch, schedule, 2, 10);
      const changed = moved(before, await session.readState());
      expect(changed.filter((name) => names.includes(name)).sort()).toEqual(names.filter(isOf(network)).sort());
      const statistics = Object.keys(gan.buffers).filter(isOf("generator"));
      expect(statistics.every((name) => changed.includes(name))).toBe(network === "generator");
    }
    // What is kept of the training: no discriminator, no generated picture, but the statistics.
    const kept = Object.keys(modelTensors(await session.readState(), gan));
    expect(kept.some((name) => name.startsWith("discriminator/"))).toBe(false);
    expect(kept).toContain("up0/norm/mean");
    await close();
  }, 30_000);

  it("make blurred discs on background sharp, while neither network wins", async () => {
    const gan = learning();
    const { session, close } = await open(gan);
    const steps = 160;
    const scores: number[] = [];
    for (let t = 1; t <= steps; t++) {
      const losses = await runSteps(session, gan, batchOf(new Random(7).fork(t)), schedule, t, steps);
      if (t > 50) scores.push(losses.discriminator_loss);
    }
    const held = batchOf(new Random(99));
    const { output } = await session.run("predict", { image: held.image });
    const score = ({ data }: Tensor): number => {
      const plane = (values: Tensor["data"]) => ({ data: values as Float32Array, height: n * side, width: side });
      return psnr(plane(data), plane(held.target.data), 1);
    };
    const [after, before] = [score(output), score(held.image)];
    const mean = scores.reduce((a, b) => a + b) / scores.length;
    expect(after).toBeGreaterThan(before + 6);
    // ln 2 = 0.69 where it knows nothing, 0 where it is never wrong.
    expect(mean).toBeGreaterThan(0.1);
    expect(mean).toBeLessThan(0.69);
    await close();
  }, 120_000);
});
