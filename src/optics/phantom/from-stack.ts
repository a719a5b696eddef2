/** A recorded z-stack as a specimen. */
import { z } from "zod";
import { gaussianFilter } from "../../array/filters.ts";
import { percentiles } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { Stack } from "../../image/image.ts";
import { areaWeights, type Weights } from "./area-weights.ts";
import { definePhantom, type Phantom } from "./phantom.ts";
import type { Volume } from "./volume.ts";

export const stackOptions = z.strictObject({
  background: z
    .number()
    .min(0)
    .max(99)
    .default(50)
    .describe("percentile of the stack that is subtracted as background"),
  white: z.number().min(1).max(100).default(99.9).describe("percentile of the stack that becomes density 1"),
  denoise: z
    .number()
    .nonnegative()
    .default(0)
    .describe("standard deviation of a Gaussian filter against noise, um; 0: none"),
  depth: z.number().default(0).describe("z of the middle of the stack, um"),
});

/**
 * Makes a specimen of a stack, preferably a sharp (confocal) one. Grey levels above the background become densities,
 * voxels are averaged or interpolated to those of the grid, and the field is filled with mirrored copies around its
 * brightest part, so that its sides wrap without a step. Nothing is random: every seed gives the same specimen.
 *
 * @param stack counts, with pixel size and z step
 * @throws `calibration.missing` without pixel size or z step; `image.unfit` for a single plane, pixels that are not
 * numbers, or a constant
 *   stack
 */
export function stackPhantom(stack: Stack): Phantom<typeof stackOptions> {
  const { pixelSize, zStep } = stack;
  if (pixelSize === undefined) throw uncalibrated("pixel size", "pixel_size");
  if (zStep === undefined) throw uncalibrated("z step", "z_step");
  if (stack.depth < 2) throw unfit("one plane; a specimen needs a z-stack of 2 or more planes");
  return definePhantom({
    kind: "stack",
    summary: "a recorded z-stack as the specimen, preferably a confocal one",
    options: stackOptions,
    // Densities fade to zero within one plane beyond the last.
    extent: ({ depth }) => [depth - ((stack.depth + 1) * zStep) / 2, depth + ((stack.depth + 1) * zStep) / 2],
    draw: (volume, options) => {
      const tiles = drawStack(volume, { ...stack, pixelSize, zStep }, options);
      return [{ kind: "stack", x: 0, y: 0, z: options.depth, copies_x: tiles.x, copies_y: tiles.y }];
    },
  });
}

type CalibratedStack = Stack & { pixelSize: { y: number; x: number }; zStep: number };

function drawStack(volume: Volume, stack: CalibratedStack, options: z.output<typeof stackOptions>) {
  const [black, white] = percentiles(stack.data, [options.background, options.white]);
  if (!(white > black)) {
    const range = `percentile ${options.background} is ${black} and percentile ${options.white} is ${white}`;
    throw unfit(`no signal above its background: ${range}; give another stack or other percentiles`);
  }
  const { height, width, pixelSize } = stack;
  const middle = centroid(stack, black, white);
  const alongX = mirroredTiles(volume.width, volume.pixelSize, {
    pixels: width,
    pixelSize: pixelSize.x,
    middle: middle.x,
  });
  const alongY = mirroredTiles(volume.height, volume.pixelSize, {
    pixels: height,
    pixelSize: pixelSize.y,
    middle: middle.y,
  });
  const alongZ = slicesOf(volume, stack, options.depth);
  const planes = new Map<number, Float32Array>();
  // Each plane is resampled to the new pixels once; slices are weighted sums of planes.
  const planeAt = (k: number): Float32Array => {
    let plane = planes.get(k);
    if (plane === undefined) {
      plane = resampled(densities(stack, k, black, white, options.denoise), stack, alongY.weights, alongX.weights);
      planes.set(k, plane);
    }
    return plane;
  };
  const size = volume.height * volume.width;
  alongZ.forEach(({ first, weights }, k) => {
    for (const known of planes.keys()) if (known < first) planes.delete(known);
    const slice = volume.data.subarray(k * size, (k + 1) * size);
    weights.forEach((weight, i) => {
      const plane = planeAt(first + i);
      for (let p = 0; p < size; p++) slice[p] += weight * plane[p];
    });
  });
  return { x: alongX.copies, y: alongY.copies };
}

