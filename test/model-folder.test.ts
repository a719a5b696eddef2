import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { fileStorage } from "../src/image/file-storage.node.ts";
import type { Image } from "../src/image/image.ts";
import { type ImageFile, readAll } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { directionOfImage } from "../src/models/apply/direction-of-image.ts";
import { findSurface } from "../src/models/apply/find-surface.ts";
import { openRefocusable } from "../src/models/apply/refocus-image.ts";
import { loadModel, saveModel } from "../src/models/model-folder.node.ts";
import type { RefocusModel } from "../src/models/model-info.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { type RefocusFileOptions, refocusFile } from "../src/tasks/refocus-file.ts";
import { describeModel } from "../src/train/describe-model.ts";
import { textsOf } from "./helpers/texts.ts";
import { blurredStack, tinyConfig } from "./helpers/tiny.ts";
import { testPlane, tinyModel } from "./helpers/tiny-model.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parfocal-model-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a model's folder", () => {
  it("gives back what was saved, as itself or as the model of a run, and replaces", async () => {
    const model = tinyModel({ input_offsets: [0, 2], optics: { na: 0.8, wavelength: 0.52 } });
    await saveModel(join(folder, "run", "model"), tinyModel().info, Uint8Array.of(1));
    await saveModel(join(folder, "run", "model"), model.info, model.onnx);
    for (const path of [join(folder, "run"), join(folder, "run", "model")]) {
      const loaded = await loadModel(path);
      expect(loaded.info).toEqual(model.info);
      expect(Buffer.compare(loaded.onnx, model.onnx)).toBe(0);
      expect(loaded.path).toBe(join(folder, "run", "model"));
    }
    expect((await readdir(join(folder, "run", "model"))).sort()).toEqual(["model.onnx", "model.yaml"]);
    // A description that people can read and other programs parse.
    const yaml = parse(await readFile(join(folder, "run", "model", "model.yaml"), "utf8"));
    expect(yaml).toMatchObject({
      task: "refocus",
      pixel_size: 0.3,
      input_offsets: [0, 2],
      optics: { wavelength: 0.52 },
    });
  });

  it("says what is missing or damaged", async () => {
    const { info, onnx } = tinyModel();
    await expect(loadModel(folder)).rejects.toMatchObject({ code: "file.missing", message: /has no model\.yaml/ });
    await expect(loadModel(join(folder, "nowhere"))).rejects.toMatchObject({ code: "file.missing" });
    await saveModel(folder, info, onnx);
    await rm(join(folder, "model.onnx"));
    await expect(loadModel(folder)).rejects.toMatchObject({ code: "file.missing", message: /no model\.onnx/ });
    await saveModel(folder, info, onnx);
    const description = join(folder, "model.yaml");
    const text = await readFile(description, "utf8");
    const damaged: [string, RegExp][] = [
      ["a: [1, 2", /cannot be read as YAML/],
      ["", /does not describe a model/],
      [text.replace("parfocal_model: 1", "parfocal_model: 2"), /parfocal_model/],
      [text.replace(/pixel_size: .*/, "pixel_size: -1"), /pixel_size/],
      [text.replace(/task: .*/, "task: cook"), /task/],
    ];
    for (const [content, why] of damaged) {
      await writeFile(description, content);
      await expect(loadModel(folder)).rejects.toMatchObject({ code: "model.unfit", message: why });
    }
  });
});

