import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import type { Stack } from "../src/image/image.ts";
import type { NamedStack } from "../src/image/named-stack.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { resolveConfig } from "../src/train/config.ts";
import { type TrainingOptions, trainModel } from "../src/train/train.ts";

const [depth, side] = [5, 96];

/** Discs, one half of them in each plane; and what they look like blurred, with out-of-focus light from all planes. */
function sample(seed: number): NamedStack {
  const random = new Random(seed);
  const size = side * side;
  const sharp = new Float32Array(depth * size).fill(100);
  for (let disc = 0; disc < 90; disc++) {
    const z = random.integer(depth);
    const [y, x, r, counts] = [
      random.between(0, side),
      random.between(0, side),
      random.between(2, 5),
      random.between(300, 900),
    ];
    for (let i = 0; i < size; i++) {
      if (Math.hypot(Math.floor(i / side) - y, (i % side) - x) < r) sharp[z * size + i] = counts;
    }
  }
  const blurred = new Float32Array(depth * size);
  for (let z = 0; z < depth; z++) {
    for (let other = 0; other < depth; other++) {
      const plane = { data: sharp.slice(other * size, (other + 1) * size), height: side, width: side };
      const seen = gaussianFilter(plane, 1 + 3 * Math.abs(z - other)).data;
      for (let i = 0; i < size; i++) blurred[z * size + i] += seen[i] + 4 * random.normal();
    }
  }
  const about = { depth, height: side, width: side, pixelSize: { y: 0.3, x: 0.3 }, zStep: 1, dtype: "uint16" as const };
  const stack = (data: Float32Array): Stack => ({ ...about, data });
  return { name: `discs ${seed}`, stack: stack(blurred), target: stack(sharp) };
}

function memoryStore() {
  const kept = new Map<string, Uint8Array>();
  const rows: Record<string, number>[] = [];
  let onnx: Uint8Array = new Uint8Array();
  const store: TrainingOptions["store"] = {
    path: "memory",
    beginMetrics: async () => undefined,
    saveMetrics: async (row) => void rows.push(row),
    saveCheckpoint: async (kind, bytes) => void kept.set(kind, bytes),
    readCheckpoint: async (kind) => kept.get(kind),
    savePreview: async () => undefined,
    saveModel: async (_info, bytes) => {
      onnx = bytes;
    },
  };
  return { store, rows, model: () => onnx };
}

const small = {
  val_split: "stack",
  val_fraction: 0.3,
  patch_size: 32,
  steps_per_epoch: 60,
  batch_statistics_steps: 60,
  learning_rate: 2e-3,
  discriminator: { channels: [8, 16, 32] },
};

describe.each([
  { gain: 5, given: { ...small, method: "pix2pix", num_steps: 240, architecture: { stem: 8, down: [16, 32, 32] } } },
  {
    gain: 3.5,
    given: {
      ...small,
      method: "pix2pix-3d",
      num_steps: 150,
      batch_size: 4,
      planes: 3,
      architecture: { stem: 8, down: [16, 32] },
    },
  },
])("training $given.model", ({ gain, given }) => {
  it("removes the out-of-focus light of a stack that it has not seen, with a discriminator that neither wins nor gives up", async () => {
    const samples = [1, 2, 3].map(sample);
    const { store, rows, model } = memoryStore();
    const runtime = await openNativeRuntime({ threads: 1 });
    const { report, info } = await trainModel(samples, resolveConfig(given), { runtime, store });
    const { psnr: after, input_psnr: before } = report.scores;
    expect(after).toBeGreaterThan(before + gain);
    expect(report.scores.ssim).toBeGreaterThan(report.scores.input_ssim);
    // ln 2 = 0.69 where the discriminator knows nothing, 0 where it is never wrong.
    const last = rows[rows.length - 1];
    expect(last.discriminator_loss).toBeGreaterThan(0.15);
    expect(last.discriminator_loss).toBeLessThan(0.75);
    expect(last.adversarial_loss).toBeLessThan(2.5);

    // The finished model makes of a part of a field what it makes of the whole, far enough from the cut.
    const planes = info.method === "pix2pix-3d" ? info.planes : 1;
    const shape = (h: number, w: number): number[] => (planes === 1 ? [1, 1, h, w] : [1, 1, planes, h, w]);
    const random = new Random(5);
    const data = Float32Array.from({ length: planes * 192 * 192 }, () => random.uniform());
    const part = new Float32Array(planes * 160 * 160);
    for (let z = 0; z < planes; z++) {
      for (let y = 0; y < 160; y++)
        part.set(data.subarray((z * 192 + y) * 192, (z * 192 + y) * 192 + 160), (z * 160 + y) * 160);
    }
    const open = (side: number) => readOnnx(model(), { batch: 1, z: planes, y: side, x: side });
    const session = await runtime.open({ graphs: { whole: open(192), part: open(160) } });
    const run = async (name: string, side: number, values: Float32Array): Promise<Float32Array> => {
      const { output } = await session.run(name, {
        image: { type: "float32", shape: shape(side, side), data: values },
      });
      return output.data as Float32Array;
    };
    const [whole, cut] = [await run("whole", 192, data), await run("part", 160, part)];
    let apart = 0;
    for (let y = 0; y < 80; y++) {
      for (let x = 0; x < 80; x++) apart = Math.max(apart, Math.abs(whole[y * 192 + x] - cut[y * 160 + x]));
    }
    expect(apart).toBeLessThan(1e-5);
    await runtime.close();
  }, 120_000);
});

describe("a configuration of pix2pix that cannot work", () => {
  it.each([
    [{ method: "pix2pix", patch_size: 40 }, /patch_size must be a multiple of 16.*got 40/],
    [{ method: "pix2pix", preset: "published", patch_size: 64 }, /patch_size must be a multiple of 256/],
    [
      { method: "pix2pix", patch_size: 16, architecture: { down: [8, 8] } },
      /discriminator needs a patch_size.*at least 24, got 16/,
    ],
    [{ method: "pix2pix-3d", planes: 4 }, /planes must be an odd number.*got 4/],
    [{ method: "pix2pix-3d", architecture: { upsampling: "transposed" } }, /upsampling must be "nearest" in 3-D/],
    [{ method: "pix2pix", mae_weight: 0 }, /mae_weight/],
  ])("%j is refused by name", (given, message) => {
    expect(() => resolveConfig(given)).toThrow(message);
  });
});
