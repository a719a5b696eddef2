/** Applying models that make one kind of image of another: no seams, counts that mean something, files. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { normalisationOf } from "../src/models/apply/normalisation.ts";
import { type SectionChannel, type SectionInput, type SectionModel, section } from "../src/models/apply/section.ts";
import { readImage } from "../src/node.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { sectionFileByModel } from "../src/tasks/section-file-by-model.ts";
import { largestDifference } from "./helpers/numbers.ts";
import { textsOf } from "./helpers/texts.ts";
import { readerOf } from "./helpers/tiny-model.ts";
import { type TinySection, tinySectionModel } from "./helpers/tiny-section-model.ts";

let runtime: Runtime;
let folder: string;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
  folder = mkdtempSync(join(tmpdir(), "parfocal-section-model-"));
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

const [depth, height, width] = [4, 75, 101];
const size = height * width;

/** Waves and noise, 100 to 1100 counts. */
function testStack(seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: depth * size }, (_, i) => {
    const [z, y, x] = [Math.floor(i / size), Math.floor((i % size) / width), i % width];
    return Math.round(600 + 300 * Math.sin(0.3 * x + z) * Math.cos(0.2 * y) + 200 * (random.uniform() - 0.5));
  });
}

function inputOf(data: Float32Array, own: Partial<SectionInput> = {}): SectionInput {
  return {
    width,
    height,
    planes: Array.from({ length: depth }, (_, z) => readerOf(data.subarray(z * size, (z + 1) * size), width, height)),
    normalisation: normalisationOf(data, 1, 99.9, "test"),
    pixelSize: { y: 0.325, x: 0.325 },
    ...own,
  };
}

/** Everything that a model writes, `[z, y, x]` by channel. */
async function sectioned(model: SectionModel, input: SectionInput, tileSize: number) {
  const out: Partial<Record<SectionChannel, Float32Array>> = {};
  const seen = new Set<string>();
  await section(model, runtime, input, { tileSize }, async (channel, z, y0, rows) => {
    expect(seen.has(`${channel} ${z} ${y0}`)).toBe(false);
    seen.add(`${channel} ${z} ${y0}`);
    out[channel] ??= new Float32Array(depth * size);
    out[channel].set(rows, z * size + y0 * width);
  });
  return out;
}

const rangeOf = (values: Float32Array): number =>
  values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));

const data = testStack(1);

describe.each<[TinySection]>([["unet"], ["valid unet"], ["laplace"], ["sectioning-cnn"], ["pix2pix-3d"]])(
  "%s",
  (kind) => {
    it("joins tiles without a seam, on its own pixels and on others", async () => {
      for (const [pixel, tolerance] of [
        [0.325, 1e-5],
        [0.26, 1e-5],
      ]) {
        const model = tinySectionModel(kind);
        const input = inputOf(data, { pixelSize: { y: pixel, x: pixel } });
        const [whole, tiled] = [await sectioned(model, input, 512), await sectioned(model, input, 32)];
        for (const channel of Object.keys(whole) as SectionChannel[]) {
          const [a, b] = [whole[channel], tiled[channel]] as Float32Array[];
          expect(rangeOf(a)).toBeGreaterThan(0.1);
          expect(largestDifference(a, b), channel).toBeLessThan(tolerance * rangeOf(a));
        }
        expect(Object.keys(whole)).toEqual(kind === "laplace" ? ["section", "uncertainty"] : ["section"]);
      }
    });

    it("gives counts in proportion to the light of the image, above the dark of its targets", async () => {
      const model = tinySectionModel(kind);
      const plain = await sectioned(model, inputOf(data), 512);
      const brighter = await sectioned(model, inputOf(data.map((value) => 100 + 3 * (value - 60))), 512);
      expect(
        largestDifference(
          brighter.section as Float32Array,
          (plain.section as Float32Array).map((v) => 40 + 3 * (v - 40)),
        ),
      ).toBeLessThan(1e-4 * rangeOf(brighter.section as Float32Array));
      const scaled = await sectioned(tinySectionModel(kind, { output_gain: 1, output_low: 0 }), inputOf(data), 512);
      expect(
        largestDifference(
          scaled.section as Float32Array,
          (plain.section as Float32Array).map((v) => 2 * (v - 40)),
        ),
      ).toBeLessThan(0.05);
      if (kind === "laplace") {
        const doubts = [plain, brighter].map(({ uncertainty }) => uncertainty as Float32Array);
        expect(Math.min(...doubts[0])).toBeGreaterThan(0);
        expect(
          largestDifference(
            doubts[1],
            doubts[0].map((v) => 3 * v),
          ),
        ).toBeLessThan(1e-3 * rangeOf(doubts[1]));
      }
    });
  },
);

