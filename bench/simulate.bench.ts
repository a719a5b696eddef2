/**
 * Does the simulator hold training up? A through-focus volume of 41 planes of 256 x 256 with 60 beads, beside numpy and
 * scipy doing the same work: the same beads in the same slices, the same OTFs, grid and camera. Rounds alternate between the two, so that
 * whatever else the machine does falls on both; medians and quartiles of the rounds, ratios are medians of the ratio
 * round by round. OTFs are made once for all fields, before the rounds; what that takes is printed by itself.
 *
 * npm run bench:simulate [-- --rounds 15 --threads 2 --python /usr/bin/python3]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRealFft2, nextFastSize } from "../src/array/fft.ts";
import { Random } from "../src/array/random.ts";
import { cameraOptions } from "../src/optics/camera/camera-options.ts";
import { createSensor, expectedCounts, exposeSensor } from "../src/optics/camera/sensor.ts";
import { transformSlices } from "../src/optics/imaging/superpose.ts";
import { openSuperposePool } from "../src/optics/imaging/superpose-pool.node.ts";
import { drawBall } from "../src/optics/phantom/ball.ts";
import { ballsOf, beadKinds } from "../src/optics/phantom/bead.ts";
import { createOtfBank } from "../src/optics/psf/otf.ts";
import { axialResolution, type Pupil } from "../src/optics/psf/pupil.ts";
import { placeBeads } from "./place-beads.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const rounds = Number(values.rounds);
const pool = openSuperposePool(Number(values.threads));

// The field: as simulateBeads makes it by default, but with 41 planes and 60 beads.
const pupil = { na: 0.8, wavelength: 0.515, refractiveIndex: 1 };
const [size, pixelSize, zStep, beads] = [256, 0.325, 1, 60];
const perStep = Math.ceil(zStep / (0.4 * axialResolution(pupil)));
const sliceStep = zStep / perStep;
const planes = Array.from({ length: 41 }, (_, z) => (z - 20) * perStep);
const margin = (coneRadius(pupil, 20 + 6 + 4) + (10 * pupil.wavelength) / pupil.na) / pixelSize;
const world = nextFastSize(size + margin);
const camera = cameraOptions.parse({ photons: 3000, background: 20, read_noise: 1.5, gain: 2, offset: 100 });

const random = new Random(1);
const placed = placeBeads(
  {
    ...{ beads, kinds: beadKinds, diameter: [1, 8], depthRange: [-6, 6], brightnessSpread: 0.6 },
    ...{ field: size * pixelSize, world: world * pixelSize },
  },
  random,
);
const balls = placed.flatMap((bead) => ballsOf(bead, random));
const inSlice = new Map<number, typeof balls>();
for (const ball of balls) {
  const last = Math.floor((ball.z + ball.radius) / sliceStep + 0.5);
  for (let level = Math.ceil((ball.z - ball.radius) / sliceStep - 0.5); level <= last; level++) {
    inSlice.set(level, [...(inSlice.get(level) ?? []), ball]);
  }
}
const levels = [...inSlice.keys()].sort((a, b) => a - b);

const beforeBank = performance.now();
const bank = createOtfBank(pupil, { pixelSize, step: sliceStep, height: world, width: world });
const farthest = Math.max(levels[levels.length - 1] - planes[0], planes[planes.length - 1] - levels[0]);
const otfs = Array.from({ length: farthest + 1 }, (_, level) => bank.at(level).real);
const bankTime = performance.now() - beforeBank;

const sensor = createSensor(camera, { height: size, width: size });
const phases = ["draw", "transform slices", "superpose", "expose"] as const;

/** One field; the times of its phases, ms. */
async function ourField(seed: number): Promise<{ times: number[]; images: Float32Array }> {
  const plan = createRealFft2(world, world);
  const times = [performance.now()];
  const drawn = levels.map((level) => {
    const image = new Float32Array(world * world);
    const bottom = (level - 0.5) * sliceStep;
    const grid = { height: world, width: world, pixelSize, bottom, top: bottom + sliceStep };
    for (const ball of inSlice.get(level) ?? []) drawBall(image, grid, ball);
    return image;
  });
  times.push(performance.now());
  const slices = transformSlices(plan, levels, (image, s) => image.set(drawn[s]));
  times.push(performance.now());
  const images = new Float32Array(planes.length * size * size);
  let z = 0;
  for await (const image of pool.superpose(plan, slices, planes, bank)) {
    for (let y = 0; y < size; y++) images.set(image.subarray(y * world, y * world + size), (z * size + y) * size);
    z++;
  }
  times.push(performance.now());
  let brightest = 0;
  for (const value of images) if (value > brightest) brightest = value;
  const expected = images.map((value) => expectedCounts(camera, Math.max(0, value / brightest)));
  const counts = new Float32Array(expected.length);
  exposeSensor(sensor, expected, counts, new Random(seed));
  times.push(performance.now());
  return { times: times.slice(1).map((time, i) => time - times[i]), images };
}

