/**
 * How fast is our Richardson-Lucy beside scikit-image's on the same image, PSF and iterations, in the same minutes? Rounds
 * alternate between the two; medians and quartiles of the rounds, ratios round by round, and how far the results differ.
 * Ours with edges as scikit-image has them (`zero`) is the like-for-like row; `extend` is what users get.
 *
 * npm run bench:deconvolution [-- --rounds 7 --python /usr/bin/python3]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Random } from "../src/array/random.ts";
import { richardsonLucy } from "../src/classical/deconvolution/richardson-lucy.ts";
import type { Volume } from "../src/classical/deconvolution/volume.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, python: { type: "string", default: "/usr/bin/python3" } },
});
const rounds = Number(values.rounds);
const cases = [
  { shape: [1, 512, 512], psf: [1, 33, 33], iterations: 20 },
  { shape: [1, 1024, 1024], psf: [1, 33, 33], iterations: 10 },
  { shape: [32, 256, 256], psf: [15, 33, 33], iterations: 5 },
];

const random = new Random(1);
const folder = mkdtempSync(join(tmpdir(), "parfocal-bench-"));
const save = (name: string, data: Float32Array) => {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return path;
};

function volume([depth, height, width]: number[], value: (z: number, y: number, x: number) => number): Volume {
  const data = new Float32Array(depth * height * width);
  let i = 0;
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[i++] = value(z, y, x);
  return { depth, height, width, data };
}

function bell(shape: number[]): Volume {
  const [a, b, c] = shape.map((n) => (n - 1) / 2);
  const drawn = volume(shape, (z, y, x) =>
    Math.exp(-(((z - a) / 3) ** 2 + ((y - b) / (3 + Math.abs(z - a))) ** 2 + ((x - c) / (3 + Math.abs(z - a))) ** 2)),
  );
  const sum = drawn.data.reduce((p, q) => p + q, 0);
  return { ...drawn, data: drawn.data.map((v) => v / sum) };
}

async function scikitImage(): Promise<{ ask(job: object): Promise<number>; version: string; stop(): void }> {
  const script = new URL("../../bench/deconvolution.py", import.meta.url).pathname;
  const child = spawn(values.python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hello = await lines.next();
  if (hello.done)
    throw new Error(`${values.python} has no scikit-image: apt-get install python3-skimage, or give --python`);
  return {
    version: String(hello.value).replace("ready ", ""),
    async ask(job) {
      child.stdin.write(`${JSON.stringify(job)}\n`);
      return Number((await lines.next()).value);
    },
    stop: () => child.kill(),
  };
}

const quartiles = (all: readonly number[]) => {
  const sorted = [...all].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((q) => sorted[Math.round(q * (sorted.length - 1))]);
};
const show = (seconds: readonly number[], iterations: number) => {
  const [low, middle, high] = quartiles(seconds).map((s) => ((1000 * s) / iterations).toFixed(1));
  return `${middle} (${low}-${high})`;
};

const peer = await scikitImage();
console.log(`Milliseconds an iteration, median (quartiles) of ${rounds} rounds, ${peer.version}, one thread each\n`);
console.log("| image | PSF | scikit-image | ours, zero edges | ratio | ours, extended edges | largest difference |");
console.log("|---|---|---|---|---|---|---|");
for (const { shape, psf: psfShape, iterations } of cases) {
  const image = volume(shape, () => 0.01 + random.uniform() ** 4);
  const psf = bell(psfShape);
  const flat = shape[0] === 1;
  const job = {
    shape: flat ? shape.slice(1) : shape,
    psf_shape: flat ? psfShape.slice(1) : psfShape,
    iterations,
    image: save("image.raw", image.data),
    psf: save("psf.raw", psf.data),
    output: join(folder, "output.raw"),
  };
  const ours = async (edges: "zero" | "extend") => {
    const start = performance.now();
    const result = await richardsonLucy(image, psf, { iterations, edges });
    return { seconds: (performance.now() - start) / 1000, result };
  };
  const times = { peer: [] as number[], zero: [] as number[], extend: [] as number[] };
  let difference = 0;
  for (let round = -1; round < rounds; round++) {
    const theirs = await peer.ask(job);
    const zero = await ours("zero");
    const extend = await ours("extend");
    if (round < 0) {
      const bytes = readFileSync(job.output);
      const expected = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const largest = expected.reduce((a, b) => Math.max(a, b), 0);
      zero.result.forEach((v, i) => {
        difference = Math.max(difference, Math.abs(v - expected[i]) / largest);
      });
      continue;
    }
    times.peer.push(theirs);
    times.zero.push(zero.seconds);
    times.extend.push(extend.seconds);
  }
  const ratio = quartiles(times.zero.map((t, i) => times.peer[i] / t))[1];
  console.log(
    `| ${shape.join(" x ")} | ${psfShape.join(" x ")} | ${show(times.peer, iterations)} | ${show(times.zero, iterations)} | ` +
      `${ratio.toFixed(2)} times as fast | ${show(times.extend, iterations)} | ${difference.toExponential(1)} of the peak |`,
  );
}
peer.stop();
rmSync(folder, { recursive: true });
