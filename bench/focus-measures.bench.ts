/**
 * Which focus measure wins where? Every measure of the product and every candidate that was not kept, on stacks whose focus
 * is known: distance of the curve's maximum from it (planes), the same with noise added, false maxima, width of the peak, speed.
 *
 * npm run bench:focus [-- --json FILE]
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Random } from "../src/array/random.ts";
import { bestPlane } from "../src/classical/focus/best-plane.ts";
import { FOCUS_MEASURES, focusOf } from "../src/classical/focus/focus.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { CANDIDATES, type Measure } from "./focus/candidates.ts";
import { realScenes, type Scene, simulatedScenes } from "./focus/scenes.ts";

const { values } = parseArgs({ options: { json: { type: "string" }, draws: { type: "string", default: "3" } } });
const measures: [string, Measure][] = [
  ...FOCUS_MEASURES.map((name): [string, Measure] => [name, (plane) => focusOf(plane, name)]),
  ...Object.entries(CANDIDATES),
];

interface Row {
  scene: string;
  measure: string;
  /** Planes from the truth, or the plane itself where no truth is known. */
  error: number;
  /** Root mean square of the same with noise of a tenth of the stack's range (99.9 % - median) added. */
  noisy: number;
  /** Other maxima that stand out by 5 % of the curve's range. */
  falseMaxima: number;
  /** Planes over which the curve is above half its range. */
  width: number;
}

const curveOf = (stack: Stack, measure: Measure) =>
  Array.from({ length: stack.depth }, (_, z) => measure(planeOf(stack, z)));

function range({ data }: Stack): number {
  const sample = Float32Array.from({ length: 20000 }, (_, i) => data[Math.floor((i * data.length) / 20000)]).sort();
  return sample[Math.floor(0.999 * sample.length)] - sample[sample.length >> 1] || 1;
}

function falseMaxima(curve: readonly number[]): number {
  const least = 0.05 * (Math.max(...curve) - Math.min(...curve));
  let count = 0;
  // A maximum counts once the curve has fallen by `least` on both of its sides.
  let [low, high, rising] = [curve[0], curve[0], true];
  for (const v of curve) {
    if (rising) {
      high = Math.max(high, v);
      if (v < high - least) [count, rising, low] = [count + 1, false, v];
    } else {
      low = Math.min(low, v);
      if (v > low + least) [rising, high] = [true, v];
    }
  }
  if (rising && high - curve[0] > 0 && curve.indexOf(high) > 0) count++;
  return Math.max(0, count - 1);
}

function widthOf(curve: readonly number[]): number {
  const low = Math.min(...curve);
  const half = low + 0.5 * (Math.max(...curve) - low);
  return curve.filter((v) => v > half).length;
}

const scenes: Scene[] = [...(await simulatedScenes()), ...(await realScenes())];
const rows: Row[] = [];
for (const { name: scene, stack, truth } of scenes) {
  const draws = Array.from({ length: truth === undefined ? 0 : Number(values.draws) }, (_, draw) => {
    const random = new Random(draw);
    const sigma = 0.1 * range(stack);
    return { ...stack, data: stack.data.map((v) => v + sigma * random.normal()) };
  });
  for (const [measure, of] of measures) {
    const found = (one: Stack) => {
      const curve = curveOf(one, of);
      return { curve, at: curve.every(Number.isFinite) ? bestPlane(curve).position - (truth ?? 0) : Number.NaN };
    };
    const { curve, at } = found(stack);
    const noisy = Math.sqrt(draws.reduce((sum, one) => sum + found(one).at ** 2, 0) / Math.max(1, draws.length));
    rows.push({ scene, measure, error: at, noisy, falseMaxima: falseMaxima(curve), width: widthOf(curve) });
  }
}

/** Megapixels a second on a plane of noise of 512 x 512, best of three. */
function speed(of: Measure): number {
  const random = new Random(1);
  const plane = {
    data: Float32Array.from({ length: 512 * 512 }, () => 100 + 20 * random.normal()),
    height: 512,
    width: 512,
  };
  const times = Array.from({ length: 4 }, () => {
    const start = performance.now();
    of(plane);
    return performance.now() - start;
  });
  return (0.262144 * 1000) / Math.min(...times.slice(1));
}

const known = new Set(scenes.filter((scene) => scene.truth !== undefined).map((scene) => scene.name));
const coherent = /hologram/;
const simulated = scenes
  .slice(
    0,
    scenes.findIndex((scene) => scene.name.startsWith("nucleus")),
  )
  .map((s) => s.name);
const mean = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0) / Math.max(1, numbers.length);
const table = measures.map(([measure, of]) => {
  const mine = rows.filter((row) => row.measure === measure && known.has(row.scene) && !coherent.test(row.scene));
  const real = mine.filter((row) => !simulated.includes(row.scene));
  const made = mine.filter((row) => simulated.includes(row.scene));
  // Capped, so that one lost stack does not decide the mean.
  const cap = (error: number) => (Number.isFinite(error) ? Math.min(5, Math.abs(error)) : 5);
  return {
    measure,
    simulated: mean(made.map((row) => cap(row.error))),
    real: mean(real.map((row) => cap(row.error))),
    noisy: mean(mine.map((row) => cap(row.noisy))),
    lost: mine.filter((row) => cap(row.error) > 1.5).length,
    lostNoisy: mine.filter((row) => cap(row.noisy) > 1.5).length,
    falseMaxima: mean(mine.map((row) => row.falseMaxima)),
    width: mean(mine.map((row) => row.width)),
    speed: speed(of),
  };
});
table.sort((a, b) => a.simulated + a.real + a.noisy - (b.simulated + b.real + b.noisy));
console.log("| measure | simulated | real | with noise | lost | lost with noise | false maxima | width | Mpx/s |");
console.log("|---|---|---|---|---|---|---|---|---|");
for (const t of table)
  console.log(
    `| ${t.measure} | ${t.simulated.toFixed(2)} | ${t.real.toFixed(2)} | ${t.noisy.toFixed(2)} | ${t.lost} | ${t.lostNoisy} | ${t.falseMaxima.toFixed(1)} | ${t.width.toFixed(1)} | ${t.speed.toFixed(0)} |`,
  );
console.log("\nSmallest errors by stack, with noise (without):");
for (const { name, truth } of scenes) {
  const mine = rows.filter((row) => row.scene === name);
  const order = (row: Row) => (truth === undefined ? 0 : Math.abs(row.noisy));
  const best = [...mine].sort((a, b) => order(a) - order(b)).slice(0, truth === undefined ? 99 : 5);
  const text = best.map((r) =>
    truth === undefined
      ? `${r.measure} ${r.error.toFixed(1)}`
      : `${r.measure} ${r.noisy.toFixed(2)} (${r.error.toFixed(2)})`,
  );
  console.log(`${name}${truth === undefined ? " (plane found)" : ` [${truth.toFixed(2)}]`}: ${text.join(", ")}`);
}
if (values.json) writeFileSync(values.json, JSON.stringify({ table, rows }, null, 1));
