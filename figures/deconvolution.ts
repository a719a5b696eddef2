/**
 * Draws docs/figures/deconvolution.png: each method on simulated specimens with known ground truth, with few and many
 * photons, and on a recorded widefield nucleus next to its confocal image; below, the PSNR against the ground truth by
 * iteration.
 *
 *     npm run figures:deconvolution [OUTPUT]
 */
import { existsSync } from "node:fs";
import { encode } from "fast-png";
import { Random } from "../src/array/random.ts";
import { resize } from "../src/array/resample.ts";
import { percentile } from "../src/array/statistics.ts";
import { consensus } from "../src/classical/deconvolution/consensus.ts";
import { createConvolution } from "../src/classical/deconvolution/convolution.ts";
import { deconvolve } from "../src/classical/deconvolution/deconvolve.ts";
import { opticalPsf } from "../src/classical/deconvolution/optical-psf.ts";
import { richardsonLucy } from "../src/classical/deconvolution/richardson-lucy.ts";
import type { PsfVolume, Volume } from "../src/classical/deconvolution/volume.ts";
import { wiener } from "../src/classical/deconvolution/wiener.ts";
import { type Canvas, type Colour, createCanvas, drawText, fillRectangle, TEXT_HEIGHT } from "../src/figures/canvas.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { type Plane, planeOf } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { psnr } from "../src/metrics/metrics.ts";
import { type PhantomKind, phantoms } from "../src/optics/phantom/phantoms.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";

const PANEL = 272;
const FIELD = 136;
const WORLD = 270;
const GAP = 10;
const LABEL = 210;
const PIXEL = 0.1;
const BACKGROUND = 2;
const MOST = 100;
const INK: Colour = [30, 30, 30];
const FAINT: Colour = [95, 95, 95];
const COLOURS: Record<string, Colour> = {
  wiener: [120, 120, 120],
  "richardson-lucy": [200, 60, 50],
  "with tv": [40, 110, 190],
  consensus: [20, 140, 70],
};

interface Scene {
  label: string;
  note: string;
  input: Volume;
  truth: Plane;
  psf: PsfVolume;
}

/** A thin specimen in focus, blurred by an objective of NA 0.8 in air and counted photon by photon. */
function simulate(kind: PhantomKind, photons: number, seed: number): Scene {
  const grid = { depth: 1, height: WORLD, width: WORLD, pixelSize: PIXEL, sliceStep: 4, bottom: 0 };
  const { data } = phantoms[kind].draw(grid, {}, new Random(seed)).volume;
  const peak = data.reduce((a, b) => Math.max(a, b), 0);
  const object = data.map((v) => (photons * v) / peak);
  const size = { depth: 1, height: FIELD, width: FIELD, pixelSize: { y: PIXEL, x: PIXEL } };
  const { psf } = opticalPsf(psfModelOf({ na: 0.8, wavelength: 0.52 }), size);
  const blurred = new Float32Array(object.length);
  // Specimens wrap as the grid does.
  createConvolution(psf, { depth: 1, height: WORLD, width: WORLD }).blur(object, blurred);
  const random = new Random(seed + 1);
  const cut = (from: Float32Array) => {
    const out = new Float32Array(FIELD * FIELD);
    for (let y = 0; y < FIELD; y++) {
      const start = (y + 67) * WORLD + 67;
      out.set(from.subarray(start, start + FIELD), y * FIELD);
    }
    return out;
  };
  const counts = cut(blurred).map((v) => random.poisson(Math.max(0, v) + BACKGROUND));
  const input = { depth: 1, height: FIELD, width: FIELD, data: counts };
  return { label: kind, note: `${photons} photons`, input, psf, truth: { ...input, data: cut(object) } };
}

interface Panel {
  title: string;
  plane: Plane;
  note?: string;
}

/** Curves of the PSNR by iteration; a single point is drawn as a level line. */
type Curves = Record<string, number[]>;

