/**
 * Makes a PNG small enough for the repository: no wider than a page shows it, and with a palette of as few colours as look the same.
 */
import { decode, encode } from "fast-png";

/** GitHub shows the pictures of a page no wider than this, pixels. */
export const pageWidth = 1012;

/**
 * Averages over 4 x 4 pixels may be off by this, of 255, at 99 of 100 places, so that smooth surfaces show no steps; and by more where
 * their standard deviation is larger than `masking`, since noise hides steps.
 */
const invisible = 2.4;
const masking = 4;
const paletteSizes = [16, 24, 32, 48, 64, 96, 128, 192, 256];

interface Pixels {
  /** `[height, width, 3]`, 0..255. */
  data: Uint8Array;
  height: number;
  width: number;
}
type Rgb = [number, number, number];

/**
 * @param png 8 bits per channel or a palette, grey or in colour; transparency is left out
 * @param width pixels; a wider picture is reduced to this, a narrower one stays
 * @returns the given bytes where they are the fewest
 */
export function smallPng(png: Uint8Array, width = pageWidth): Uint8Array {
  const original = pixelsOf(png);
  const picture = original.width > width ? averaged(original, width) : original;
  const colours = countColours(picture);
  for (const size of paletteSizes) {
    const palette = choosePalette(colours, size);
    const { indices, error } = paint(picture, palette);
    if (error > invisible && size < 256) continue;
    // Two pixels to a byte, where 16 colours are enough.
    const depth = size <= 16 ? 4 : 8;
    const data = depth === 4 ? packed(indices, picture.width) : indices;
    const image = { data, height: picture.height, width: picture.width, channels: 1, depth, palette } as const;
    const small = encode(image, { zlib: { level: 9 } });
    if (small.length < png.length || picture !== original) return small;
    break;
  }
  return png;
}

/** Rows of half bytes, the left pixel in the upper one. */
function packed(indices: Uint8Array, width: number): Uint8Array {
  const stride = Math.ceil(width / 2);
  const out = new Uint8Array(stride * (indices.length / width));
  for (let i = 0; i < indices.length; i++) {
    const x = i % width;
    out[((i - x) / width) * stride + (x >> 1)] |= indices[i] << (x % 2 === 0 ? 4 : 0);
  }
  return out;
}

function pixelsOf(png: Uint8Array): Pixels {
  const { data: values, height, width, channels, depth, palette } = decode(png);
  const perByte = 8 / depth;
  const stride = Math.ceil(width / perByte);
  const indexAt = (i: number): number => {
    const x = i % width;
    const byte = values[((i - x) / width) * stride + Math.floor(x / perByte)];
    return (byte >> (8 - depth * ((x % perByte) + 1))) & (2 ** depth - 1);
  };
  const data = new Uint8Array(3 * height * width);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) {
      data[3 * i + c] = palette ? palette[indexAt(i)][c] : values[i * channels + (channels < 3 ? 0 : c)];
    }
  }
  return { data, height, width };
}

/** Each of the fewer pixels is the average of the area that it covers. */
function averaged({ data, height, width }: Pixels, wanted: number): Pixels {
  const scale = width / wanted;
  const tall = Math.round(height / scale);
  const [columns, rows] = [shares(width, wanted), shares(height, tall)];
  const out = new Uint8Array(3 * tall * wanted);
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wanted; x++) {
      const sum: Rgb = [0, 0, 0];
      for (const [row, high] of rows[y]) {
        for (const [column, wide] of columns[x]) {
          for (let c = 0; c < 3; c++) sum[c] += high * wide * data[3 * (row * width + column) + c];
        }
      }
      for (let c = 0; c < 3; c++) out[3 * (y * wanted + x) + c] = Math.round(sum[c]);
    }
  }
  return { data: out, height: tall, width: wanted };
}

