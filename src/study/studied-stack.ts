/**
 * The z-stack that a study examines, with its sharpest plane, a structure to follow, and the region that slow
 * experiments use.
 */

import { gaussianFilter } from "../array/filters.ts";
import { percentiles } from "../array/statistics.ts";
import { bestPlane, focusCurve } from "../classical/focus/focus.ts";
import { ParfocalError } from "../errors.ts";
import { cropStack } from "../image/crop.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { requirePairable } from "../image/pairable.ts";
import { refuseNonFinite } from "../image/pixel-place.ts";
import { signalRange } from "../metrics/metrics.ts";
import type { Warning } from "../warning.ts";

/** Pixels. */
export interface Box {
  top: number;
  left: number;
  height: number;
  width: number;
}

export interface StudiedStack {
  name: string;
  stack: Stack & { zStep: number };
  /** Ground truth of sections, plane by plane; undefined where it is not known. */
  truth?: Stack | undefined;
  /** Index of the sharpest plane, and the sharpness of every plane (largest 1). */
  sharpest: number;
  sharpness: number[];
  /** The box around the structure that profiles and details follow. */
  structure: Box;
  /** The part of the field that is used by experiments with many outputs; the whole of a small field. */
  region: Box;
  /** The range of PSNR and SSIM: percentiles 0.1 to 99.9 of the sharpest plane, counts. */
  dataRange: number;
  warnings: Warning[];
}

export interface StudiedStackOptions {
  truth?: Stack | undefined;
  /** Index of the sharpest plane, instead of the one that is found. */
  sharpest?: number | undefined;
  /** Centre of the structure to follow, pixels, instead of the one that is found. */
  structure?: { y: number; x: number } | undefined;
}

/** Longest edge of the studied field and of the region, and edge of the box around the structure, pixels. */
const [maxField, maxRegion, structureEdge] = [1536, 384, 64];

/**
 * Finds the sharpest plane (Tenengrad), and a structure to follow: the place where that plane has most detail within
 * `structureEdge` pixels.
 * @throws image.unfit for fewer than three planes, NaN, no contrast, or a ground truth of another size;
 * calibration.missing without a z step
 */
export function openStudiedStack(name: string, stack: Stack, options: StudiedStackOptions = {}): StudiedStack {
  const unfit = (detail: string, advice: string): ParfocalError =>
    new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
  const { depth, height, width, zStep } = stack;
  if (depth < 3)
    throw unfit(
      `it has ${depth} plane${depth === 1 ? "" : "s"}`,
      "a study needs a z-stack with planes on both sides of focus",
    );
  if (zStep === undefined) {
    const message = `${name} has no z step. Give \`z_step <your z step>\` (um).`;
    throw new ParfocalError("calibration.missing", message, { path: name, what: "z step", option: "z_step" });
  }
  if (height < 48 || width < 48) throw unfit(`it has ${height} x ${width} pixels`, "a study needs at least 48 x 48");
  refuseNonFinite(stack.data, { path: name, width, height, z: 0 });
  const { truth } = options;
  if (truth) requirePairable(["the ground truth", truth], [name, stack]);
  const warnings: Warning[] = [];
  const cut = cropLarge(stack, truth);
  if (cut.stack !== stack) {
    const sizes = `the middle ${cut.stack.height} x ${cut.stack.width} of ${height} x ${width} pixels`;
    warnings.push({ code: "cropped_field", text: `The field is large, so only ${sizes} are studied.` });
  }
  const curve = focusCurve(cut.stack);
  const highest = Math.max(...curve);
  const sharpest = options.sharpest ?? bestPlane(curve).plane;
  if (!Number.isInteger(sharpest) || sharpest < 0 || sharpest >= depth) {
    const message = `${name} has planes 0 to ${depth - 1}, but \`sharpest\` is ${sharpest}.`;
    throw new ParfocalError("usage", message, { option: "sharpest", got: sharpest, expected: `0 to ${depth - 1}` });
  }
  if (sharpest === 0 || sharpest === depth - 1) {
    warnings.push({
      code: "focus_at_end",
      text: "The sharpest plane is at an end of the stack, so one side of focus cannot be judged.",
    });
  }
  const plane = planeOf(cut.stack, sharpest);
  const centre = centreOf(name, plane, cut, options.structure);
  const box = (edge: number): Box => around(centre, plane, edge);
  return {
    name,
    stack: { ...cut.stack, zStep },
    truth: cut.truth,
    sharpest,
    sharpness: curve.map((value) => value / highest),
    structure: box(structureEdge),
    region: box(maxRegion),
    dataRange: signalRange(plane),
    warnings,
  };
}

