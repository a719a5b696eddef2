/** Beads and the models fitted to them, beside each other: measured, fitted, difference; across, along z, and as a profile. */
import type { Plane, Stack } from "../image/image.ts";
import type { PsfFit } from "../optics/psf/psf-fit.ts";
import { drawChart, sheetText } from "./chart.ts";
import { greyColour } from "./colour-map.ts";
import { type Block, below, beside, chartBlock, page, paragraph } from "./drawing.ts";
import { type GridCell, gridBlock, small } from "./picture-grid.ts";

export interface BeadSheetRow {
  /** Above the row: "Bead 1, NA 0.85 air". */
  label: string;
  /** A bead's own stack, with its pixel size and z step. */
  stack: Stack;
  fit: PsfFit;
}

/** Share of the peak that has the darkest colours of a difference. */
const limit = 0.1;
const panelSize = 264;
const chartWidth = 440;

/**
 * A drawing, SVG text. For each bead the plane in which it is brightest and the section along z through its middle, z upwards,
 * with square pixels; grey is the square root of the intensity, so that faint rings show.
 */
export async function beadSheet(rows: readonly BeadSheetRow[], title: string): Promise<string> {
  const beads = await Promise.all(rows.map(drawBead));
  const { width } = below(beads, 0);
  const foot =
    "Grey is the square root of the intensity above the background, black 0 to white the fitted peak. Differences: measured − fitted, as shares of the peak; red is brighter than the model.";
  return page(below([paragraph(title, width, { size: 20 }), ...beads, paragraph(foot, width, small)], 20));
}

async function drawBead(row: BeadSheetRow): Promise<Block> {
  const { across, along, profile, pixelSize } = layOut(row);
  const grid = gridBlock(
    [
      { label: "In focus", cells: across },
      { label: "Along z", cells: along },
    ],
    { columns: ["Measured", "Fitted", "Measured − fitted"], panelSize, pixelSize },
  );
  const pictures = beside([grid, chartBlock(await drawProfile(profile, grid.height))], 24);
  return below(
    [paragraph(row.label, pictures.width), pictures, paragraph(describe(row.fit), pictures.width, small)],
    8,
  );
}

interface Profile {
  /** um above the bead's middle. */
  z: number[];
  measured: number[];
  fitted: number[];
}

function layOut({ stack, fit }: BeadSheetRow) {
  const { depth, height, width, pixelSize, zStep = 1 } = stack;
  const pixel = pixelSize?.x ?? 1;
  const { x, y } = fit.parameters;
  const column = clamp(Math.round(x.value / pixel), width);
  const row = clamp(Math.round(y.value / pixel), height);
  const planes = (data: Float32Array) => scaled(data, fit);
  const [measured, fitted] = [planes(stack.data), planes(fit.fitted)];
  let best = 0;
  for (let z = 0; z < depth; z++)
    if (fitted[(z * height + row) * width + column] > fitted[(best * height + row) * width + column]) best = z;
  const plane = (data: Float32Array): Plane => {
    return { data: data.slice(best * height * width, (best + 1) * height * width), height, width };
  };
  // At most 1.6 times as high as wide: more would leave no room for what is bright.
  const tall = Math.max(1, Math.min(Math.round((depth * zStep) / pixel), Math.round(1.6 * width)));
  const foot = clamp(
    Math.round(((best + 0.5) * zStep) / pixel - tall / 2),
    Math.round((depth * zStep) / pixel) - tall + 1,
  );
  const section = (data: Float32Array): Plane => {
    const out = new Float32Array(tall * width);
    for (let v = 0; v < tall; v++) {
      const z = clamp(Math.floor(((foot + tall - 1 - v) * pixel) / zStep), depth);
      out.set(data.subarray((z * height + row) * width, (z * height + row + 1) * width), v * width);
    }
    return { data: out, height: tall, width };
  };
  const line = (data: Float32Array) =>
    Array.from({ length: depth }, (_, z) => data[(z * height + row) * width + column]);
  const centre = fit.parameters.z.value / (fit.parameters.z_scale?.value ?? 1);
  return {
    pixelSize: pixel,
    across: cellsOf(plane(measured), plane(fitted)),
    along: cellsOf(section(measured), section(fitted)),
    profile: {
      z: Array.from({ length: depth }, (_, z) => z * zStep - centre),
      measured: line(measured),
      fitted: line(fitted),
    },
  };
}

const clamp = (i: number, n: number) => Math.min(n - 1, Math.max(0, i));

/** Counts as shares of the peak. */
function scaled(data: Float32Array, { background, peak }: PsfFit): Float32Array {
  return data.map((v) => (v - background) / peak);
}

function cellsOf(measured: Plane, fitted: Plane): GridCell[] {
  const grey = { contrast: [0, 1], colour: (value: number) => greyColour(Math.sqrt(Math.max(0, value))) } as const;
  const difference = { ...measured, data: measured.data.map((v, i) => v - fitted.data[i]) };
  return [
    { plane: measured, ...grey },
    { plane: fitted, ...grey },
    { plane: difference, limit },
  ];
}

function describe({ parameters, residual, r2 }: PsfFit): string {
  const hidden = new Set(["x", "y", "z"]);
  const named = Object.entries(parameters)
    .filter(([name]) => !hidden.has(name))
    .map(([name, { value, error }]) => `${name} ${value.toFixed(4)} ± ${error.toPrecision(1)}`);
  return [...named, `residual ${(100 * residual).toFixed(2)} % of the peak (RMS)`, `R² ${r2.toFixed(4)}`].join(", ");
}

/** Intensity along z through the middle: measured as dots, fitted as a line. */
function drawProfile({ z, measured, fitted }: Profile, height: number): Promise<string> {
  const at = (values: readonly number[]) => values.map((y, i) => ({ x: z[i], y: Math.max(-0.05, Math.min(1.15, y)) }));
  return drawChart((plot) => ({
    style: sheetText,
    width: chartWidth,
    height: Math.max(260, Math.min(460, height)),
    x: { label: "z from the middle (um)" },
    y: { label: "along z: dots measured, line fitted (peak 1)", domain: [-0.05, 1.15], nice: false, ticks: 6 },
    marks: [
      plot.line(at(fitted), { x: "x", y: "y", stroke: "#2166ac", strokeWidth: 2 }),
      plot.dot(at(measured), { x: "x", y: "y", fill: "#222", r: 3 }),
    ],
  }));
}