/** Plane k as densities: 0 at black and below, 1 at white and above. */
function densities(stack: CalibratedStack, k: number, black: number, white: number, denoise: number): Float32Array {
  const size = stack.height * stack.width;
  const data = stack.data.subarray(k * size, (k + 1) * size);
  const { y, x } = stack.pixelSize;
  const { height, width } = stack;
  const plane = denoise > 0 ? gaussianFilter({ data, height, width }, { y: denoise / y, x: denoise / x }).data : data;
  return plane.map((value) => Math.min(1, Math.max(0, (value - black) / (white - black))));
}

/** Centre of the stained structures, pixels, on which a box smaller than the stack is centred. */
function centroid(stack: CalibratedStack, black: number, white: number): { y: number; x: number } {
  let [sum, y, x] = [0, 0, 0];
  let i = 0;
  for (let k = 0; k < stack.depth; k++) {
    for (let row = 0; row < stack.height; row++) {
      for (let column = 0; column < stack.width; column++) {
        const density = Math.min(1, Math.max(0, (stack.data[i++] - black) / (white - black)));
        // Squared, so that a faint, wide background has little weight.
        sum += density * density;
        y += row * density * density;
        x += column * density * density;
      }
    }
  }
  return { y: y / sum, x: x / sum };
}

/**
 * For each pixel of a side, the weights of the pixels of the stack. The side has an even number of tiles, every other
 * one mirrored, each with the stack around `middle` (mirrored at its edges if the tile is wider), so that tiles join
 * without a step and the box wraps.
 */
function mirroredTiles(
  pixels: number,
  pixelSize: number,
  stack: { pixels: number; pixelSize: number; middle: number },
) {
  const side = pixels * pixelSize;
  const copies = 2 * Math.max(1, Math.round(side / (2 * stack.pixels * stack.pixelSize)));
  const tile = side / copies;
  const weights = Array.from({ length: pixels }, (_, i) => {
    const index = Math.floor((i * pixelSize) / tile);
    const within = i * pixelSize - index * tile;
    const fromMiddle = (index % 2 === 0 ? within : tile - within) - tile / 2;
    const at = stack.middle + fromMiddle / stack.pixelSize;
    return areaWeights(at, pixelSize / stack.pixelSize, stack.pixels, "mirror");
  });
  return { copies, weights };
}

/** For each slice, the weights of the planes of the stack; none beyond the ends. */
function slicesOf(volume: Volume, stack: CalibratedStack, middle: number): Weights[] {
  const first = middle - ((stack.depth - 1) * stack.zStep) / 2;
  return Array.from({ length: volume.depth }, (_, k) => {
    const at = (volume.bottom + k * volume.sliceStep - first) / stack.zStep;
    return areaWeights(at, volume.sliceStep / stack.zStep, stack.depth, "zero");
  });
}

/** A plane resampled by the weights. */
function resampled(plane: Float32Array, { width }: CalibratedStack, rows: Weights[], columns: Weights[]): Float32Array {
  const out = new Float32Array(rows.length * columns.length);
  const line = new Float32Array(width);
  rows.forEach(({ first, weights }, j) => {
    line.fill(0);
    weights.forEach((weight, i) => {
      const row = plane.subarray((first + i) * width, (first + i + 1) * width);
      for (let x = 0; x < width; x++) line[x] += weight * row[x];
    });
    columns.forEach((column, i) => {
      let sum = 0;
      for (let x = 0; x < column.weights.length; x++) sum += column.weights[x] * line[column.first + x];
      out[j * columns.length + i] = sum;
    });
  });
  return out;
}

function uncalibrated(what: string, option: string): ParfocalError<"calibration.missing"> {
  const message = `Specimen stack: the stack has no ${what}; give \`${option} <your ${what}>\` (um).`;
  return new ParfocalError("calibration.missing", message, { what, option });
}

function unfit(detail: string): ParfocalError<"image.unfit"> {
  return new ParfocalError("image.unfit", `Specimen stack: the stack has ${detail}.`, { detail });
}