async function everyMethod({ input, psf, truth }: Scene): Promise<{ panels: Panel[]; curves: Curves }> {
  const plane = (data: Float32Array): Plane => ({ data, height: FIELD, width: FIELD });
  const light = plane(input.data.map((v) => v - BACKGROUND));
  const range = truth.data.reduce((a, b) => Math.max(a, b), 0);
  const quality = (data: Float32Array) => psnr(plane(data), truth, range);
  const curves: Curves = { wiener: [], "richardson-lucy": [], "with tv": [], consensus: [] };
  const follow = (name: string) => (_: number, estimate: () => Float32Array) => {
    curves[name].push(quality(estimate()));
  };
  const linear = await wiener({ ...input, data: light.data }, psf);
  curves.wiener.push(quality(linear));
  const settings = { iterations: MOST, background: BACKGROUND };
  const plain = await richardsonLucy(input, psf, { ...settings, afterIteration: follow("richardson-lucy") });
  const smooth = { ...settings, totalVariation: 0.02, afterIteration: follow("with tv") };
  const flat = await richardsonLucy(input, psf, smooth);
  const agreed = await consensus(input, psf, new Random(1), {
    ...settings,
    afterIteration: (_, { estimate }) => follow("consensus")(0, estimate),
  });
  const note = (data: Float32Array) => `${quality(data).toFixed(1)} dB`;
  const panels = [
    { title: "Input", plane: light, note: note(light.data) },
    { title: "Wiener", plane: plane(linear), note: note(linear) },
    { title: `Richardson-Lucy, ${MOST}`, plane: plane(plain), note: note(plain) },
    { title: `... with TV 0.02, ${MOST}`, plane: plane(flat), note: note(flat) },
    { title: "Consensus", plane: plane(agreed.data), note: `${note(agreed.data)}, ${agreed.iterations} iterations` },
    { title: "Truth", plane: truth },
  ];
  return { panels, curves };
}

function paint(canvas: Canvas, plane: Plane, top: number, left: number, black: number, white: number): void {
  const { data } = resize(plane, PANEL, PANEL);
  for (let y = 0; y < PANEL; y++) {
    for (let x = 0; x < PANEL; x++) {
      // Brightened for display: gamma 0.7.
      const level = Math.min(1, Math.max(0, (data[y * PANEL + x] - black) / (white - black))) ** 0.7;
      const grey = Math.round(255 * level);
      canvas.data.set([grey, grey, grey], ((top + y) * canvas.width + left + x) * 3);
    }
  }
}

function drawCurves(canvas: Canvas, curves: Curves, label: string, top: number, left: number, width: number): void {
  const height = PANEL - 2 * TEXT_HEIGHT;
  const all = Object.values(curves).flat();
  // The first iterations are not shown.
  const high = Math.max(...all) + 0.5;
  const low = Math.max(Math.min(...all), high - 12);
  const at = (k: number, value: number): [number, number] => [
    Math.round(top + TEXT_HEIGHT + 4 + (1 - (value - low) / (high - low)) * (height - 1)),
    Math.round(left + (k / (MOST - 1)) * (width - 1)),
  ];
  fillRectangle(canvas, { y: top + TEXT_HEIGHT + 4, x: left, height, width }, [245, 245, 245]);
  drawText(canvas, label, top - 4, left, INK);
  const foot = `${MOST} iterations`;
  drawText(canvas, foot, top + height + TEXT_HEIGHT + 8, left + width - 10 * foot.length, FAINT);
  const dot = (y: number, x: number, colour: Colour, size: number) =>
    fillRectangle(canvas, { y: y - size, x: x - size, height: 2 * size, width: 2 * size }, colour);
  for (const [name, values] of Object.entries(curves)) {
    const line = values.length === 1 ? [values[0], values[0]] : values;
    const last = values.length === 1 ? MOST - 1 : values.length - 1;
    for (let k = 0; k < line.length - 1; k++) {
      const [y0, x0] = at((k * last) / (line.length - 1), Math.max(low, line[k]));
      const [y1, x1] = at(((k + 1) * last) / (line.length - 1), Math.max(low, line[k + 1]));
      const steps = Math.max(Math.abs(y1 - y0), x1 - x0, 1);
      for (let s = 0; s <= steps; s++) {
        dot(Math.round(y0 + ((y1 - y0) * s) / steps), Math.round(x0 + ((x1 - x0) * s) / steps), COLOURS[name], 1);
      }
    }
    if (name === "consensus") dot(...at(last, line[line.length - 1]), COLOURS[name], 5);
  }
  drawText(canvas, `${high.toFixed(1)} dB`, top + TEXT_HEIGHT + 8, left + 4, FAINT, [245, 245, 245]);
  drawText(canvas, `${low.toFixed(1)} dB`, top + height - 6, left + 4, FAINT, [245, 245, 245]);
}

