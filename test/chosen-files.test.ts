/** What a page has: files that the user chose, a context for tasks, and trainings without a folder. */
import { describe, expect, test } from "vitest";
import {
  browserContext,
  encodeImage,
  memoryStorage,
  memoryTrainingStore,
  modelOfFiles,
  openStoredImage,
  resolveConfig,
  runTask,
  saveStoredModel,
  simulateField,
  storageOfFiles,
  trainModel,
} from "../src/browser.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { tinyArchitecture } from "./helpers/tiny.ts";
import { tinyModel } from "./helpers/tiny-model.ts";

/** A file as a page gets it, of a chosen folder if `path` has one. */
function chosen(path: string, bytes: Uint8Array): File {
  const file = new File([new Uint8Array(bytes)], path.split("/").at(-1) as string);
  return Object.defineProperty(file, "webkitRelativePath", { value: path.includes("/") ? path : "" });
}

const image = { axes: "YX", shape: [2, 3], dtype: "uint16", data: Uint16Array.of(1, 2, 3, 4, 5, 600) } as const;

async function modelFiles(folder: string): Promise<File[]> {
  const storage = memoryStorage();
  const { info, onnx } = tinyModel();
  await saveStoredModel(storage, "saved", info, onnx);
  return Array.from(storage.files, ([path, bytes]) => chosen(path.replace("saved/", folder), bytes));
}

describe("files that a user chose", () => {
  test("are read where they are, beside outputs in memory", async () => {
    const storage = storageOfFiles([
      chosen("stacks/a.tif", encodeImage("a.tif", image)),
      chosen("b.txt", Uint8Array.of(65)),
    ]);
    expect(await storage.kindOf("stacks")).toBe("folder");
    expect(await storage.list(".")).toEqual([
      { name: "b.txt", kind: "file" },
      { name: "stacks", kind: "folder" },
    ]);
    expect(storage.files.size).toBe(0);
    const file = await openStoredImage(storage, "stacks/a.tif");
    expect(Array.from(await file.readPlane({}))).toEqual([1, 2, 3, 4, 5, 600]);
    await expect(storage.checkOutput("b.txt")).rejects.toMatchObject({ code: "output.exists" });
    await storage.append("b.txt", "B");
    expect(new TextDecoder().decode(storage.files.get("b.txt"))).toBe("AB");
    await storage.remove("stacks/a.tif");
    expect(await storage.kindOf("stacks/a.tif")).toBeUndefined();
  });

  test.each(["", "model/", "runs/version_0/model/"])("hold a model, in the folder %j", async (folder) => {
    const { info, onnx } = await modelOfFiles(await modelFiles(folder));
    expect(info).toMatchObject({ method: "deep-z", experiment_name: "tiny" });
    expect(onnx).toEqual(tinyModel().onnx);
  });

  test("hold no model, half of one, or two", async () => {
    const files = await modelFiles("one/");
    await expect(modelOfFiles([])).rejects.toThrow("None of the 0 files is called model.yaml.");
    const half = files.filter(({ name }) => name === "model.yaml");
    await expect(modelOfFiles(half)).rejects.toThrow(/has a model.yaml but no model.onnx/);
    await expect(modelOfFiles([...files, ...(await modelFiles("two/"))])).rejects.toThrow(
      "The files belong to 2 models: one/model.yaml, two/model.yaml.",
    );
  });
});

