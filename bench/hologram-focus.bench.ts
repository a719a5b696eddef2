/**
 * Which criterion finds the specimen of an in-line hologram? Sharpness of the field at every distance, what Parfocal did before,
 * and the two that it takes, on 50 simulated holograms and a real cell; how often the confidence is right; and the time.
 *
 *     npm run bench:hologram-focus [-- --count 50 --seed 20260 --figures docs/figures]
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { smallPng } from "../figures/small-png.ts";
import { focusOfField } from "../src/classical/refocusing/focus-of-field.ts";
import { focusOfHologram } from "../src/classical/refocusing/focus-of-hologram.ts";
import { type NamedLine, plotLines } from "../src/figures/plots.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { chartScale } from "../src/figures/svg-png.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { planeOf } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { createPropagator } from "../src/optics/imaging/angular-spectrum.ts";
import { inLineField } from "../src/optics/imaging/in-line-field.ts";
import { cropField, frameFor, padField } from "../src/optics/imaging/pad-field.ts";
import { judge } from "./hologram-focus/criteria.ts";
import { type KnownHologram, knownHolograms } from "./hologram-focus/holograms.ts";

const { values: flags } = parseArgs({
  options: {
    count: { type: "string", default: "50" },
    seed: { type: "string", default: "20260" },
    figures: { type: "string" },
  },
});
const both = "rings and edges (chosen)";

interface Result {
  hologram: Omit<KnownHologram, "field">;
  /** |distance| found less the true one, depths of field, by criterion. */
  errors: Record<string, number>;
  confidence: number;
  direction?: number | undefined;
  signRight: boolean;
  seconds: Record<string, number>;
}

const results: Result[] = [];
const curves: { distance: number; values: Record<string, number> }[] = [];
for (const hologram of knownHolograms(Number(flags.count), Number(flags.seed))) {
  const { field, light, depth, distance, range, ...rest } = hologram;
  const farthest = Math.max(-range[0], range[1]);
  const frame = frameFor(field, light, farthest, "mirror");
  const propagator = createPropagator(frame.height, frame.width, light, "mirror");
  const spectrum = propagator.spectrum(padField(field, frame, "mirror"));
  const curve: typeof curves = [];
  for (let d = 0; d <= farthest; d += depth / 2) {
    curve.push({ distance: d, values: judge(cropField(propagator.at(spectrum, d), frame, field)) });
  }
  const errors: Record<string, number> = {};
  const found = (name: string, at: number) => {
    errors[name] = (Math.abs(at) - Math.abs(distance)) / depth;
  };
  for (const name of Object.keys(curve[0].values))
    found(
      name,
      peakOf(curve, (point) => point.values[name]),
    );
  let begun = performance.now();
  const before = await focusOfField(field, light, { range });
  const seconds: Record<string, number> = { before: (performance.now() - begun) / 1000 };
  found("what Parfocal did before", before.distance);
  begun = performance.now();
  const now = await focusOfHologram(field, light, { range });
  seconds.now = (performance.now() - begun) / 1000;
  const inside = now.curve.filter((point) => point.distance <= farthest);
  found(
    "rings alone",
    peakOf(inside, (point) => point.rings),
  );
  found(
    "edges alone",
    peakOf(inside, (point) => point.edges),
  );
  found(both, now.distance);
  const signRight = Math.sign(now.distance) === Math.sign(distance);
  const direction = now.directionConfidence;
  process.stderr.write(`${results.length + 1} `);
  results.push({
    hologram: { light, depth, distance, range, ...rest },
    errors,
    confidence: now.confidence,
    direction,
    signRight,
    seconds,
  });
}

/** Place of the largest value, by a parabola through its neighbours; even about 0. */
function peakOf<T extends { distance: number }>(curve: readonly T[], scoreOf: (point: T) => number): number {
  const all = curve.map(scoreOf);
  const i = all.indexOf(Math.max(...all));
  const [a, b, c] = [all[i - 1] ?? all[i + 1], all[i], all[i + 1]];
  const bend = a - 2 * b + c;
  const shift = bend < 0 ? (a - c) / (2 * bend) : 0;
  return Math.abs(curve[i].distance + shift * (curve[1].distance - curve[0].distance));
}

const right = (result: Result, name = both) => Math.abs(result.errors[name]) <= 0.5;
const percent = (of: readonly Result[], test: (result: Result) => boolean) =>
  of.length === 0 ? "-" : `${Math.round((100 * of.filter(test).length) / of.length)} % of ${of.length}`;
