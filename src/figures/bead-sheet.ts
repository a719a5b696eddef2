/** Beads and the models fitted to them, beside each other: measured, fitted, difference; across, along z, and as a profile. */
import { encode } from "fast-png";
import type { Plane, Stack } from "../image/image.ts";
import type { PsfFit } from "../optics/psf/psf-fit.ts";
import { type Canvas, type Colour, createCanvas, drawText, fillRectangle, textWidth, wrapText } from "./canvas.ts";
import { divergingColour, greyColour } from "./colour-map.ts";
import { drawBold, drawCaption, drawPanel, drawScaleBar, enlarge, INK, LINE, type Panel } from "./sheet-panel.ts";

export interface BeadSheetRow {
  /** Above the row: "Bead 1, NA 0.85 air". */
  label: string;
  /** A bead's own stack, with its pixel size and z step. */
  stack: Stack;
  fit: PsfFit;
}

const MARGIN = 20;
const GAP = 14;
const PANEL = 264;
const CHART = 380;
const LIMIT = 0.1;
const FAINT: Colour = [95, 95, 95];
const BLUE: Colour = [33, 102, 172];
const RULE: Colour = [205, 205, 205];

/**
 * A picture, PNG bytes (8-bit RGB). For each bead the plane in which it is brightest and the section along z through its
 * middle, z upwards, with square pixels; grey is the square root of the intensity, so that faint rings show.
 */
export function beadSheet(rows: readonly BeadSheetRow[], title: string): Uint8Array {
  const drawn = rows.map(layOut);
  const columns = 3;
  const width = 2 * MARGIN + columns * (PANEL + GAP) + CHART;
  const heights = drawn.map(
    ({ across, along, notes }) => 2 * LINE + across[0].height + GAP + along[0].height + 3 * LINE + notes.length * LINE,
  );
  const foot = wrapText(
    "Grey is the square root of the intensity above the background, black 0 to white the fitted peak. Differences: measured - fitted, as shares of the peak; red is brighter than the model.",
    width - 2 * MARGIN,
  );
  const height = MARGIN + LINE + heights.reduce((a, b) => a + b, 0) + foot.length * LINE + 2 * MARGIN;
  const canvas = createCanvas(height, width, [255, 255, 255]);
  drawBold(canvas, title, MARGIN, MARGIN);
  let y = MARGIN + LINE + 8;
  drawn.forEach(({ across, along, notes, profile, label, pixelSize }, r) => {
    drawBold(canvas, label, y, MARGIN);
    let top = y + LINE;
    ["Measured", "Fitted", "Measured - fitted"].forEach((name, c) => {
      drawText(canvas, name, top, MARGIN + c * (PANEL + GAP), INK);
    });
    top += LINE;
    for (const panels of [across, along]) {
      panels.forEach((panel, c) => {
        const x = MARGIN + c * (PANEL + GAP);
        drawPanel(canvas, panel, top, x);
        if (c === 0 && panel.width > 100) drawScaleBar(canvas, panel, top, x, pixelSize);
        if (c === 2 && panels === along) drawCaption(canvas, panel, top + panel.height + 6, x, PANEL);
      });
      top += panels[0].height + GAP;
    }
    drawProfile(canvas, profile, {
      y: y + 2 * LINE,
      x: MARGIN + columns * (PANEL + GAP),
      height: across[0].height + GAP + along[0].height,
    });
    notes.forEach((line, i) => {
      drawText(canvas, line, top + 2 * LINE + i * LINE, MARGIN, FAINT);
    });
    y += heights[r] + GAP / 2;
  });
  foot.forEach((line, i) => {
    drawText(canvas, line, height - MARGIN - (foot.length - i) * LINE, MARGIN, FAINT);
  });
  return encode({ width, height, data: canvas.data, channels: 3, depth: 8 });
}

interface Profile {
  /** um above the bead's middle. */
  z: number[];
  measured: number[];
  fitted: number[];
}

function layOut({ label, stack, fit }: BeadSheetRow) {
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
    label,
    pixelSize: pixel,
    across: panelsOf(plane(measured), plane(fitted)),
    along: panelsOf(section(measured), section(fitted)),
    profile: {
      z: Array.from({ length: depth }, (_, z) => z * zStep - centre),
      measured: line(measured),
      fitted: line(fitted),
    },
    notes: wrapText(describe(fit), 3 * (PANEL + GAP) + CHART),
  };
}