describe("the context of a browser", () => {
  test("runs a task on files, and tells its progress and warnings where they are wanted", async () => {
    const { images } = await simulateField("beads", { size: 32, planes: 5, beads: 6, seed: 3 });
    const { stack } = images.stack;
    const { data, depth, height, width } = stack;
    const whole = { axes: "ZYX", shape: [depth, height, width], dtype: "float32", data, zStep: 1 } as const;
    const storage = storageOfFiles([chosen("beads.tif", encodeImage("beads.tif", whole))]);
    const told: number[] = [];
    const context = {
      ...browserContext({ storage }),
      onProgress: ({ done }: { done: number }) => void told.push(done),
    };
    const { output, planes_um } = await runTask(
      "refocus",
      { ...(await withModel(storage)), output: "out.tif" },
      context,
    );
    expect(planes_um).toEqual([1]);
    expect(storage.files.has(output)).toBe(true);
    expect(told.length).toBeGreaterThan(0);
  });

  async function withModel(storage: ReturnType<typeof memoryStorage>) {
    const { info, onnx } = tinyModel();
    await saveStoredModel(storage, "model", info, onnx);
    return { image: "beads.tif", model: "model", z: [1], input_planes: [2] };
  }

  test("says what it lacks", async () => {
    const context = browserContext();
    await expect(context.drawPng("<svg/>")).rejects.toThrow("Give `drawing` to browserContext");
    await expect(context.openRuntime({ device: "cuda" })).rejects.toThrow("browsers have no CUDA");
    await expect(runTask("fuse", { stack: "a.tif", output: "b.tif" }, context)).rejects.toMatchObject({
      code: "file.missing",
    });
  });

  test("draws with the module and the font at the given addresses", async () => {
    const { readFileSync } = await import("node:fs");
    const address = (path: string) => `data:;base64,${readFileSync(`node_modules/${path}`).toString("base64")}`;
    const wasm = address("@resvg/resvg-wasm/index_bg.wasm");
    const font = address("@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2");
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"><rect width="4" height="3"/></svg>';
    const png = await browserContext({ drawing: { wasm, font } }).drawPng(svg);
    expect(Array.from(png.subarray(1, 4), (byte) => String.fromCharCode(byte)).join("")).toBe("PNG");
  });
});

test("a training in memory can be stopped and resumed, and gives its model at the end", async () => {
  const { images } = await simulateField("beads", { size: 64, planes: 9, beads: 6, seed: 3 });
  const samples = [{ name: "beads", stack: images.stack.stack }];
  const keys = {
    input_offsets: [0, 2],
    distance_range: [-2, 4],
    patch_size: 32,
    batch_size: 1,
    architecture: tinyArchitecture,
  };
  const config = resolveConfig({ method: "deep-z", num_steps: 4, steps_per_epoch: 2, ...keys }, samples);
  const runtime = await openNativeRuntime({ threads: 1 });
  const store = memoryTrainingStore("tab");
  expect(() => store.model()).toThrow("tab has no model yet");
  const stop = new AbortController();
  const onProgress = ({ step }: { step: number }): void => void (step === 3 && stop.abort());
  const stopped = trainModel(samples, config, { runtime, store, signal: stop.signal, onProgress });
  await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  await trainModel(samples, config, { runtime, store, resume: true });

  const straight = memoryTrainingStore();
  await trainModel(samples, config, { runtime, store: straight });
  expect(store.model().info).toMatchObject({ method: "deep-z", steps: straight.model().info.steps });
  expect(store.model().onnx).toEqual(straight.model().onnx);
  expect(store.metrics.map(({ step }) => step)).toEqual([2, 4]);
  expect(await store.lastReport()?.draw("a title")).toContain("<svg");
});

test("values are written as counts of the image's type, whatever array they are in", async () => {
  for (const [dtype, data, expected] of [
    ["uint16", Float32Array.of(-3, 1.4, 70000, 2.6), [0, 1, 65535, 3]],
    ["float32", Uint8Array.of(1, 2, 3, 255), [1, 2, 3, 255]],
    ["uint8", Uint16Array.of(1, 2, 3, 999), [1, 2, 3, 255]],
  ] as const) {
    const storage = memoryStorage();
    storage.put("a.tif", encodeImage("a.tif", { axes: "YX", shape: [2, 2], dtype, data }));
    const file = await openStoredImage(storage, "a.tif");
    expect(file.dtype).toBe(dtype);
    expect(Array.from(await file.readPlane({}))).toEqual(expected);
  }
});
