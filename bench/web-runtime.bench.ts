/**
 * How much slower is the web runtime, which takes over where onnxruntime-node is not installed? Training steps of a small Deep-Z with
 * its defaults, and refocusing a tile of 512 x 512 pixels, in turns on both runtimes, so that whatever else the machine does falls on
 * both; medians, quartiles, and the median of the ratio round by round.
 *
 * npm run bench:web-runtime [-- --rounds 9 --threads 2]
 */
import { parseArgs } from "node:util";
import { Random } from "../src/array/random.ts";
import { percentile } from "../src/array/statistics.ts";
import type { Tensor } from "../src/graph/graph.ts";
import { Graph } from "../src/graph/graph.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { deepZPresets } from "../src/models/networks/deep-z.ts";
import { deepZRefocus } from "../src/models/networks/deep-z-refocus.ts";
import { initialWeights, trainableParameters } from "../src/models/networks/parameters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { openWebRuntimeThread } from "../src/run/web.node.ts";
import { resolveConfig } from "../src/train/config.ts";
import { initialState } from "../src/train/initial-state.ts";
import { exportDeepZ } from "../src/train/methods/deep-z-steps.ts";
import { createLearner } from "../src/train/model-pixels.ts";
import { runSteps } from "../src/train/run-steps.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, threads: { type: "string", default: "2" } },
});
const [rounds, threads] = [Number(values.rounds), Number(values.threads)];

const random = new Random(1);
const noise = (length: number): Float32Array<ArrayBuffer> => Float32Array.from({ length }, () => random.uniform());
const data = noise(9 * 256 * 256);
const stack = {
  data,
  depth: 9,
  height: 256,
  width: 256,
  pixelSize: { y: 0.325, x: 0.325 },
  zStep: 1,
  dtype: "float32" as const,
};
const samples = [{ name: "noise", stack }];
const config = resolveConfig({ method: "deep-z", input_offsets: [0, 2], distance_range: [-4, 4] }, samples);
const learner = await createLearner({ samples }, config);
const batch = await learner.batchAt(1);

const side = 568;
const graph = new Graph();
const { parameters, specs } = trainableParameters(graph);
const network = { architecture: deepZPresets.small, offsets: [0, 2], range: [-4, 4] as const };
deepZRefocus(graph.input("image", [1, 3, 64, 64]), network, { parameters, fixed: parameters, form: "portable" });
const onnx = exportDeepZ(network, initialWeights(specs, new Random(1)));
const image: Tensor = { type: "float32", shape: [1, 3, side, side], data: noise(3 * side * side) };

async function jobsOf(runtime: Runtime) {
  const graphs = Object.fromEntries(learner.steps.map((step) => [step.name, step.graph]));
  const training = await runtime.open({ graphs, state: initialState(learner, 0) });
  const inference = await runtime.open({ graphs: { network: readOnnx(onnx, { batch: 1, y: side, x: side }) } });
  let step = 0;
  return {
    train: () => runSteps(training, learner, batch, config, ++step, 1000),
    refocus: () => inference.run("network", { image }),
  };
}

const runtimes = { native: await openNativeRuntime({ threads }), web: await openWebRuntimeThread({ threads }) };
const jobs = { native: await jobsOf(runtimes.native), web: await jobsOf(runtimes.web) };
console.log(`${threads} threads, ${rounds} rounds`);
for (const what of ["train", "refocus"] as const) {
  const seconds: Record<"native" | "web", number[]> = { native: [], web: [] };
  for (let round = -1; round < rounds; round++) {
    for (const who of ["native", "web"] as const) {
      const start = performance.now();
      await jobs[who][what]();
      if (round >= 0) seconds[who].push((performance.now() - start) / 1000);
    }
  }
  const at = (list: readonly number[], q: number): number => percentile(Float32Array.from(list), 100 * q);
  for (const who of ["native", "web"] as const) {
    const [low, mid, high] = [0.25, 0.5, 0.75].map((q) => at(seconds[who], q).toFixed(3));
    console.log(
      `${what.padEnd(8)} ${who.padEnd(7)} ${mid} s (${low}-${high}), fastest ${Math.min(...seconds[who]).toFixed(3)} s`,
    );
  }
  const ratios = seconds.web.map((one, i) => one / seconds.native[i]);
  console.log(
    `${what.padEnd(8)} web / native: ${at(ratios, 0.5).toFixed(1)} (${at(ratios, 0.25).toFixed(1)}-${at(ratios, 0.75).toFixed(1)})`,
  );
}
for (const runtime of Object.values(runtimes)) await runtime.close();
