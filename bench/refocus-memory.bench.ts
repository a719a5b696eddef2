/**
 * How much memory does refocusing a large image take, and how long? Writes a two-plane 8192 x 8192 uint16 stack of noise and
 * a model of the small preset with random weights, refocuses it to one distance in a process of its own, and prints that
 * process's largest resident set.
 *
 * npm run bench:memory [-- --size 8192 --tile-size 512]
 */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { Random } from "../src/array/random.ts";
import { Graph } from "../src/graph/graph.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { createImageWriter } from "../src/image/write-image.node.ts";
import { loadModel, saveModel } from "../src/models/model-folder.node.ts";
import { modelFor } from "../src/models/model-info.ts";
import { deepZPresets } from "../src/models/networks/deep-z.ts";
import { deepZRefocus } from "../src/models/networks/deep-z-refocus.ts";
import { initialWeights, trainableParameters } from "../src/models/networks/parameters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { refocusFile } from "../src/tasks/refocus-file.ts";
import { exportDeepZ } from "../src/train/methods/deep-z-steps.ts";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "8192" },
    "tile-size": { type: "string", default: "512" },
    threads: { type: "string", default: "2" },
    inside: { type: "string" },
  },
});
const size = Number(values.size);

if (values.inside === undefined) await measure();
else await refocusOnce(values.inside);

async function measure(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "parfocal-memory-"));
  try {
    await writeStack(join(folder, "stack.tif"));
    await writeModel(join(folder, "model"));
    const args = [
      process.argv[1],
      "--inside",
      folder,
      "--size",
      values.size,
      "--tile-size",
      values["tile-size"],
      "--threads",
      values.threads,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    console.log(stdout.trim());
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function refocusOnce(folder: string): Promise<void> {
  const model = modelFor(await loadModel(join(folder, "model")), "refocus");
  const runtime = await openNativeRuntime({ threads: Number(values.threads) });
  const file = await openImage(join(folder, "stack.tif"));
  const before = process.resourceUsage().maxRSS;
  const { seconds } = await refocusFile(fileStorage, model, runtime, file, join(folder, "refocused.tif"), {
    distances: [1],
    tileSize: Number(values["tile-size"]),
  });
  await file.close();
  await runtime.close();
  const mebibytes = (kilobytes: number): string => (kilobytes / 1024).toFixed(0);
  const peak = process.resourceUsage().maxRSS;
  console.log(
    `${size} x ${size}, tiles of ${values["tile-size"]}: ${seconds.toFixed(1)} s, peak memory ${mebibytes(peak)} MiB (${mebibytes(before)} MiB before the first tile)`,
  );
}

async function writeStack(path: string): Promise<void> {
  const random = new Random(1);
  const info = {
    axes: "ZYX",
    shape: [2, size, size],
    dtype: "uint16" as const,
    pixelSize: { y: 0.325, x: 0.325 },
    zStep: 2,
  };
  const writer = await createImageWriter(path, info);
  for (let z = 0; z < 2; z++) {
    for (let y = 0; y < size; y += 256) {
      const rows = Float32Array.from({ length: Math.min(256, size - y) * size }, () => 1000 * random.uniform());
      await writer.writeRows({ z }, y, rows);
    }
  }
  await writer.finish();
}

async function writeModel(folder: string): Promise<void> {
  const architecture = deepZPresets.small;
  const graph = new Graph();
  const { parameters, specs } = trainableParameters(graph);
  const network = { architecture, offsets: [0, 2], range: [-4, 4] as const };
  deepZRefocus(graph.input("image", [1, 3, 64, 64]), network, { parameters, fixed: parameters, form: "portable" });
  await saveModel(
    folder,
    {
      parfocal_model: 1,
      parfocal_version: "bench",
      created: new Date().toISOString(),
      experiment_name: "bench",
      task: "refocus",
      method: "deep-z",
      preset: "small",
      architecture,
      input_offsets: [0, 2],
      distance_range: [-4, 4],
      pixel_size: 0.325,
      z_step: 1,
      optics: {},
      norm_pmin: 1,
      norm_pmax: 99.9,
      trained_on: [],
      steps: 0,
      seed: 0,
      validation: {},
    },
    exportDeepZ(network, initialWeights(specs, new Random(1))),
  );
}
