/**
 * Draws docs/figures/deconvolution.png: each method on simulated specimens with known ground truth, with few and many
 * photons, and on a recorded widefield nucleus next to its confocal image; below, the PSNR against the ground truth by
 * iteration.
 *
 *     npm run figures:deconvolution [OUTPUT]
 */
import { existsSync } from "node:fs";
import { Random } from "../src/array/random.ts";
import { percentile } from "../src/array/statistics.ts";
import { consensus } from "../src/classical/deconvolution/consensus.ts";
import { createConvolution } from "../src/classical/deconvolution/convolution.ts";
import { deconvolve } from "../src/classical/deconvolution/deconvolve.ts";
import { opticalPsf } from "../src/classical/deconvolution/optical-psf.ts";
import { richardsonLucy } from "../src/classical/deconvolution/richardson-lucy.ts";
import type { PsfVolume, Volume } from "../src/classical/deconvolution/volume.ts";
import { wiener } from "../src/classical/deconvolution/wiener.ts";
import { greyColour } from "../src/figures/colour-map.ts";
import { below, beside, chartBlock, page } from "../src/figures/drawing.ts";
import { type GridRow, gridBlock } from "../src/figures/picture-grid.ts";
import { plotLines } from "../src/figures/plots.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
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
const PIXEL = 0.1;
const BACKGROUND = 2;
const MOST = 100;
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

/** The PSNR of each method over its iterations, without the first ones. */
async function drawCurves(curves: Curves, label: string): Promise<string> {
  const high = Math.max(...Object.values(curves).flat());
  const lines = Object.entries(curves).map(([name, values]) => {
    const points =
      values.length === 1 ? [1, MOST].map((x) => ({ x, y: values[0] })) : values.map((y, k) => ({ x: k + 1, y }));
    return { name, points: points.filter(({ y }) => y > high - 12), plain: values.length === 1 };
  });
  return plotLines(lines, { x: "iterations", y: `PSNR against the ground truth (dB), ${label}` });
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

/** Brightened for display: gamma 0.7. */
const bright = (level: number) => greyColour(Math.max(0, level) ** 0.7);

function rowOf(label: string, detail: string, panels: Panel[], contrast: (plane: Plane) => [number, number]): GridRow {
  const cells = panels.map(({ plane, note }) => {
    return { plane, contrast: contrast(plane), colour: bright, ...(note !== undefined && { caption: note }) };
  });
  return { label, detail, cells };
}

const rows: GridRow[] = [];
const charts: string[] = [];
let columns: string[] = [];
for (const scene of scenes) {
  const { panels, curves } = await everyMethod(scene);
  columns = panels.map(({ title }) => title);
  const white = percentile(scene.truth.data, 99.5);
  // All but the input, which is dimmer than the results, share the scale of the ground truth.
  const input = panels[0].plane;
  const contrast = (plane: Plane): [number, number] => [0, plane === input ? percentile(input.data, 99.8) : white];
  rows.push(rowOf(scene.label, scene.note, panels, contrast));
  charts.push(await drawCurves(curves, `${scene.label}, ${scene.note}`));
}
if (withReal) {
  const contrast = ({ data }: Plane): [number, number] => [percentile(data, 5), percentile(data, 99.7)];
  rows.push(rowOf("nucleus", "wide field, 3-D", await nucleus(real), contrast));
}
const svg = page(below([gridBlock(rows, { columns, panelSize: PANEL }), beside(charts.map(chartBlock), 0)], 24));
const output = process.argv[2] ?? "docs/figures/deconvolution.png";
await writeFileAtomic(output, await svgPng(svg), { force: true });
console.log(output);
