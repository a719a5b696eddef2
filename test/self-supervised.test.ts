import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { sizeOf } from "../src/array/shape.ts";
import { opticalPsf } from "../src/classical/deconvolution/optical-psf.ts";
import { richardsonLucy } from "../src/classical/deconvolution/richardson-lucy.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import type { Stack } from "../src/image/image.ts";
import type { NamedStack } from "../src/image/named-stack.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { type SectionModel, section } from "../src/models/apply/section.ts";
import type { Model } from "../src/models/model-info.ts";
import { modelInfo } from "../src/models/model-info.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { resolveConfig } from "../src/train/config.ts";
import { type PhotonSource, thinPhotons, withNeighbours } from "../src/train/data/data-thinning.ts";
import { blurKernels, poissonDeviance, reblur } from "../src/train/methods/reblur.ts";
import { trainModel } from "../src/train/train.ts";
import { correlation } from "./helpers/numbers.ts";
import { memoryStore } from "./helpers/tiny.ts";
import { readerOf } from "./helpers/tiny-model.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

async function run(graph: Graph, inputs: Record<string, Tensor>): Promise<Tensor> {
  const session = await runtime.open({ graphs: { it: graph } });
  const [output] = Object.values(await session.run("it", inputs));
  await session.close();
  return output;
}