describe("a model that sees sub-stacks", () => {
  it("gives the middle plane of each, mirrored beyond the first and the last", async () => {
    const model = tinySectionModel("pix2pix-3d", { output_gain: 1, output_low: 0 });
    const [h, w] = [16, 24];
    const random = new Random(4);
    const stack = Float32Array.from({ length: 4 * h * w }, () => random.uniform());
    const planes = [0, 1, 2, 3].map((z) => readerOf(stack.subarray(z * h * w, (z + 1) * h * w), w, h));
    const out = new Float32Array(4 * h * w);
    const input = { width: w, height: h, planes, normalisation: { low: 0, high: 1 } };
    await section(model, runtime, input, {}, async (_, z, y0, rows) => {
      out.set(rows, z * h * w + y0 * w);
    });
    // The whole field with all that the network sees around it, in one piece.
    const margin = 48;
    const [ph, pw] = [h + 2 * margin, w + 2 * margin];
    const mirror = (i: number, n: number) => {
      const folded = ((i % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2);
      return folded < n ? folded : 2 * n - 2 - folded;
    };
    const session = await runtime.open({ graphs: { network: readOnnx(model.onnx, { batch: 1, z: 3, y: ph, x: pw }) } });
    for (const [z, neighbours] of [
      [0, [1, 0, 1]],
      [2, [1, 2, 3]],
      [3, [2, 3, 2]],
    ] as const) {
      const seen = new Float32Array(3 * ph * pw);
      neighbours.forEach((plane, k) => {
        for (let y = 0; y < ph; y++)
          for (let x = 0; x < pw; x++)
            seen[(k * ph + y) * pw + x] = stack[(plane * h + mirror(y - margin, h)) * w + mirror(x - margin, w)];
      });
      const { output } = await session.run("network", {
        image: { type: "float32", shape: [1, 1, 3, ph, pw], data: seen },
      });
      const middle = Float32Array.from({ length: h * w }, (_, i) => {
        const [y, x] = [Math.floor(i / w), i % w];
        return output.data[(ph + y + margin) * pw + x + margin] as number;
      });
      expect(largestDifference(middle, out.subarray(z * h * w, (z + 1) * h * w))).toBeLessThan(1e-4);
    }
    await session.close();
  });
});

describe("files", () => {
  const at = (name: string) => join(folder, name);
  const stack = async (name: string, own: object = {}) => {
    const image = {
      axes: "ZYX",
      shape: [depth, height, width],
      dtype: "uint16" as const,
      data: Uint16Array.from(data),
      pixelSize: { y: 0.325, x: 0.325 },
      zStep: 1,
      ...own,
    };
    await writeImage(at(name), image, { force: true });
    return openImage(at(name));
  };

  it("are sectioned as memory is, with calibration, and uncertainty where it is asked for", async () => {
    const file = await stack("stack.tif");
    const model = tinySectionModel("laplace");
    const progress: number[] = [];
    const done = await sectionFileByModel(fileStorage, model, runtime, file, at("out.tif"), {
      uncertainty: at("doubt.tif"),
      tileSize: 48,
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    await file.close();
    expect(done).toMatchObject({
      output: at("out.tif"),
      uncertainty: at("doubt.tif"),
      model: "care",
      planes: 4,
      warnings: [],
    });
    expect(progress.at(-1)).toBe(1);
    const expected = await sectioned(model, inputOf(data), 512);
    for (const [name, channel] of [
      ["out.tif", "section"],
      ["doubt.tif", "uncertainty"],
    ] as const) {
      const image = await readImage(at(name));
      expect(image).toMatchObject({ axes: "ZYX", shape: [depth, height, width], dtype: "float32", zStep: 1 });
      expect(image.pixelSize?.x).toBeCloseTo(0.325, 5);
      const whole = expected[channel] as Float32Array;
      // The file's percentiles come from a histogram.
      expect(largestDifference(image.data, whole)).toBeLessThan(5e-3 * rangeOf(whole));
    }
  });

  it("are refused where the model does not fit, before anything is written", async () => {
    const file = await stack("stack2.tif");
    const single = await stack("single.tif", {
      axes: "YX",
      shape: [height, width],
      data: Uint16Array.from(data.subarray(0, size)),
    });
    const flat = await stack("flat.tif", { data: new Uint16Array(depth * size).fill(9) });
    const before = readdirSync(folder);
    const refused = (model: TinySection, image: typeof file, options: object) =>
      expect(sectionFileByModel(fileStorage, tinySectionModel(model), runtime, image, at("no.tif"), options)).rejects;
    await refused("unet", file, { uncertainty: at("no2.tif") }).toThrow(
      /does not estimate its uncertainty.*`loss laplace`/,
    );
    await refused("laplace", file, { uncertainty: at("no.tif") }).toThrow(/cannot both be/);
    await refused("unet", file, { uncertainty: undefined, format: "png" }).toThrow(/a PNG holds one plane/);
    await refused("unet", flat, {}).toThrow(/every pixel is 9/);
    await refused("pix2pix-3d", single, {}).toThrow(/has 1 plane, and the model sees 3 at a time/);
    const wrong = { ...tinySectionModel("care"), onnx: tinySectionModel("laplace").onnx };
    await expect(sectionFileByModel(fileStorage, wrong, runtime, file, at("no.tif"))).rejects.toThrow(
      /the description and the network do not fit/,
    );
    await sectionFileByModel(fileStorage, tinySectionModel("unet"), runtime, single, at("there.tif"));
    await expect(
      sectionFileByModel(fileStorage, tinySectionModel("unet"), runtime, single, at("there.tif")),
    ).rejects.toMatchObject({
      code: "output.exists",
    });
    expect(readdirSync(folder).sort()).toEqual([...before, "there.tif"].sort());
    for (const one of [file, single, flat]) await one.close();
  });

  it("stop when asked to, and leave nothing", async () => {
    const file = await stack("stack3.tif");
    const stop = new AbortController();
    const run = sectionFileByModel(fileStorage, tinySectionModel("unet"), runtime, file, at("stopped.tif"), {
      tileSize: 32,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(run).rejects.toMatchObject({ code: "interrupted" });
    expect(readdirSync(folder).filter((name) => name.includes("stopped"))).toEqual([]);
    await file.close();
  });

  it("of another objective, pixel or z step come with a warning", async () => {
    const file = await stack("other.tif", { pixelSize: { y: 0.5, x: 0.5 }, zStep: 2, optics: { na: 1.2 } });
    const { warnings } = await sectionFileByModel(
      fileStorage,
      tinySectionModel("pix2pix-3d"),
      runtime,
      { ...file, readPlane: file.readPlane.bind(file), optics: { na: 1.2 } },
      at("warned.tif"),
    );
    expect(textsOf(warnings).join(" ")).toMatch(
      /Pixels of 0\.5 um are resampled.*numerical aperture is 1\.2.*trained at 0\.8.*z step is 2 um.*trained with 1 um/,
    );
    await file.close();
  });
});
