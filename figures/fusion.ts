/**
 * Draws docs/figures/fusion.png: bright beads over a dim texture, nuclei, and recorded stacks, as a single plane, as a
 * maximum projection, with the sharpest plane of each pixel, and fused, with the depth map, violet to yellow, and the
 * uncertain pixels, white.
 *
 *     npm run figures:fusion [OUTPUT]
 */
import { existsSync } from "node:fs";
import { encode } from "fast-png";
import { averages, halo, psnr, sharpest } from "../bench/fusion/compare.ts";
import { fusionScene } from "../bench/fusion/scene.ts";
import { simulateSpecimen } from "../bench/fusion/specimens.ts";
import { resize } from "../src/array/resample.ts";
import { percentiles } from "../src/array/statistics.ts";
import { coneSlope } from "../src/classical/cone-slope.ts";
import { type Fused, fuse, minConfidence } from "../src/classical/fusion/fuse.ts";
import { stackSource } from "../src/classical/fusion/plane-source.ts";
import { type Canvas, type Colour, createCanvas, drawText, TEXT_HEIGHT } from "../src/figures/canvas.ts";
import { depthColours } from "../src/figures/depth-colours.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { cropStack } from "../src/image/crop.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";

const PANEL = 256;
const GAP = 12;
const LABEL = 290;
const INK: Colour = [30, 30, 30];
const FAINT: Colour = [95, 95, 95];
const titles = ["One plane", "Maximum", "Sharpest, by pixel", "parfocal fuse", "Depth", "Uncertain"];

interface Row {
  label: string[];
  stack: Stack;
  /** Shown as the single plane. */
  plane: number;
  /** Counts shown as black and white; default: percentiles of the fused image. */
  range?: readonly [number, number];
  /** What stands under the grey panels. */
  caption?: (image: Float32Array) => string;
}

const scene = fusionScene({ size: 192, seed: 5 });
const nuclei = await simulateSpecimen("nuclei", { seed: 2, size: 256, planes: 27, specimen: { nuclei: 14 } });
const rows: Row[] = [
  {
    label: ["simulated", "6 beads in 6 planes", "over a dim texture"],
    stack: scene.stack,
    plane: 8,
    range: [100, 1100],
    caption: (image) => `${psnr(image, scene.truth.data).toFixed(1)} dB, rings ${halo(image, scene).toFixed(0)} counts`,
  },
  {
    label: ["simulated nuclei", "27 planes"],
    stack: nuclei.stack,
    plane: nuclei.middle,
    caption: (image) => `${psnr(image, nuclei.atSpecimen).toFixed(1)} dB`,
  },
];

async function add(path: string, label: string[], plane: number, cut: (stack: Stack) => Stack, channel?: number) {
  if (!existsSync(`../shared/data/${path}`)) return console.error(`No row for ${path}: it is not there.`);
  const file = await openImage(`../shared/data/${path}`);
  const stack = cut(await readStack(file, channel === undefined ? {} : { channel }));
  await file.close();
  rows.push({ label, stack, plane });
}

await add(
  "nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif",
  ["nucleus", "widefield, 45 planes"],
  22,
  (stack) => cropStack(stack, [20, 110], [20, 110]),
  1,
);
await add("dfnn_mitochondria/stack_mitochondria.tif", ["mitochondria", "light sheet, 34 planes"], 8, (stack) =>
  cropStack(stack, [420, 676], [0, 256]),
);
await add("isl_neurons_phase13/phase_contrast_z13.tif", ["neurons", "phase contrast", "13 planes"], 6, (stack) =>
  cropStack(stack, [0, 256], [128, 384]),
);

/** RGB of a panel, enlarged or reduced to its place. */
function paint(canvas: Canvas, channels: Float32Array[], { height, width }: Stack, top: number, left: number): void {
  const scaled = channels.map((data) => resize({ data, height, width }, PANEL, PANEL).data);
  for (let y = 0; y < PANEL; y++)
    for (let x = 0; x < PANEL; x++)
      for (let c = 0; c < 3; c++) {
        const value = scaled[scaled.length === 1 ? 0 : c][y * PANEL + x];
        canvas.data[((top + y) * canvas.width + left + x) * 3 + c] = Math.round(Math.min(255, Math.max(0, value)));
      }
}

const top = 2 * GAP + TEXT_HEIGHT;
const pitch = PANEL + 2 * GAP + TEXT_HEIGHT;
const canvas = createCanvas(top + rows.length * pitch, LABEL + titles.length * (PANEL + GAP) + GAP, [255, 255, 255]);
titles.forEach((title, i) => {
  drawText(canvas, title, GAP, LABEL + i * (PANEL + GAP), INK);
});
for (const [i, { label, stack, plane, range, caption }] of rows.entries()) {
  const fused: Fused = await fuse(stackSource(stack), { slope: coneSlope(stack) });
  const [low, high] = range ?? percentiles(fused.image, [0.5, 99.8]);
  const y = top + i * pitch;
  label.forEach((line, k) => {
    drawText(canvas, line, y + k * (TEXT_HEIGHT + 6), GAP, k === 0 ? INK : FAINT);
  });
  [planeOf(stack, plane).data, averages(stack).max, sharpest(stack), fused.image].forEach((image, column) => {
    const left = LABEL + column * (PANEL + GAP);
    paint(canvas, [image.map((v) => (255 * (v - low)) / (high - low))], stack, y, left);
    if (caption) drawText(canvas, caption(image), y + PANEL + 6, left, FAINT);
  });
  const own = fused.depth.filter((_, k) => fused.confidence[k] > minConfidence);
  const [near, far] = percentiles(own, [2, 98]);
  const rgb = depthColours(fused.depth, fused.image, [near, far]);
  const left = LABEL + 4 * (PANEL + GAP);
  const channels = [0, 1, 2].map((c) => fused.image.map((_, k) => rgb[3 * k + c]));
  paint(canvas, channels, stack, y, left);
  drawText(canvas, `planes ${near.toFixed(0)} to ${far.toFixed(0)}`, y + PANEL + 6, left, FAINT);
  const mask = fused.confidence.map((c) => (c > minConfidence ? 0 : 255));
  paint(canvas, [mask], stack, y, left + PANEL + GAP);
  const unsure = (100 * (1 - own.length / mask.length)).toFixed(0);
  drawText(canvas, `${unsure} % of the pixels`, y + PANEL + 6, left + PANEL + GAP, FAINT);
  console.log(label.join(", "), fused.light, `noise ${fused.noise.toFixed(1)}`, caption?.(fused.image) ?? "");
}
const output = process.argv[2] ?? "docs/figures/fusion.png";
const { data, height, width } = canvas;
await writeFileAtomic(output, encode({ width, height, data, depth: 8, channels: 3 }), { force: true });
console.log(output);