interface PeerStart {
  tried: Record<string, number>;
  best: string;
  probe: number[];
  numpy: string;
  scipy: string;
}

const folder = mkdtempSync(join(tmpdir(), "parfocal-bench-"));
try {
  const [job, otfFile] = [join(folder, "job.json"), join(folder, "otfs.f32")];
  const list = balls.map(({ x, y, z, radius, density }) => [x, y, z, radius, density]);
  writeFileSync(job, JSON.stringify({ world, size, pixelSize, sliceStep, levels, planes, balls: list, camera }));
  writeFileSync(otfFile, Buffer.concat(otfs.map((otf) => Buffer.from(otf.buffer, otf.byteOffset, otf.byteLength))));
  const script = fileURLToPath(new URL("../../bench/simulate.py", import.meta.url));
  const peer = spawn(values.python, [script, job, otfFile], { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await answers.next()).value ?? "null");
  const start: PeerStart = await answer();
  compare((await ourField(0)).images, start.probe);
  await ourField(1);

  console.log(
    `${levels.length} slices, ${planes.length} planes of ${size} x ${size} out of ${world} x ${world}, ${balls.length} balls`,
  );
  console.log(`${otfs.length} OTFs made once, in ${bankTime.toFixed(0)} ms`);
  const tried = Object.entries(start.tried).map(([name, seconds]) => `${name} ${(1000 * seconds).toFixed(0)}`);
  console.log(
    `numpy ${start.numpy}, scipy ${start.scipy}: superposition by ${start.best} (tried, ms: ${tried.join(", ")})\n`,
  );
  const [ours, theirs]: number[][][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    peer.stdin.write("run\n");
    theirs.push(await answer());
    ours.push((await ourField(round)).times);
  }
  peer.stdin.end();
  const total = (times: number[]) => times.reduce((a, b) => a + b, 0);
  const columns = ["phase", "ours, ms", "", "numpy, ms", "", "ours / numpy", ""];
  console.log(columns.map((text, i) => text.padEnd(i === 0 ? 18 : 14)).join(""));
  const row = (name: string, pick: (times: number[]) => number) => {
    const cells = [ours.map(pick), theirs.map(pick), ours.map((times, i) => pick(times) / pick(theirs[i]))].map(spread);
    console.log([name.padEnd(18), ...cells.map(([middle, range]) => middle.padEnd(14) + range.padEnd(14))].join(""));
  };
  phases.forEach((name, i) => {
    row(name, (times) => times[i]);
  });
  row("a field", total);
} finally {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Median, and quartiles. */
function spread(numbers: number[]): [string, string] {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))].toPrecision(3);
  return [at(0.5), `(${at(0.25)}..${at(0.75)})`];
}

/** Is it the same work? Pixels here and there must agree. */
function compare(images: Float32Array, probe: number[]): void {
  const stride = Math.max(1, Math.floor(size / 8));
  let [error, power, i] = [0, 0, 0];
  for (let z = 0; z < planes.length; z++) {
    for (let y = 0; y < size; y += stride) {
      for (let x = 0; x < size; x += stride) {
        error += (images[(z * size + y) * size + x] - probe[i]) ** 2;
        power += probe[i++] ** 2;
      }
    }
  }
  if (i !== probe.length || !(error < 1e-8 * power))
    throw new Error(`The images differ by ${Math.sqrt(error / power)}.`);
}

/**
 * Radius, um, of the light cone of a point out of focus: rays at the edge of the aperture, moved by defocus and by the
 * steepest slope of the aberration, 12 sqrt(5) a lambda / NA.
 */
function coneRadius(pupil: Pupil, defocus: number): number {
  const { na, wavelength, refractiveIndex: n } = pupil;
  const tangent = na / Math.sqrt(n * n - na * na);
  const slope = 12 * Math.sqrt(5) * Math.abs(pupil.sphericalAberration ?? 0);
  return Math.abs(defocus) * tangent + (slope * wavelength) / na;
}
