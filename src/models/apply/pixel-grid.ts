import { resample } from "../../array/resample.ts";
import type { Region } from "../../image/image-file.ts";

/**
 * Two grids over the same field: the pixels of the image, and pixels of the size that the model was trained at. `scale`
 * is model pixels per image pixel; the edges of the field coincide, so image pixel i lies at model coordinate (i + 1/2)
 * scale - 1/2.
 */
export interface PixelGrid {
  scaleY: number;
  scaleX: number;
}

/** Pixel sizes that differ by less than this fraction count as equal. */
const tolerance = 0.02;

/** The grids for an image and a model; scale 1 where the pixel size of the image is not known. */
export function pixelGrid(image: { y: number; x: number } | undefined, model: number): PixelGrid {
  const scale = (size: number): number => (Math.abs(size / model - 1) < tolerance ? 1 : size / model);
  return image ? { scaleY: scale(image.y), scaleX: scale(image.x) } : { scaleY: 1, scaleX: 1 };
}

export const isSameGrid = ({ scaleY, scaleX }: PixelGrid): boolean => scaleY === 1 && scaleX === 1;

/** The model pixels that are needed to interpolate the image pixels of a region (bicubic: two more on each side). */
export function modelRegion(grid: PixelGrid, region: Region): Region {
  const [y, height] = span(region.y, region.height, grid.scaleY);
  const [x, width] = span(region.x, region.width, grid.scaleX);
  return { x, y, width, height };
}

/** The image pixels that are needed to make the model pixels of a region. */
export function imageRegion(grid: PixelGrid, region: Region): Region {
  const [y, height] = span(region.y, region.height, 1 / grid.scaleY);
  const [x, width] = span(region.x, region.width, 1 / grid.scaleX);
  return { x, y, width, height };
}

function span(start: number, count: number, scale: number): [number, number] {
  if (scale === 1) return [start, count];
  const reach = Math.max(1, scale);
  const first = Math.floor((start + 0.5) * scale - 0.5 - reach) - 1;
  const last = Math.ceil((start + count - 0.5) * scale - 0.5 + reach) + 1;
  return [first, last - first + 1];
}

/**
 * Image pixels (of `from`, an {@link imageRegion}) to the model pixels of `to`; averages where pixels become larger.
 */
export function toModelGrid(grid: PixelGrid, data: Float32Array, from: Region, to: Region): Float32Array {
  return between(data, from, to, 1 / grid.scaleY, 1 / grid.scaleX);
}

/** Model pixels (of `from`, a {@link modelRegion}) to the image pixels of `to`. */
export function toImageGrid(grid: PixelGrid, data: Float32Array, from: Region, to: Region): Float32Array {
  return between(data, from, to, grid.scaleY, grid.scaleX);
}

/** `step`: pixels of `from` per pixel of `to`. Steps above 1 are split and averaged to avoid aliasing. */
function between(data: Float32Array, from: Region, to: Region, stepY: number, stepX: number): Float32Array {
  if (stepY === 1 && stepX === 1) return crop(data, from, to);
  const [partsY, partsX] = [Math.ceil(stepY), Math.ceil(stepX)];
  // Sample (i, part) lies at ((i + (part + 1/2) / parts) step - 1/2).
  const fine = resample(
    { data, height: from.height, width: from.width },
    {
      height: to.height * partsY,
      width: to.width * partsX,
      y0: (to.y + 0.5 / partsY) * stepY - 0.5 - from.y,
      x0: (to.x + 0.5 / partsX) * stepX - 0.5 - from.x,
      stepY: stepY / partsY,
      stepX: stepX / partsX,
    },
    "cubic",
  ).data;
  if (partsY === 1 && partsX === 1) return fine;
  const out = new Float32Array(to.height * to.width);
  for (let y = 0; y < to.height * partsY; y++) {
    const row = Math.floor(y / partsY) * to.width;
    for (let x = 0; x < to.width * partsX; x++) {
      out[row + Math.floor(x / partsX)] += fine[y * to.width * partsX + x] / (partsY * partsX);
    }
  }
  return out;
}

/** The part `to` of the rectangle `from`; both in the same pixels. */
export function crop(data: Float32Array, from: Region, to: Region): Float32Array {
  if (from.x === to.x && from.width === to.width && from.y === to.y && from.height === to.height) return data;
  const out = new Float32Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const start = (to.y - from.y + y) * from.width + to.x - from.x;
    out.set(data.subarray(start, start + to.width), y * to.width);
  }
  return out;
}