/** For each new pixel, the old ones that it covers, with their shares of it. */
function shares(from: number, to: number): [index: number, share: number][][] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [i * scale, Math.min(from, (i + 1) * scale)];
    const covered: [number, number][] = [];
    for (let k = Math.floor(start); k < end; k++) {
      covered.push([k, (Math.min(end, k + 1) - Math.max(start, k)) / (end - start)]);
    }
    return covered;
  });
}

interface Counted {
  colour: Rgb;
  count: number;
}

function countColours({ data }: Pixels): Counted[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < data.length; i += 3) {
    const key = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Array.from(counts, ([key, count]) => ({ colour: [key >> 16, (key >> 8) & 255, key & 255], count }));
}

/**
 * Splits the group of colours with the largest sum of squares, at its mean along its widest channel, until there are enough groups (after
 * Wan, Wong and Prusinkiewicz, ACM Trans. Math. Softw. 14, 153 (1988)), and takes their means.
 */
function choosePalette(colours: readonly Counted[], size: number): Rgb[] {
  const groups = [groupOf(colours)];
  while (groups.length < size) {
    const largest = groups.reduce((a, b) => (b.squares > a.squares ? b : a));
    if (largest.squares === 0) break;
    const { channel, mean, members } = largest;
    const low = members.filter(({ colour }) => colour[channel] <= mean[channel]);
    const high = members.filter(({ colour }) => colour[channel] > mean[channel]);
    groups.splice(groups.indexOf(largest), 1, groupOf(low), groupOf(high));
  }
  return groups.map(({ mean }) => mean.map(Math.round) as Rgb);
}

function groupOf(members: readonly Counted[]) {
  const mean: Rgb = [0, 0, 0];
  const spread: Rgb = [0, 0, 0];
  const total = members.reduce((sum, { count }) => sum + count, 0);
  for (const { colour, count } of members) for (let c = 0; c < 3; c++) mean[c] += (count * colour[c]) / total;
  // Roots of counts, so that a colour bar keeps its steps beside large panels.
  for (const { colour, count } of members) {
    for (let c = 0; c < 3; c++) spread[c] += Math.sqrt(count) * (colour[c] - mean[c]) ** 2;
  }
  const channel = spread.indexOf(Math.max(...spread));
  // A single colour has no spread but for rounding.
  return { members, mean, channel, squares: members.length < 2 ? 0 : spread[channel] };
}

/** The nearest colour for each pixel, and how far averages are off at 99 of 100 places. */
function paint({ data, height, width }: Pixels, palette: readonly Rgb[]): { indices: Uint8Array; error: number } {
  const known = new Map<number, number>();
  const indices = new Uint8Array(height * width);
  const columns = Math.ceil(width / 4);
  const blocks = Array.from({ length: columns * Math.ceil(height / 4) }, () => ({
    off: [0, 0, 0],
    sum: 0,
    squares: 0,
  }));
  for (let i = 0; i < indices.length; i++) {
    const [r, g, b] = data.subarray(3 * i, 3 * i + 3);
    const key = (r << 16) | (g << 8) | b;
    let index = known.get(key);
    if (index === undefined) {
      const distances = palette.map((p) => (p[0] - r) ** 2 + (p[1] - g) ** 2 + (p[2] - b) ** 2);
      index = distances.indexOf(Math.min(...distances));
      known.set(key, index);
    }
    indices[i] = index;
    const block = blocks[Math.floor(i / width / 4) * columns + Math.floor((i % width) / 4)];
    for (let c = 0; c < 3; c++) block.off[c] += (palette[index][c] - data[3 * i + c]) / 16;
    block.sum += g / 16;
    block.squares += (g * g) / 16;
  }
  const errors = blocks.map(({ off, sum, squares }) => {
    const deviation = Math.sqrt(Math.max(0, squares - sum * sum));
    return Math.max(...off.map(Math.abs)) / Math.max(1, deviation / masking);
  });
  return { indices, error: errors.sort((a, b) => a - b)[Math.floor(0.99 * errors.length)] };
}