describe("the blur of an objective in a graph", () => {
  const grid = { depth: 5, pixelSize: 0.325, zStep: 1 };

  it("sends a point to every plane as the PSF of its distance, on the right side of focus", async () => {
    // An aberrated objective, whose PSF differs above and below.
    const model = psfModelOf({ na: 0.8, wavelength: 0.52, spherical_aberration: 0.3 });
    expect(model.symmetric).toBe(false);
    const kernels = blurKernels(model, grid, 9);
    const graph = new Graph();
    graph.output("shown", reblur(graph.input("specimen", [1, 5, 37, 37]), kernels));
    const data = new Float32Array(5 * 37 * 37);
    // A point in plane 3, off the middle.
    data[3 * 37 * 37 + 20 * 37 + 16] = 1;
    const { data: shown } = await run(graph, { specimen: { type: "float32", shape: [1, 5, 37, 37], data } });
    for (let z = 0; z < 5; z++) {
      const psf = model.psf({ pixelSize: 0.325, defocus: model.focus + (3 - z) * 1 });
      let [inside, worst] = [0, 0];
      for (let y = -9; y <= 9; y++)
        for (let x = -9; x <= 9; x++) inside += psf.data[(psf.size / 2 + y) * psf.size + psf.size / 2 + x];
      for (let y = -6; y <= 6; y++) {
        for (let x = -6; x <= 6; x++) {
          const expected = psf.data[(psf.size / 2 + y) * psf.size + psf.size / 2 + x] / inside;
          worst = Math.max(worst, Math.abs(Number(shown[(z * 19 + 11 + y) * 19 + 7 + x]) - expected));
        }
      }
      expect(worst).toBeLessThan(1e-5);
    }
  });

  it("loses no light", () => {
    const { data, size } = blurKernels(psfModelOf({ na: 0.8, wavelength: 0.52 }), grid, 6);
    for (let k = 0; k < 25; k++) {
      const sum = data.subarray(k * size * size, (k + 1) * size * size).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  it("is judged by the Poisson deviance: 0 for what was expected, as the formula elsewhere", async () => {
    const deviance = async (expected: number[], image: number[]): Promise<number> => {
      const graph = new Graph();
      const shape = [1, 1, 1, expected.length];
      graph.output("it", poissonDeviance(graph.input("expected", shape), graph.input("image", shape)));
      const tensor = (values: number[]): Tensor => ({ type: "float32", shape, data: Float32Array.from(values) });
      return Number((await run(graph, { expected: tensor(expected), image: tensor(image) })).data[0]);
    };
    expect(await deviance([0.3, 0.7], [0.3, 0.7])).toBeCloseTo(0, 6);
    const [m, b] = [0.5, 0.2];
    expect(await deviance([m], [b])).toBeCloseTo(m - b - b * Math.log(m / b), 5);
    // The mean of the images is what it is lowest at.
    const images = [0.1, 0.2, 0.6];
    const at = (value: number) => deviance([value, value, value], images);
    expect(await at(0.3)).toBeLessThan(await at(0.28));
    expect(await at(0.3)).toBeLessThan(await at(0.32));
  });
});

describe("data thinning", () => {
  it("gives two parts with the brightness of the whole and independent noise", () => {
    const random = new Random(1);
    const photons = Float32Array.from({ length: 40_000 }, () => random.poisson(30));
    const source = { scale: 0.01, dark: 0.1 } as PhotonSource;
    const { input, target } = thinPhotons(photons, source, random);
    const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    expect(mean(input)).toBeCloseTo(0.2, 2);
    expect(mean(target)).toBeCloseTo(0.3, 2);
    let [covariance, variance] = [0, 0];
    for (let i = 0; i < photons.length; i++) {
      covariance += (input[i] - 0.2) * (target[i] - 0.3);
      variance += (target[i] - 0.3) ** 2;
    }
    expect(Math.abs(covariance / variance)).toBeLessThan(0.03);
    // Half the photons, twice the relative variance.
    expect(variance / photons.length).toBeCloseTo(2 * 30 * 1e-4, 3);
  });

  it("gives planes with their neighbours, mirrored beyond the ends", () => {
    expect([...withNeighbours(Float32Array.of(0, 1, 2, 3), 4, 3)]).toEqual([1, 0, 1, 0, 1, 2, 1, 2, 3, 2, 3, 2]);
  });
});

/** Small beads in few photons through 20x/0.8; the specimen itself is known. */
async function scene(index: number): Promise<{ sample: NamedStack; specimen: Float32Array }> {
  const recipe = {
    name: "scene",
    size: 96,
    planes: 7,
    pixel_size: 0.325,
    z_step: 1,
    optics: { na: 0.8 },
    specimen: { kind: "beads", beads: 300, depth_range: [-3, 3], diameter: [0.6, 1.2], bead_kinds: ["solid"] },
    camera: { photons: 400, background: 5, gain: 1 },
    images: {
      widefield: { mode: "widefield" },
      confocal: { mode: "confocal", pinhole: 0.5, camera: { photons: 4000, background: 0 } },
    },
    seed: 4,
  };
  const { images } = await createSimulator(recipe).field(index);
  return {
    sample: { name: `scene ${index}`, stack: images.widefield.stack },
    specimen: images.confocal.truth.data as Float32Array,
  };
}

const small = {
  method: "self-supervised",
  patch_size: 48,
  psf_radius: 10,
  border: 4,
  architecture: {
    down: [
      [12, 12],
      [24, 24],
    ] as [number, number][],
    up: [12],
  },
  warmup_steps: 10,
};

describe("training from one stack alone", () => {
  it("gives sections of a field that it has not seen, nearer to a confocal image than the input", {
    timeout: 90_000,
  }, async () => {
    const { sample } = await scene(0);
    const store = memoryStore();
    const config = resolveConfig({ ...small, num_steps: 160, steps_per_epoch: 80, learning_rate: 3e-3 });
    const { report } = await trainModel([sample], config, { runtime, store });
    expect(store.rows[1].val_loss).toBeLessThan(store.rows[0].val_loss);
    // It explains photons that it has not seen better than the photons that it has seen do: those have noise of their own.
    expect(report.scores.shown_psnr).toBeGreaterThan(report.scores.input_shown_psnr);
    const { info, onnx } = store.model ?? expect.fail("no model");
    expect(modelInfo.parse(info)).toEqual(info);
    const model = { info, onnx, path: "memory" } as Model as SectionModel;

    const { sample: unseen, specimen } = await scene(1);
    const { stack } = unseen;
    const { depth, height, width } = stack;
    const size = height * width;
    const planes = Array.from({ length: depth }, (_, z) =>
      readerOf(Float32Array.from(stack.data.subarray(z * size, (z + 1) * size)), width, height),
    );
    const normalisation = normalisationOf(stack.data, info.norm_pmin, info.norm_pmax, "unseen");
    const apply = async (tileSize: number): Promise<Float32Array> => {
      const out = new Float32Array(depth * size);
      await section(
        model,
        runtime,
        { width, height, planes, normalisation, pixelSize: stack.pixelSize },
        { tileSize },
        async (_, z, y0, rows) => {
          out.set(rows, z * size + y0 * width);
        },
      );
      return out;
    };
    const out = await apply(512);
    const ours = correlation(out, specimen);
    expect(ours).toBeGreaterThan(correlation(stack.data, specimen) + 0.05);
    expect(Math.min(...out)).toBeGreaterThanOrEqual(0);
    // Tiles join.
    const tiled = await apply(40);
    const range = Math.max(...out);
    expect(out.reduce((most, value, i) => Math.max(most, Math.abs(value - tiled[i])), 0)).toBeLessThan(1e-4 * range);

    // Richardson-Lucy, which knows nothing but this stack, beside it.
    const { psf } = opticalPsf(psfModelOf({ na: 0.8, wavelength: stack.optics?.wavelength ?? 0.52 }), stack);
    const rl = await richardsonLucy({ depth, height, width, data: Float32Array.from(stack.data) }, psf, {
      iterations: 20,
    });
    console.log(ours, correlation(rl, specimen));
    // Measured: input 0.780, self-supervised 0.947, Richardson-Lucy 0.935.
    expect(ours).toBeGreaterThan(correlation(rl, specimen) - 0.02);
  });
});

describe("stacks that cannot teach it", () => {
  const stack = (own: Partial<Stack> = {}): Stack => {
    const random = new Random(2);
    const [depth, height, width] = [own.depth ?? 7, 64, 64];
    const data = Float32Array.from({ length: sizeOf([depth, height, width]) }, (_, i) =>
      random.poisson(100 + 80 * Math.sin(i / 9)),
    );
    const optics = { na: 0.8, wavelength: 0.52, refractiveIndex: 1 };
    return { data, depth, height, width, zStep: 1, pixelSize: { y: 0.325, x: 0.325 }, dtype: "uint16", optics, ...own };
  };
  const learn = (stacks: Stack[], own: Record<string, unknown> = {}) =>
    trainModel(
      stacks.map((one, i) => ({ name: `stack ${i}`, stack: one })),
      resolveConfig({ ...small, patch_size: 32, psf_radius: 4, num_steps: 1, ...own }),
      { runtime, store: memoryStore() },
    );

  it("are refused with what to do", async () => {
    await expect(learn([stack({ depth: 2 })])).rejects.toThrow(/it has only 2 planes; give a z-stack of three/);
    const { zStep: _, ...unknown } = stack();
    await expect(learn([unknown])).rejects.toThrow(/z step is not known.*`z_step <your z step>`/);
    await expect(learn([stack({ optics: { wavelength: 0.52 } })])).rejects.toThrow(/numerical aperture .*`na`/);
    await expect(learn([stack(), stack({ depth: 8 })])).rejects.toThrow(
      /stack 1 has 8 planes at a z step of 1 um and stack 0 has 7 planes at 1 um/,
    );
  });

  it("and settings that do not go together", () => {
    expect(() => resolveConfig({ ...small, planes: 2 })).toThrow(/planes must be odd/);
    expect(() => resolveConfig({ ...small, psf_radius: 20 })).toThrow(
      /at least 64 for a psf_radius of 20 and a border of 4/,
    );
    expect(() => resolveConfig({ ...small, patch_size: 49 })).toThrow(/multiple of 2/);
  });
});
