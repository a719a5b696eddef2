/**
 * Draws docs/figures/dhm-cell.png: a living cell in laser light, recorded at 0, 10 and 20 um, and predicted from these
 * three planes at the nine others. Above, the agreement of the prediction and of the untouched input with the
 * recording; below, one plane of each.
 *
 *     npm run figures:dhm-cell [OUTPUT]
 */
import { existsSync } from "node:fs";
import { encode } from "fast-png";
import { mean, percentiles } from "../src/array/statistics.ts";
import type { RecordedPlane } from "../src/classical/refocusing/recorded-planes.ts";
import { recoverField } from "../src/classical/refocusing/recover-field.ts";
import { type Canvas, type Colour, createCanvas, drawText, fillRectangle, TEXT_HEIGHT } from "../src/figures/canvas.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { planeOf } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { intensityOf } from "../src/optics/imaging/complex-field.ts";

const source = "../shared/data/dhm_cell/on_axis.tif";
if (!existsSync(source)) {
  console.error(`Nothing drawn: ${source} is not there.`);
  process.exit(0);
}

/** From meta.json of the data. */
const z = [-100, -50, -20, -10, 0, 10, 20, 30, 40, 50, 100, 200];
const laser = { wavelength: 0.532, refractiveIndex: 1, pixelSize: 0.16, na: 0.5 };
const inputs = [0, 10, 20];
const shown = 50;

const file = await openImage(source);
const stack = await readStack(file);
await file.close();
const recorded = (at: number): RecordedPlane => ({ ...planeOf(stack, z.indexOf(at)), position: at });

