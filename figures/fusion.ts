/**
 * Draws docs/figures/fusion.png: bright beads over a dim texture, nuclei, and recorded stacks, as a single plane, as a
 * maximum projection, with the sharpest plane of each pixel, and fused, with the depth map, violet to yellow, and the
 * uncertain pixels, white.
 *
 *     npm run figures:fusion [OUTPUT]
 */
import { existsSync } from "node:fs";
import { averages, halo, psnr, sharpest } from "../bench/fusion/compare.ts";
import { fusionScene } from "../bench/fusion/scene.ts";
import { simulateSpecimen } from "../bench/fusion/specimens.ts";
import { resize } from "../src/array/resample.ts";
import { percentiles } from "../src/array/statistics.ts";
import { coneSlope } from "../src/classical/cone-slope.ts";
import { type Fused, fuse, minConfidence } from "../src/classical/fusion/fuse.ts";
import { stackSource } from "../src/classical/fusion/plane-source.ts";
import type { Colour } from "../src/figures/colour-map.ts";
import { depthColours } from "../src/figures/depth-colours.ts";
import { type GridCell, type GridRow, pictureGrid } from "../src/figures/picture-grid.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { cropStack } from "../src/image/crop.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";

const PANEL = 256;
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

/** A picture enlarged or reduced to its place. */
const fitted = (data: Float32Array, { height, width }: Stack) => resize({ data, height, width }, PANEL, PANEL);

/** Three channels, 0..255, as one picture: the plane counts its pixels, and the colour of each is looked up. */
function inColour(channels: Float32Array[], stack: Stack, caption: string): GridCell {
  const [red, green, blue] = channels.map((data) => fitted(data, stack).data.map(Math.round));
  const plane = { data: Float32Array.from(red, (_, i) => i), height: PANEL, width: PANEL };
  const colour = (i: number): Colour => [red[i], green[i], blue[i]];
  return { plane, contrast: [0, 1], colour, caption };
}

const shown: GridRow[] = [];
for (const { label, stack, plane, range, caption } of rows) {
  const fused: Fused = await fuse(stackSource(stack), { slope: coneSlope(stack) });
  const contrast = range ?? (percentiles(fused.image, [0.5, 99.8]) as [number, number]);
  const images = [planeOf(stack, plane).data, averages(stack).max, sharpest(stack), fused.image];
  const own = fused.depth.filter((_, k) => fused.confidence[k] > minConfidence);
  const [near, far] = percentiles(own, [2, 98]);
  const rgb = depthColours(fused.depth, fused.image, [near, far]);
  const channels = [0, 1, 2].map((c) => fused.image.map((_, k) => rgb[3 * k + c]));
  const mask = fused.confidence.map((c) => (c > minConfidence ? 0 : 1));
  const uncertain = (100 * (1 - own.length / mask.length)).toFixed(0);
  shown.push({
    label: label[0],
    detail: label.slice(1).join("\n"),
    cells: [
      ...images.map((image) => ({ plane: fitted(image, stack), contrast, caption: caption?.(image) ?? "" })),
      inColour(channels, stack, `planes ${near.toFixed(0)} to ${far.toFixed(0)}`),
      { plane: fitted(mask, stack), contrast: [0, 1], caption: `${uncertain} % of the pixels` },
    ],
  });
  console.log(label.join(", "), fused.light, `noise ${fused.noise.toFixed(1)}`, caption?.(fused.image) ?? "");
}
const output = process.argv[2] ?? "docs/figures/fusion.png";
const svg = pictureGrid(shown, { columns: titles, panelSize: PANEL });
await writeFileAtomic(output, await svgPng(svg), { force: true });
console.log(output);
