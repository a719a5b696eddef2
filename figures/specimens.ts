/**
 * Draws docs/figures/specimens.png: the density of every kind of specimen. One row per kind:
 * maximum projection, the slice in focus, and a section along z, each with the same scale bar.
 *
 *     npm run figures:specimens [OUTPUT]
 */
import { existsSync } from "node:fs";
import { Random } from "../src/array/random.ts";
import { percentile } from "../src/array/statistics.ts";
import { greyColour } from "../src/figures/colour-map.ts";
import { type GridCell, pictureGrid } from "../src/figures/picture-grid.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import type { Plane } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { stackPhantom } from "../src/optics/phantom/from-stack.ts";
import type { Phantom } from "../src/optics/phantom/phantom.ts";
import { phantoms } from "../src/optics/phantom/phantoms.ts";
import type { Volume } from "../src/optics/phantom/volume.ts";

const PANEL = 400;
/** What is shown of a kind: pixels, their size and the slices' distance in um, and options other than the defaults. */
interface Row {
  phantom: Phantom;
  note: string;
  width: number;
  pixelSize: number;
  sliceStep: number;
  seed: number;
  options?: Record<string, unknown>;
}

function draw(row: Row): Volume {
  const { phantom, width, pixelSize, sliceStep, options = {} } = row;
  const [low, high] = phantom.extent(options);
  const below = Math.ceil(Math.max(0, -low) / sliceStep);
  const depth = below + 1 + Math.ceil(Math.max(0, high) / sliceStep);
  const grid = { depth, height: width, width, pixelSize, sliceStep, bottom: -below * sliceStep };
  return phantom.draw(grid, options, new Random(row.seed)).volume;
}

function maximum({ data, depth, height, width }: Volume): Plane {
  const out = new Float32Array(height * width);
  for (let k = 0; k < depth; k++)
    for (let i = 0; i < out.length; i++) out[i] = Math.max(out[i], data[k * out.length + i]);
  return { data: out, height, width };
}

function slice({ data, height, width, bottom, sliceStep }: Volume, z: number): Plane {
  const k = Math.round((z - bottom) / sliceStep);
  return { data: data.slice(k * height * width, (k + 1) * height * width), height, width };
}

/** The section along z through the row with the largest sum, z upwards, with square pixels. */
function section(volume: Volume): Plane {
  const { data, depth, height, width, pixelSize, sliceStep } = volume;
  const sums = Array.from({ length: height }, (_, y) => {
    let sum = 0;
    for (let k = 0; k < depth; k++) for (let x = 0; x < width; x++) sum += data[(k * height + y) * width + x] ** 2;
    return sum;
  });
  const row = sums.indexOf(Math.max(...sums));
  const tall = Math.min(height, Math.max(1, Math.round((depth * sliceStep) / pixelSize)));
  const out = new Float32Array(tall * width);
  for (let y = 0; y < tall; y++) {
    const k = Math.min(depth - 1, Math.floor(((tall - 1 - y) * pixelSize) / sliceStep));
    out.set(data.subarray((k * height + row) * width, (k * height + row + 1) * width), y * width);
  }
  return { data: out, height: tall, width };
}

/** Brightened for display: gamma 0.7. */
function cellOf(plane: Plane): GridCell {
  const white = Math.max(percentile(plane.data, 99.8), 0.3 * percentile(plane.data, 100)) || 1;
  return { plane, contrast: [0, white], colour: (level) => greyColour(Math.max(0, level) ** 0.7) };
}

const rows: Row[] = [
  {
    phantom: phantoms.beads,
    note: "solid, shell, dotted",
    width: 512,
    pixelSize: 0.1,
    sliceStep: 0.2,
    seed: 4,
    options: { beads: 140, depth_range: [-3, 3] },
  },
  { phantom: phantoms.nuclei, note: "chromatin, nucleoli", width: 512, pixelSize: 0.1, sliceStep: 0.2, seed: 1 },
  { phantom: phantoms.filaments, note: "microtubules", width: 640, pixelSize: 0.1, sliceStep: 0.2, seed: 2 },
  { phantom: phantoms.mitochondria, note: "two cells", width: 512, pixelSize: 0.1, sliceStep: 0.2, seed: 2 },
  { phantom: phantoms.worm, note: "C. elegans, neurons", width: 1024, pixelSize: 0.325, sliceStep: 0.5, seed: 5 },
  { phantom: phantoms.worm, note: "head", width: 512, pixelSize: 0.2, sliceStep: 0.5, seed: 2 },
  { phantom: phantoms.tissue, note: "cells, vessels, fibres", width: 512, pixelSize: 0.25, sliceStep: 0.5, seed: 2 },
];

const confocal = "../shared/data/nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif";
if (existsSync(confocal)) {
  const file = await openImage(confocal);
  const phantom = stackPhantom(await readStack(file, { channel: 0 }));
  await file.close();
  rows.push({ phantom, note: "a real confocal stack", width: 512, pixelSize: 0.13, sliceStep: 0.25, seed: 0 });
} else console.error(`No row for a real stack: ${confocal} is not there.`);

const drawn = rows.map((row) => {
  const volume = draw(row);
  return {
    label: row.phantom.kind,
    detail: `${row.note}\n${Math.round(volume.width * volume.pixelSize)} um wide`,
    cells: [maximum(volume), slice(volume, 0), section(volume)].map(cellOf),
    pixelSize: volume.pixelSize,
  };
});
const output = process.argv[2] ?? "docs/figures/specimens.png";
const columns = ["Maximum projection", "Slice in focus", "Section along z"];
await writeFileAtomic(output, await svgPng(pictureGrid(drawn, { columns, panelSize: PANEL })), { force: true });
console.log(output);