/** Pearson's correlation of all pixels. */
function pearson(a: Float32Array, b: Float32Array): number {
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

const planes = inputs.map(recorded);
const settings = { reach: [Math.min(...z), Math.max(...z)] };
const start = await recoverField(planes, laser, { ...settings, iterations: 0 });
const refined = await recoverField(planes, laser, settings);
const correlate = (image: (at: number) => Float32Array) => z.map((at) => pearson(image(at), recorded(at).data));
const middle = recorded(10).data;
const curves = {
  "transport of intensity, then iterations through all planes": correlate((at) => intensityOf(refined.at(at)).data),
  "transport of intensity alone": correlate((at) => intensityOf(start.at(at)).data),
  "the plane at 10 um, untouched": correlate(() => middle),
};

const INK: Colour = [30, 30, 30];
const FAINT: Colour = [120, 120, 120];
const colours: Colour[] = [
  [0, 95, 175],
  [200, 110, 20],
  [110, 110, 110],
];
const GAP = 16;
const PANEL = 384;
const chart = { top: 60, left: 80, height: 330, width: 3 * PANEL + 2 * GAP - 90 };
const panelsTop = chart.top + chart.height + 110;
const canvas = createCanvas(panelsTop + PANEL + TEXT_HEIGHT + 8 + GAP, 3 * PANEL + 4 * GAP, [255, 255, 255]);
const xOf = (at: number) => chart.left + ((at + 110) / 320) * chart.width;
const yOf = (r: number) => chart.top + (1 - r) * chart.height;

drawText(canvas, "A cell recorded at 0, 10 and 20 um in laser light, predicted at other distances", GAP, GAP, INK);
for (const r of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
  line(canvas, [chart.left, yOf(r)], [chart.left + chart.width, yOf(r)], [225, 225, 225], 1);
  drawText(canvas, r.toFixed(1), Math.round(yOf(r)) - TEXT_HEIGHT / 2, GAP + 14, FAINT);
}
for (const at of [-100, -50, 0, 50, 100, 150, 200]) {
  line(canvas, [xOf(at), chart.top], [xOf(at), chart.top + chart.height], [235, 235, 235], 1);
  drawText(canvas, String(at), chart.top + chart.height + 8, Math.round(xOf(at)) - 16, FAINT);
}
for (const at of inputs) line(canvas, [xOf(at), chart.top], [xOf(at), chart.top + chart.height], [190, 205, 190], 2);
drawText(canvas, "z, um; green: recorded planes that were used", chart.top + chart.height + 36, chart.left, FAINT);
Object.entries(curves).forEach(([name, values], c) => {
  values.forEach((r, i) => {
    if (i > 0) line(canvas, [xOf(z[i - 1]), yOf(values[i - 1])], [xOf(z[i]), yOf(r)], colours[c], 3);
    fillRectangle(canvas, { y: Math.round(yOf(r)) - 4, x: Math.round(xOf(z[i])) - 4, height: 9, width: 9 }, colours[c]);
  });
  const y = chart.top + chart.height - 100 + c * (TEXT_HEIGHT + 8);
  fillRectangle(canvas, { y: y + 8, x: chart.left + 400, height: 5, width: 36 }, colours[c]);
  drawText(canvas, name, y, chart.left + 448, INK, [255, 255, 255]);
});
drawText(canvas, "Pearson r with the recorded plane", chart.top - TEXT_HEIGHT - 2, chart.left, FAINT);

const truth = recorded(shown).data;
const predicted = intensityOf(refined.at(shown)).data;
const panels: [string, string, Float32Array][] = [
  [`Recorded at ${shown} um`, "", truth],
  [`Predicted at ${shown} um`, `r ${pearson(predicted, truth).toFixed(3)}`, predicted],
  ["Input at 10 um", `r ${pearson(middle, truth).toFixed(3)}`, middle],
];
const [black, white] = percentiles(truth, [0.3, 99.7]).map((v) => v / mean(truth));
panels.forEach(([title, caption, data], p) => {
  const left = GAP + p * (PANEL + GAP);
  drawText(canvas, title, panelsTop - TEXT_HEIGHT - 8, left, INK);
  drawText(canvas, caption, panelsTop + PANEL + 8, left, INK);
  // Each by its own mean: the laser's power changes from plane to plane.
  const level = mean(data);
  for (let y = 0; y < PANEL; y++) {
    for (let x = 0; x < PANEL; x++) {
      const i = 2 * y * stack.width + 2 * x;
      const value = (data[i] + data[i + 1] + data[i + stack.width] + data[i + stack.width + 1]) / (4 * level);
      const grey = Math.round(255 * Math.min(1, Math.max(0, (value - black) / (white - black))));
      canvas.data.set([grey, grey, grey], ((panelsTop + y) * canvas.width + left + x) * 3);
    }
  }
  if (p === 0) {
    const length = Math.round(20 / (2 * laser.pixelSize));
    fillRectangle(canvas, { y: panelsTop + PANEL - 16, x: left + 14, height: 4, width: length }, [255, 255, 255]);
    drawText(canvas, "20 um", panelsTop + PANEL - 22 - TEXT_HEIGHT, left + 14, [255, 255, 255], [0, 0, 0]);
  }
});

const output = process.argv[2] ?? "docs/figures/dhm-cell.png";
const { data, height, width } = canvas;
await writeFileAtomic(output, encode({ width, height, data, depth: 8, channels: 3 }), { force: true });
for (const [name, values] of Object.entries(curves)) {
  console.log(`${name}: ${values.map((r, i) => `${z[i]} um ${r.toFixed(3)}`).join(", ")}`);
}
console.log(`${refined.errors.length - 1} rounds, error ${refined.errors.map((e) => e.toFixed(4)).join(" ")}`);
console.log(output);

/** A straight line, `thick` pixels wide. */
function line(
  on: Canvas,
  from: readonly [number, number],
  to: readonly [number, number],
  colour: Colour,
  thick: number,
): void {
  const steps = Math.ceil(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]))) || 1;
  for (let i = 0; i <= steps; i++) {
    const x = Math.round(from[0] + ((to[0] - from[0]) * i) / steps - (thick - 1) / 2);
    const y = Math.round(from[1] + ((to[1] - from[1]) * i) / steps - (thick - 1) / 2);
    fillRectangle(on, { y, x, height: thick, width: thick }, colour);
  }
}
