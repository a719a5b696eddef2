/**
 * How fast do we train and infer, beside PyTorch on the same cores in the same minutes? Rounds alternate between the two, so
 * that whatever else the machine does falls on both; medians and the spread (quartiles) of the rounds are printed, ratios are
 * medians of the ratio round by round. Everything is also shown as a share of the matrix-product ceiling of that run.
 *
 * node dist-bench/bench/unet.bench.js [--rounds 15] [--threads 2] [--python /usr/bin/python3]   (npm run bench:unet)
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Tensor } from "../src/graph/graph.ts";
import { Graph } from "../src/graph/graph.ts";
import { matMul } from "../src/graph/operators/matmul.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { adamScalars } from "../src/train/adam.ts";
import { unetInference, unetTraining } from "./unet.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);

/** Floating-point operations (two per multiply-add) of the network per pixel of its input, forward. */
const flopsPerPixel = (() => {
  const f = 32;
  const conv = (a: number, b: number): number => 18 * a * b;
  const levels = [conv(1, f) + conv(f, f) + conv(3 * f, f) + conv(f, f) + 2 * f];
  levels.push(conv(f, 2 * f) + conv(2 * f, 2 * f) + conv(6 * f, 2 * f) + conv(2 * f, 2 * f));
  levels.push(conv(2 * f, 4 * f) + conv(4 * f, 4 * f) + conv(12 * f, 4 * f) + conv(4 * f, 4 * f));
  levels.push(conv(4 * f, 8 * f) + conv(8 * f, 8 * f));
  return levels.reduce((sum, flops, level) => sum + flops / 4 ** level, 0);
})();

const noise = (shape: number[]): Tensor => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 31 - 1;
  }
  return { type: "float32", shape, data };
};
const scalar = (value: number): Tensor => ({ type: "float32", shape: [], data: Float32Array.of(value) });

async function torchPeer(): Promise<((what: string) => Promise<number>) & { version?: string; stop?: () => void }> {
  const script = new URL("../../bench/unet_torch.py", import.meta.url).pathname;
  const child = spawn(values.python, [script, values.threads], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hello = await lines.next();
  if (hello.done) throw new Error(`${values.python} has no PyTorch: apt-get install python3-torch, or give --python`);
  const ask = async (what: string): Promise<number> => {
    child.stdin.write(`${what}\n`);
    return Number((await lines.next()).value);
  };
  return Object.assign(ask, { version: String(hello.value), stop: () => child.kill() });
}

const runtime = await openNativeRuntime({ device: "cpu", threads });
const training = await runtime.open(unetTraining(4, 128));
const inference = await runtime.open(unetInference(1024));
const product = new Graph();
let chain = product.input("a", [1024, 1024]);
const b = product.input("b", [1024, 1024]);
for (let i = 0; i < 8; i++) chain = matMul(chain, b);
product.output("c", chain);
const ceiling = await runtime.open({ graphs: { product } });
const [image, target, large, matrix] = [
  noise([4, 1, 128, 128]),
  noise([4, 1, 128, 128]),
  noise([1, 1, 1024, 1024]),
  noise([1024, 1024]),
];
for (let i = 0; i < matrix.data.length; i++) matrix.data[i] /= 32;
let step = 0;
const ours: Record<string, () => Promise<unknown>> = {
  train() {
    const { rate, correction } = adamScalars(1e-4, ++step);
    return training.run("step", { image, target, rate: scalar(rate), correction: scalar(correction) });
  },
  infer: () => inference.run("predict", { image: large }),
  matmul: () => ceiling.run("product", { a: matrix, b: matrix }),
};
const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
};

const torch = await torchPeer();
const cases = ["train", "infer", "matmul"] as const;
const times = new Map<string, number[]>();
const note = (key: string, seconds: number): void => {
  times.set(key, [...(times.get(key) ?? []), seconds]);
};
for (let round = -2; round < rounds; round++) {
  for (const name of cases) {
    // Several in a row, so that each side runs with its own data in the caches.
    const repeats = name === "infer" ? 1 : 4;
    for (const [who, run] of [
      ["ours", () => timed(ours[name])],
      ["torch", () => torch(name)],
      ["torch_default", () => (name === "matmul" ? Promise.resolve(Number.NaN) : torch(`${name}_default`))],
    ] as const) {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < repeats; i++) best = Math.min(best, await run());
      if (round >= 0) note(`${who} ${name}`, best);
    }
  }
}
torch.stop?.();
await runtime.close();

const quantile = (list: readonly number[], q: number): number =>
  [...list].sort((x, y) => x - y)[Math.floor(q * (list.length - 1))];
const list = (key: string): number[] => times.get(key) ?? [];
const flops = {
  train: 3 * flopsPerPixel * 4 * 128 * 128,
  infer: flopsPerPixel * 1024 * 1024,
  matmul: 8 * 2 * 1024 ** 3,
};
const peak = flops.matmul / Math.min(quantile(list("ours matmul"), 0.5), quantile(list("torch matmul"), 0.5)) / 1e9;
console.log(
  `${torch.version?.replace("ready", "PyTorch")}, ${threads} threads, ${rounds} rounds; ceiling (matrix product 1024^3) ${peak.toFixed(0)} GF/s`,
);
for (const name of cases) {
  for (const who of ["ours", "torch", "torch_default"]) {
    const t = list(`${who} ${name}`);
    if (t.some(Number.isNaN)) continue;
    const [low, mid, high] = [0.25, 0.5, 0.75].map((q) => quantile(t, q));
    const share = flops[name] / mid / 1e9 / peak;
    const ratio = quantile(
      t.map((s, i) => s / list(`torch ${name}`)[i]),
      0.5,
    );
    console.log(
      `${name.padEnd(7)} ${who.padEnd(14)} ${(mid * 1e3).toFixed(0).padStart(6)} ms (${(low * 1e3).toFixed(0)}-${(high * 1e3).toFixed(0)})  ${(100 * share).toFixed(0).padStart(3)} % of the ceiling  ${ratio.toFixed(2)} x PyTorch channels-last`,
    );
  }
}