interface Cut {
  stack: Stack;
  truth: Stack | undefined;
  top: number;
  left: number;
}

function cropLarge(stack: Stack, truth: Stack | undefined): Cut {
  const { height, width } = stack;
  if (height <= maxField && width <= maxField) return { stack, truth, top: 0, left: 0 };
  const spanOf = (extent: number): [number, number] => {
    const start = Math.max(0, Math.floor((extent - maxField) / 2));
    return [start, Math.min(extent, start + maxField)];
  };
  const [rows, columns] = [spanOf(height), spanOf(width)];
  return {
    stack: cropStack(stack, rows, columns),
    truth: truth && cropStack(truth, rows, columns),
    top: rows[0],
    left: columns[0],
  };
}

function centreOf(
  name: string,
  plane: Plane,
  { top, left }: Cut,
  given: { y: number; x: number } | undefined,
): { y: number; x: number } {
  if (given === undefined) return mostDetail(plane);
  const centre = { y: Math.round(given.y - top), x: Math.round(given.x - left) };
  if (centre.y >= 0 && centre.x >= 0 && centre.y < plane.height && centre.x < plane.width) return centre;
  const message = `${name}: the \`structure\` at ${given.x},${given.y} lies outside the ${plane.width} x ${plane.height} pixels (width x height) that are studied.`;
  throw new ParfocalError("usage", message, { option: "structure", got: given, expected: "a place in the field" });
}

/**
 * The place with the largest squared gradient around it. The brightest 0.1 % of the pixels are limited, so that no
 * single hot pixel is chosen.
 */
function mostDetail(plane: Plane): { y: number; x: number } {
  const { height, width } = plane;
  const [high] = percentiles(plane.data, [99.9]);
  const capped = { height, width, data: plane.data.map((value) => Math.min(value, high)) };
  const smooth = gaussianFilter(capped, 1).data;
  const energy = new Float32Array(height * width);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      energy[i] = (smooth[i + 1] - smooth[i - 1]) ** 2 + (smooth[i + width] - smooth[i - width]) ** 2;
    }
  }
  const around = gaussianFilter({ data: energy, height, width }, structureEdge / 8).data;
  const margin = Math.min(structureEdge / 2, Math.floor(Math.min(height, width) / 2) - 1);
  let best = margin * width + margin;
  for (let y = margin; y < height - margin; y++)
    for (let x = margin; x < width - margin; x++) if (around[y * width + x] > around[best]) best = y * width + x;
  return { y: Math.floor(best / width), x: best % width };
}

/** A box of at most `edge` x `edge` pixels around a centre, moved so that it lies in the field. */
export function around({ y, x }: { y: number; x: number }, field: Plane, edge: number): Box {
  const [height, width] = [Math.min(edge, field.height), Math.min(edge, field.width)];
  const place = (centre: number, extent: number, size: number): number =>
    Math.max(0, Math.min(extent - size, Math.round(centre - size / 2)));
  return { top: place(y, field.height, height), left: place(x, field.width, width), height, width };
}

export function cropPlane(plane: Plane, { top, left, height, width }: Box): Plane {
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * plane.width + left;
    data.set(plane.data.subarray(from, from + width), y * width);
  }
  return { data, height, width };
}

export function cropToBox(stack: Stack, { top, left, height, width }: Box): Stack {
  return cropStack(stack, [top, top + height], [left, left + width]);
}
