/**
 * How fast is single-shot autofocus on an image of 1024 x 1024, beside the same network in PyTorch? Runs alternate between the two; medians and
 * quartiles are printed, and the median of the ratio pair by pair.
 *
 *     npm run bench:autofocus -- [--rounds 60] [--threads 2] [--python /usr/bin/python3]
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Random } from "../src/array/random.ts";
import { Graph } from "../src/graph/graph.ts";
import { autofocusNetwork, autofocusPresets } from "../src/models/networks/autofocus.ts";
import { constantParameters, initialWeights, trainableParameters } from "../src/models/networks/parameters.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "60" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const [rounds, threads] = [Number(values.rounds), Number(values.threads)];
const side = 1024;

const quartiles = (all: readonly number[]): number[] => {
  const sorted = [...all].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
};
const told = (all: readonly number[]): string => {
  const [low, middle, high] = quartiles(all).map((ms) => ms.toFixed(2));
  return `${middle} ms (${low} to ${high})`;
};

console.log(`1024 x 1024, ${threads} threads, ${rounds} rounds; medians (quartiles)`);
const runtime = await openNativeRuntime({ threads, device: "cpu" });
for (const [preset, architecture] of Object.entries(autofocusPresets)) {
  const shapes = new Graph();
  const { parameters, specs } = trainableParameters(shapes);
  autofocusNetwork(shapes.input("image", [1, 1, side, side]), architecture, parameters);
  // Weights as constants, as in a finished model.
  const graph = new Graph();
  const weights = constantParameters(graph, initialWeights(specs, new Random(1)));
  graph.output("focus", autofocusNetwork(graph.input("image", [1, 1, side, side]), architecture, weights));
  const session = await runtime.open({ graphs: { network: graph } });
  const random = new Random(2);
  const image = {
    type: "float32" as const,
    shape: [1, 1, side, side],
    data: Float32Array.from({ length: side * side }, () => random.uniform()),
  };
  const run = async (): Promise<number> => {
    const begun = performance.now();
    await session.run("network", { image });
    return performance.now() - begun;
  };
  const peer = spawn(values.python, [new URL("../../bench/autofocus_torch.py", import.meta.url).pathname], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  peer.stdin.write(`${JSON.stringify({ threads, side, architecture })}\n`);
  const version = await lines.next();
  if (version.done) throw new Error(`${values.python} has no PyTorch: apt-get install python3-torch, or give --python`);
  const torch = async (): Promise<number> => {
    peer.stdin.write("\n");
    return Number((await lines.next()).value);
  };
  for (let warm = 0; warm < 5; warm++) {
    await run();
    await torch();
  }
  const [ours, theirs]: number[][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ours.push(await run());
    theirs.push(await torch());
  }
  peer.kill();
  await session.close();
  const ratio = quartiles(ours.map((ms, i) => ms / theirs[i]))[1];
  console.log(`${preset}: Parfocal ${told(ours)}, ${version.value} ${told(theirs)}; ratio ${ratio.toFixed(2)}`);
}
await runtime.close();
