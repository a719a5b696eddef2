/**
 * How fast are files read and images scored? A stack of 40 planes of 1024 x 1024 counts of 16 bits, read into float32 beside
 * tifffile (uncompressed, in small strips, in the other byte order, deflated with predictor), SSIM of two planes beside
 * scikit-image, and the inspection of the stack beside reading it. Rounds alternate between the two, so that whatever else the
 * machine does falls on both; medians and quartiles of the rounds, ratios are medians of the ratio round by round. Times are those of
 * the clock and of all processors.
 *
 * npm run bench:files [-- --rounds 15 --planes 40 --size 1024 --python /usr/bin/python3]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ImageFile, readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { inspectImage } from "../src/metrics/inspect.ts";
import { ssim } from "../src/metrics/ssim.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    planes: { type: "string", default: "40" },
    size: { type: "string", default: "1024" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const [rounds, planes, size] = [values.rounds, values.planes, values.size].map(Number);
const folder = mkdtempSync(join(tmpdir(), "parfocal-bench-"));

interface Measured {
  /** Milliseconds of the clock and of all processors. */
  wall: number;
  cpu: number;
  /** What both sides must agree on. */
  result: number;
}

async function measured(work: () => Promise<() => number>): Promise<Measured> {
  const [cpuBefore, wallBefore] = [process.cpuUsage(), performance.now()];
  const result = await work();
  const wall = performance.now() - wallBefore;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall, cpu: (user + system) / 1000, result: result() };
}

/** Opens one of the files, and closes it behind the work. */
async function withFile<T>(name: string, work: (file: ImageFile) => Promise<T>): Promise<T> {
  const file = await openImage(join(folder, name));
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

const stackOf = (name: string) => withFile(name, (file) => readStack(file));

/** The sum that the peer makes of what it read. */
function probe(data: Float32Array): number {
  let sum = 0;
  for (let z = 0; z < planes; z++)
    for (let y = 0; y < size; y += 7) for (let x = 0; x < size; x += 5) sum += data[(z * size + y) * size + x];
  return sum;
}

/** Every plane by itself, as most commands read. */
async function planeByPlane(name: string): Promise<number> {
  return withFile(name, async (file) => {
    let sum = 0;
    for (let z = 0; z < planes; z++) sum += (await file.readPlane({ z }))[0];
    return sum;
  });
}

function spread(numbers: number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))].toPrecision(3);
  return `${at(0.5)} (${at(0.25)}..${at(0.75)})`;
}

function print(name: string, ours: Measured[], theirs: Measured[]): void {
  const ratio = (key: "wall" | "cpu") => spread(ours.map((one, i) => one[key] / theirs[i][key]));
  const cells = [ours, theirs].flatMap((side) => [spread(side.map((m) => m.wall)), spread(side.map((m) => m.cpu))]);
  console.log([name.padEnd(34), ...[...cells, ratio("wall"), ratio("cpu")].map((cell) => cell.padEnd(26))].join(""));
}

try {
  const script = fileURLToPath(new URL("../../bench/files_and_scores.py", import.meta.url));
  const peer = spawn(values.python, [script, folder, values.planes, values.size], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await answers.next()).value ?? "null");
  const ask = async (command: string): Promise<Measured> => {
    peer.stdin.write(`${command}\n`);
    return answer();
  };
  const versions = Object.entries(await answer()).map(([name, version]) => `${name} ${version}`);
  console.log(
    `${planes} planes of ${size} x ${size}, uint16; ${rounds} rounds; node ${process.version}, ${versions.join(", ")}`,
  );
  console.log("Milliseconds, median (quartiles), of the clock and of all processors.\n");
  const columns = ["", "ours", "ours, CPU", "peer", "peer, CPU", "ours / peer", "CPU"];
  console.log(columns.map((text, i) => text.padEnd(i === 0 ? 34 : 26)).join(""));

  const stack = await stackOf("plain.tif");
  const [first, second] = [planes >> 1, (planes >> 1) + 1].map((z) => ({
    data: Uint16Array.from(stack.data.subarray(z * size * size, (z + 1) * size * size)),
    height: size,
    width: size,
  }));
  const reading = (name: string) => async () => {
    const { data } = await stackOf(name);
    return () => probe(data);
  };
  const cases: [name: string, command: string, work: () => Promise<() => number>][] = [
    ["read, uncompressed", "read plain.tif", reading("plain.tif")],
    ["read, strips of 4 rows", "read strips.tif", reading("strips.tif")],
    ["read, other byte order", "read swapped.tif", reading("swapped.tif")],
    ["read, deflate, predictor", "read deflate.tif", reading("deflate.tif")],
    ["read, the same, 1 strip a plane", "read whole.tif", reading("whole.tif")],
    [
      "SSIM",
      "ssim",
      async () => {
        const value = ssim(first, second, 65535);
        return () => value;
      },
    ],
  ];
  for (const [name, command, work] of cases) {
    const [ours, theirs]: Measured[][] = [[], []];
    for (let round = -2; round < rounds; round++) {
      const pair = [await measured(work), await ask(command)];
      if (!(Math.abs(pair[0].result - pair[1].result) <= 1e-6 * Math.abs(pair[1].result))) {
        throw new Error(`${name}: ${pair[0].result} here, ${pair[1].result} there.`);
      }
      // The first two warm both sides up.
      if (round < 0) continue;
      ours.push(pair[0]);
      theirs.push(pair[1]);
    }
    print(name, ours, theirs);
  }
  peer.stdin.end();

  console.log("\nInspection of the stack, beside reading its planes one by one:");
  const [inspected, read]: Measured[][] = [[], []];
  for (let round = -1; round < Math.ceil(rounds / 3); round++) {
    const pair = [
      await measured(async () => {
        const { exposure } = await withFile("plain.tif", (file) => inspectImage(file));
        return () => exposure[0].max;
      }),
      await measured(async () => {
        const sum = await planeByPlane("plain.tif");
        return () => sum;
      }),
    ];
    if (round < 0) continue;
    inspected.push(pair[0]);
    read.push(pair[1]);
  }
  print("inspect / reading", inspected, read);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