describe("the model of a training", () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(Infinity, -Infinity, NaN, 0, -0, 1e-320));
  const optics = fc.record({ na: number, wavelength: number, refractiveIndex: number }, { requiredKeys: [] });
  const described = fc.record({
    scores: fc.dictionary(fc.string(), number),
    optics: fc.array(optics, { minLength: 1, maxLength: 3 }),
    name: fc.string(),
  });

  it("can be read again, whatever its scores, its optics and the names of its stacks are", async () => {
    const { info, onnx } = tinyModel();
    await fc.assert(
      fc.asyncProperty(described, async ({ scores, optics, name }) => {
        const samples = optics.map((of) => ({ name, stack: { ...blurredStack(1, 16, 16, 1), optics: of } }));
        const report = { loss: 1, scores, groups: [], draw: async () => "" };
        const written = { ...info, ...describeModel({ samples }, tinyConfig(), 3, report) };
        await saveModel(folder, written, onnx);
        const { info: read } = await loadModel(folder);
        expect(read.trained_on).toEqual(written.trained_on);
        const finite = Object.entries(scores).filter(([, value]) => Number.isFinite(value));
        // YAML has one zero.
        expect(Object.entries(read.validation).map(([key, value]) => [key, value + 0])).toEqual(
          finite.map(([key, value]) => [key, value + 0]),
        );
        const [{ na }] = optics;
        const common = na !== undefined && na > 0 && Number.isFinite(na) && optics.every((one) => one.na === na);
        expect(read.optics.na).toBe(common ? na : undefined);
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  it("that could not be read again is not written over one that can", async () => {
    const { info, onnx } = tinyModel();
    await saveModel(folder, info, onnx);
    for (const bad of [{ validation: { psnr: Infinity } }, { pixel_size: 0 }, { steps: 0.5 }]) {
      await expect(saveModel(folder, { ...info, ...bad }, Uint8Array.of(1))).rejects.toMatchObject({
        code: "model.unfit",
      });
    }
    expect((await loadModel(folder)).info).toEqual(info);
  });

  it("is refused when a bit of its weights was flipped, and taken when it has no checksum", async () => {
    const { info, onnx } = tinyModel();
    await saveModel(folder, info, onnx);
    const [path, description] = [join(folder, "model.onnx"), join(folder, "model.yaml")];
    for (const at of [0, onnx.length >> 1, onnx.length - 1]) {
      await writeFile(path, onnx.with(at, onnx[at] ^ 16));
      await expect(loadModel(folder)).rejects.toMatchObject({
        code: "file.corrupt",
        message: /model\.onnx is damaged.*Copy the model again.*delete the line onnx_crc32/,
      });
    }
    await writeFile(path, onnx.subarray(0, onnx.length - 1));
    await expect(loadModel(folder)).rejects.toMatchObject({ code: "file.corrupt" });
    const text = await readFile(description, "utf8");
    expect(text).toMatch(/^onnx_crc32: [0-9a-f"]+$/m);
    await writeFile(description, text.replace(/^onnx_crc32: .*\n/m, ""));
    expect((await loadModel(folder)).onnx).toHaveLength(onnx.length - 1);
  });
});

describe("refocusing a file", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openNativeRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());

  const [depth, height, width] = [3, 40, 52];
  const stack = (own: Partial<Image> = {}): Image => {
    const data = new Uint16Array(depth * height * width);
    for (let z = 0; z < depth; z++) data.set(testPlane(width, height, z).data.map(Math.round), z * height * width);
    return {
      axes: "ZYX",
      shape: [depth, height, width],
      dtype: "uint16",
      pixelSize: { y: 0.3, x: 0.3 },
      zStep: 1,
      data,
      ...own,
    };
  };
  const open = async (image: Image): Promise<ImageFile> => {
    const path = join(folder, "input.ome.tif");
    await writeImage(path, image, { force: true });
    return openImage(path);
  };
  const refocusTo = async (
    output: string,
    options: Partial<RefocusFileOptions> & { of?: Image; model?: RefocusModel } = {},
  ) => {
    const { of = stack(), model = tinyModel(), ...rest } = options;
    const file = await open(of);
    try {
      return await refocusFile(fileStorage, model, runtime, file, join(folder, output), {
        distances: [-2, 0, 2],
        planes: [1],
        ...rest,
      });
    } finally {
      await file.close();
    }
  };
  const readBack = async (name: string): Promise<Image> => {
    const file = await openImage(join(folder, name));
    try {
      return await readAll(file);
    } finally {
      await file.close();
    }
  };

  it("writes one plane per distance, of the input's type and calibration, tiled or not", async () => {
    const result = await refocusTo("out.tif");
    expect(result.planes_um).toEqual([-2, 0, 2]);
    const out = await readBack("out.tif");
    expect(out).toMatchObject({ axes: "ZYX", shape: [3, height, width], dtype: "uint16", zStep: 2 });
    expect(out.pixelSize?.x).toBeCloseTo(0.3, 5);
    expect(new Set(out.data).size).toBeGreaterThan(100);
    await refocusTo("tiles.tif", { tileSize: 17 });
    const tiles = await readBack("tiles.tif");
    // Rounding to whole counts may fall to either side.
    expect(Math.max(...Array.from(tiles.data, (v, i) => Math.abs(v - out.data[i])))).toBeLessThanOrEqual(1);
  });

  it("rounds and clips to the type, and writes float32 when asked", async () => {
    await refocusTo("float.tif", { dtype: "float32", distances: [1] });
    await refocusTo("counts.tif", { distances: [1] });
    const [float, counts] = [await readBack("float.tif"), await readBack("counts.tif")];
    expect(float.dtype).toBe("float32");
    float.data.forEach((v, i) => {
      expect(Math.abs(Math.min(65535, Math.max(0, v)) - counts.data[i])).toBeLessThanOrEqual(0.501);
    });
  });

  it("an untrained model gives the input plane back, in counts", async () => {
    await refocusTo("same.tif", { model: tinyModel({}, "untrained"), distances: [3] });
    expect(Array.from((await readBack("same.tif")).data)).toEqual(
      Array.from(stack().data.subarray(height * width, 2 * height * width)),
    );
  });

  it("has no z step for distances that are uneven", async () => {
    await refocusTo("uneven.tif", { distances: [-2, 0, 3] });
    expect((await readBack("uneven.tif")).zStep).toBeUndefined();
  });

  it("takes the planes of a model with two, of the channel that was chosen", async () => {
    const model = tinyModel({ input_offsets: [0, 2] }, "untrained");
    const two = new Uint16Array(2 * depth * height * width);
    two.set(stack().data);
    two.set(
      stack().data.map((v) => 2 * v),
      stack().data.length,
    );
    const of = stack({ axes: "CZYX", shape: [2, depth, height, width], data: two });
    await refocusTo("two.tif", { model, of, channel: 1, planes: [0], distances: [0] });
    expect(Array.from((await readBack("two.tif")).data)).toEqual(
      Array.from(two.subarray(stack().data.length, stack().data.length + height * width)),
    );
    await expect(refocusTo("none.tif", { model, of, planes: [0] })).rejects.toMatchObject({ code: "usage" });
  });

  it("measures the image once for surface, direction and output, which are those of each alone", async () => {
    const direction = { gain: 1, bias: 0, regions: 10, accuracy: 0.75 };
    const model = tinyModel({ direction, distance_range: [-2, 2] });
    const file = await open(stack());
    const reads: number[] = [];
    const counted: ImageFile = {
      ...file,
      readPlane(index, region) {
        reads.push(index.z ?? 0);
        return file.readPlane(index, region);
      },
    };
    const counts: string[] = [];
    const options = { distances: [-1, 1], planes: [1] };
    const run = await refocusFile(fileStorage, model, runtime, counted, join(folder, "run.tif"), {
      ...options,
      surface: "auto",
      direction: true,
      onProgress: ({ what, done, total }) => done === total && counts.push(what),
    });
    // Planes that the model does not get are read for the normalisation only.
    expect(reads.filter((z) => z !== 1).sort()).toEqual([0, 2]);
    expect(counts).toEqual(["planes for the surface", "tiles refocused"]);
    const image = await openRefocusable(model, runtime, file, { planes: [1] });
    const found = await findSurface(image);
    expect(run.surface).toMatchObject({ from: "scan", range_um: found.range });
    expect(run.surface?.regions.map(({ distance_um }) => distance_um)).toEqual(found.samples.map(({ z }) => z));
    expect(run.direction).toEqual(await directionOfImage(image));
    expect(run.direction).toMatchObject({ accuracy: 0.75 });
    expect(textsOf(run.warnings).join()).toMatch(
      /One input plane cannot tell.*Here: confidence 0\.\d\d over \d+ regions/,
    );
    await refocusFile(fileStorage, model, runtime, file, join(folder, "alone.tif"), {
      ...options,
      surface: found.read,
    });
    await file.close();
    expect(await readFile(join(folder, "run.tif"))).toEqual(await readFile(join(folder, "alone.tif")));
  });

  describe("warns", () => {
    const warnings = async (options: Parameters<typeof refocusTo>[1]): Promise<string> =>
      textsOf((await refocusTo("w.tif", { force: true, distances: [1], ...options })).warnings).join("\n");

    it("of distances that the model never learnt, and of nothing else", async () => {
      expect(await warnings({ distances: [-5, 0, 4, 6] })).toMatch(/Distances -5, 6 um lie outside.*-4 to 4/);
      const model = tinyModel({ input_offsets: [0, 1] });
      expect(await warnings({ model, distances: [-4, 4], of: stack({ optics: { na: 0.8 } }) })).toBe("");
    });
    it("of a single plane, which has no direction", async () => {
      expect(await warnings({})).toMatch(/One input plane cannot tell/);
    });
    it("of pixels of another size, and of an unknown one", async () => {
      expect(await warnings({ of: stack({ pixelSize: { y: 0.45, x: 0.45 } }) })).toMatch(
        /resampled to the model's 0\.3/,
      );
      const { pixelSize: _, ...uncalibrated } = stack();
      expect(await warnings({ of: uncalibrated })).toMatch(/pixel size is not known.*`pixel_size <your pixel size>`/);
    });
    it("of another objective", async () => {
      expect(await warnings({ of: stack({ optics: { na: 1.2 } }) })).toMatch(/numerical aperture is 1\.2.*0\.8/);
    });
  });

  describe("leaves nothing half-written", () => {
    const rest = async (): Promise<string[]> => (await readdir(folder)).filter((name) => !name.startsWith("input"));

    it("when it is stopped", async () => {
      const stop = new AbortController();
      const work = refocusTo("out.tif", {
        tileSize: 16,
        signal: stop.signal,
        onProgress: ({ done }) => {
          if (done === 5) stop.abort();
        },
      });
      await expect(work).rejects.toMatchObject({ code: "interrupted" });
      expect(await rest()).toEqual([]);
    });

    it("when it is stopped before the first pixel is read", async () => {
      const work = refocusTo("out.tif", { signal: AbortSignal.abort() });
      await expect(work).rejects.toMatchObject({ code: "interrupted" });
      expect(await rest()).toEqual([]);
    });

    it("when the model is damaged, or the image fails half way", async () => {
      const { onnx, ...model } = tinyModel();
      const broken = { ...model, onnx: onnx.slice(0, onnx.length / 2) };
      await expect(refocusTo("out.tif", { model: broken })).rejects.toMatchObject({ code: "model.unfit" });
      const file = await open(stack());
      let reads = 0;
      const failing: ImageFile = {
        ...file,
        readPlane(index, region) {
          if (++reads > 6) throw new Error("the disk is gone");
          return file.readPlane(index, region);
        },
      };
      const work = refocusFile(fileStorage, tinyModel(), runtime, failing, join(folder, "out.tif"), {
        distances: [1],
        planes: [1],
        tileSize: 16,
      });
      await expect(work).rejects.toThrow("the disk is gone");
      await file.close();
      expect(await rest()).toEqual([]);
    });

    it("when every pixel is the same", async () => {
      const of = stack({ data: new Uint16Array(depth * height * width).fill(7) });
      await expect(refocusTo("out.tif", { of })).rejects.toMatchObject({ code: "image.unfit" });
      expect(await rest()).toEqual([]);
    });

    it("and touches no existing output without force", async () => {
      await writeFile(join(folder, "out.tif"), "precious");
      await expect(refocusTo("out.tif")).rejects.toMatchObject({ code: "output.exists", exitCode: 2 });
      expect(await readFile(join(folder, "out.tif"), "utf8")).toBe("precious");
      await refocusTo("out.tif", { force: true });
      expect((await readBack("out.tif")).shape).toEqual([3, height, width]);
    });
  });
});