const clamp = (i: number, n: number) => Math.min(n - 1, Math.max(0, i));

/** Counts as shares of the peak. */
function scaled(data: Float32Array, { background, peak }: PsfFit): Float32Array {
  return data.map((v) => (v - background) / peak);
}

function panelsOf(measured: Plane, fitted: Plane): Panel[] {
  const panel = (plane: Plane, colour: (value: number) => Colour): Panel => {
    const enlarged = enlarge(plane, PANEL);
    return { title: "", caption: "", colour, ...enlarged };
  };
  const grey = (value: number) => greyColour(Math.sqrt(Math.max(0, value)));
  const difference = { ...measured, data: measured.data.map((v, i) => v - fitted.data[i]) };
  return [
    panel(measured, grey),
    panel(fitted, grey),
    { ...panel(difference, (value) => divergingColour(value / LIMIT)), scale: { limit: LIMIT } },
  ];
}

function describe({ parameters, residual, r2 }: PsfFit): string {
  const hidden = new Set(["x", "y", "z"]);
  const named = Object.entries(parameters)
    .filter(([name]) => !hidden.has(name))
    .map(([name, { value, error }]) => `${name} ${value.toFixed(4)} ± ${error.toPrecision(1)}`);
  return [...named, `residual ${(100 * residual).toFixed(2)} % of the peak (RMS)`, `R2 ${r2.toFixed(4)}`].join(", ");
}

/** Intensity along z through the middle: measured as dots, fitted as a line. */
function drawProfile(
  canvas: Canvas,
  { z, measured, fitted }: Profile,
  at: { y: number; x: number; height: number },
): void {
  const left = at.x + 46;
  const width = CHART - 60;
  const height = at.height - 2 * LINE;
  const [low, high] = [z[0], z[z.length - 1]];
  const px = (value: number) => left + Math.round(((value - low) / (high - low || 1)) * width);
  const py = (value: number) => at.y + height - Math.round((Math.max(-0.05, Math.min(1.15, value)) / 1.15) * height);
  drawText(canvas, "Along z through the middle", at.y - LINE, at.x, INK);
  for (const tick of [0, 0.5, 1]) {
    fillRectangle(canvas, { y: py(tick), x: left, height: 1, width }, RULE);
    drawText(canvas, String(tick), py(tick) - 8, at.x, FAINT);
  }
  const step = high - low > 6 ? 2 : high - low > 3 ? 1 : 0.5;
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) {
    const text = String(Number(tick.toFixed(1)));
    fillRectangle(canvas, { y: at.y + height, x: px(tick), height: 5, width: 1 }, FAINT);
    drawText(canvas, text, at.y + height + 8, px(tick) - textWidth(text) / 2, FAINT);
  }
  drawText(canvas, "um", at.y + height + 8 + LINE, left + width / 2 - 12, FAINT);
  for (let i = 0; i + 1 < z.length; i++)
    drawLine(canvas, px(z[i]), py(fitted[i]), px(z[i + 1]), py(fitted[i + 1]), BLUE);
  z.forEach((value, i) => {
    fillRectangle(canvas, { y: py(measured[i]) - 3, x: px(value) - 3, height: 7, width: 7 }, INK);
  });
  fillRectangle(canvas, { y: at.y + 4, x: left + 8, height: 7, width: 7 }, INK);
  drawText(canvas, "measured", at.y, left + 24, INK);
  drawLine(canvas, left + 4, at.y + LINE + 8, left + 18, at.y + LINE + 8, BLUE);
  drawText(canvas, "fitted", at.y + LINE, left + 24, BLUE);
}

function drawLine(canvas: Canvas, x0: number, y0: number, x1: number, y1: number, colour: Colour): void {
  const steps = Math.max(1, Math.abs(x1 - x0), Math.abs(y1 - y0));
  for (let i = 0; i <= steps; i++) {
    const y = Math.round(y0 + ((y1 - y0) * i) / steps);
    const x = Math.round(x0 + ((x1 - x0) * i) / steps);
    fillRectangle(canvas, { y: y - 1, x: x - 1, height: 3, width: 3 }, colour);
  }
}