/** Wide field deconvolved in three dimensions, one plane of it, beside the confocal image of the same nucleus. */
async function nucleus(path: string): Promise<Panel[]> {
  const file = await openImage(path);
  const [confocal, wide] = [await readStack(file, { channel: 0 }), await readStack(file, { channel: 1 })];
  await file.close();
  const { psf } = opticalPsf(psfModelOf({ na: 1.2, wavelength: 0.455, refractive_index: 1.333 }), wide);
  // The two channels are not registered: the confocal one sits two planes higher and four pixels further left.
  const crop = (plane: Plane, x0: number): Plane => {
    const [size, y0] = [72, 32];
    const data = Float32Array.from({ length: size * size }, (_, i) => {
      return plane.data[(y0 + Math.floor(i / size)) * plane.width + x0 + (i % size)];
    });
    return { data, height: size, width: size };
  };
  const panels: Panel[] = [{ title: "Input", plane: crop(planeOf(wide, 20), 27) }];
  for (const options of [
    { method: "wiener" as const },
    { method: "richardson-lucy" as const, iterations: 50 },
    { method: "richardson-lucy" as const, iterations: 50, tv: 0.002 },
    { method: "consensus" as const, iterations: 80 },
  ]) {
    const { stack, iterations } = await deconvolve(wide, psf, options);
    const note = options.method === "wiener" ? "" : `${iterations} iterations${options.tv ? `, TV ${options.tv}` : ""}`;
    panels.push({ title: options.method, plane: crop(planeOf(stack, 20), 27), note });
  }
  panels.push({ title: "Confocal", plane: crop(planeOf(confocal, 22), 23), note: "confocal, not ground truth" });
  return panels;
}

const scenes = [simulate("mitochondria", 30, 3), simulate("mitochondria", 1000, 3), simulate("filaments", 300, 3)];
const real = "../shared/data/nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif";
const withReal = existsSync(real);
if (!withReal) console.error(`No row for a real nucleus: ${real} is not there.`);

const rowHeight = PANEL + TEXT_HEIGHT + 2 * GAP;
const top = 2 * GAP + TEXT_HEIGHT;
const rows = scenes.length + (withReal ? 1 : 0);
const width = LABEL + 6 * (PANEL + GAP) + GAP;
const canvas = createCanvas(top + rows * rowHeight + PANEL + 3 * TEXT_HEIGHT + 4 * GAP, width, [255, 255, 255]);
const leftOf = (column: number) => LABEL + column * (PANEL + GAP);

function drawRow(
  y: number,
  label: string,
  note: string,
  panels: Panel[],
  scale: (plane: Plane) => [number, number],
): void {
  drawText(canvas, label, y, GAP, INK);
  drawText(canvas, note, y + TEXT_HEIGHT + 6, GAP, FAINT);
  panels.forEach((panel, column) => {
    paint(canvas, panel.plane, y, leftOf(column), ...scale(panel.plane));
    drawText(canvas, panel.note ?? "", y + PANEL + 4, leftOf(column), FAINT);
  });
}

const plotWidth = Math.floor((width - LABEL - 2 * GAP - (scenes.length - 1) * 3 * GAP) / scenes.length);
const plotTop = top + rows * rowHeight + GAP;
for (const [i, scene] of scenes.entries()) {
  const { panels, curves } = await everyMethod(scene);
  if (i === 0) for (const [column, { title }] of panels.entries()) drawText(canvas, title, GAP, leftOf(column), INK);
  const white = percentile(scene.truth.data, 99.5);
  // All but the input, which is dimmer than the results, share the scale of the ground truth.
  const input = panels[0].plane;
  const scaleOf = (plane: Plane): [number, number] => [0, plane === input ? percentile(input.data, 99.8) : white];
  drawRow(top + i * rowHeight, scene.label, scene.note, panels, scaleOf);
  drawCurves(canvas, curves, `${scene.label}, ${scene.note}`, plotTop, LABEL + i * (plotWidth + 3 * GAP), plotWidth);
}
if (withReal) {
  const panels = await nucleus(real);
  drawRow(top + scenes.length * rowHeight, "nucleus", "wide field, 3-D", panels, ({ data }) => [
    percentile(data, 5),
    percentile(data, 99.7),
  ]);
}
Object.entries(COLOURS).forEach(([name, colour], i) => {
  drawText(canvas, name, plotTop + (i + 1) * (TEXT_HEIGHT + 8), GAP, colour);
});
drawText(canvas, "PSNR against the ground truth", plotTop - 4, GAP, INK);
const output = process.argv[2] ?? "docs/figures/deconvolution.png";
const { data, height } = canvas;
await writeFileAtomic(output, encode({ width, height, data, depth: 8, channels: 3 }), { force: true });
console.log(output);