const away = results.filter(({ hologram }) => Math.abs(hologram.distance) > 0.5 * hologram.depth);
const near = results.filter((result) => !away.includes(result));
const names = Object.keys(results[0].errors);
console.log("|distance| right within half a depth of field\n");
console.log("| criterion | all | amplitude | phase | mixed | in focus | found at 0 wrongly | median error (depths) |");
console.log("|---|---|---|---|---|---|---|---|");
for (const name of names) {
  const of = (kind: string) =>
    percent(
      away.filter(({ hologram }) => hologram.kind === kind),
      (r) => right(r, name),
    );
  const atZero = away.filter((r) => Math.abs(Math.abs(r.hologram.distance) / r.hologram.depth + r.errors[name]) < 0.25);
  const sorted = results.map((r) => Math.abs(r.errors[name])).sort((a, b) => a - b);
  const cells = [percent(results, (r) => right(r, name)), of("amplitude"), of("phase"), of("mixed")];
  const last = [percent(near, (r) => right(r, name)), `${atZero.length}`, sorted[sorted.length >> 1].toFixed(2)];
  console.log(`| ${[name, ...cells, ...last].join(" | ")} |`);
}

console.log("\n| confidence | holograms | right |\n|---|---|---|");
for (const [low, high] of [
  [0, 0.3],
  [0.3, 0.6],
  [0.6, 0.8],
  [0.8, 0.95],
  [0.95, 1.01],
]) {
  const mine = results.filter(({ confidence }) => confidence >= low && confidence < high);
  console.log(`| ${low} to ${Math.min(1, high)} | ${mine.length} | ${mine.filter((r) => right(r)).length} |`);
}
console.log("\nSigns, where the range holds both and |distance| is right:");
console.log("| direction_confidence | holograms | right | of them absorbing only |\n|---|---|---|---|");
for (const [low, high] of [
  [0.5, 0.75],
  [0.75, 0.9],
  [0.9, 1.01],
]) {
  const mine = away.filter((r) => right(r) && r.direction !== undefined && r.direction >= low && r.direction < high);
  const flat = mine.filter(({ hologram }) => hologram.kind === "amplitude");
  console.log(
    `| ${low} to ${Math.min(1, high)} | ${mine.length} | ${mine.filter((r) => r.signRight).length} | ${flat.length} |`,
  );
}
const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
for (const when of ["before", "now"])
  console.log(`seconds ${when}: ${mean(results.map((r) => r.seconds[when])).toFixed(2)}`);
console.log("\nWrong ones:");
for (const r of results.filter((one) => !right(one))) {
  const { specimen, kind, distance, depth, photons } = r.hologram;
  const text = `${(distance / depth).toFixed(2)} depths, error ${r.errors[both].toFixed(2)}, confidence ${r.confidence.toFixed(2)}`;
  console.log(`${specimen}, ${kind}, ${photons} photons: ${text}`);
}

const cell = "../shared/data/dhm_cell/on_axis.tif";
if (existsSync(cell)) {
  const file = await openImage(cell);
  const stack = await readStack(file);
  await file.close();
  const light = { na: 0.5, wavelength: 0.532, refractiveIndex: 1, pixelSize: 0.16 };
  // Of meta.json; the focus of the field that multi-height retrieves from the planes at 0, 10 and 20 um is at 9.9 um.
  const z = [-100, -50, -20, -10, 0, 10, 20, 30, 40, 50, 100, 200];
  console.log(
    "\nCell (dhm_cell), range -120:120, depth of field 2.13 um: |distance| expected, found, confidence, seconds",
  );
  for (const [i, at] of z.entries()) {
    const begun = performance.now();
    const found = await focusOfHologram(inLineField(planeOf(stack, i)), light, { range: [-120, 120] });
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const text = [Math.abs(at - 9.9), Math.abs(found.distance)].map((v) => v.toFixed(1)).join("  ");
    console.log(`z ${at}: ${text}  ${found.confidence.toFixed(2)}  ${seconds}`);
  }
}

if (flags.figures !== undefined) {
  const shown = [both, "edges alone", "rings alone", "Tamura of the complex gradient", "what Parfocal did before"];
  const lines = shown.map((name): NamedLine => {
    const sorted = results.map((r) => Math.abs(r.errors[name])).sort((a, b) => a - b);
    const points = sorted.map((x, i) => ({ x: Math.min(x, 3), y: (100 * (i + 1)) / sorted.length }));
    return { name, points: [{ x: 0, y: 0 }, ...points.filter(({ x }) => x < 3)] };
  });
  const options = { x: "error of |distance| (depths of field)", y: "holograms with a smaller error (%)", zero: true };
  const mark = { x: 0.5, text: "half a depth of field" };
  await writeFileAtomic(
    join(flags.figures, "hologram-focus-errors.png"),
    smallPng(await svgPng(await plotLines(lines, { ...options, mark }), chartScale)),
    { force: true },
  );
}
