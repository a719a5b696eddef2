/**
 * Weighted sums of half spectra: out[p] = sum over s of weight[p][s] x spectrum[s], frequency by frequency, for several
 * sums over the same spectra. float32, in the order of the spectra, so that the bytes depend neither on how many sums
 * are made together nor on how many threads share the work.
 */
import { layoutOf, roundUp } from "./wasm/layout.ts";
import { workspaceOf } from "./wasm/workspace.ts";

/** Spectra as a RealFft2 makes them, one behind the other: `[count, height, width]`. */
export interface Spectra {
  readonly count: number;
  /** Of a spectrum: the image's height, and its width / 2 + 1. */
  readonly height: number;
  readonly width: number;
  readonly real: Float32Array;
  readonly imag: Float32Array;
}

/** One weight for each frequency. */
export interface Weights {
  /** `[height / 2 + 1, width]`, row v standing for height - v as well, or `[height, width]`. */
  readonly real: Float32Array;
  /** `[height, width]`; absent where the weights are real. */
  readonly imag?: Float32Array | undefined;
}

/**
 * @param weights for each sum, its weights for each spectrum; the same object may serve many times
 * @param real receives the sums, `[sums, height, width]`, as `imag`
 */
export function weightedSums(
  spectra: Spectra,
  weights: readonly (readonly Weights[])[],
  real: Float32Array,
  imag: Float32Array,
): void {
  if (spectra.count === 0) {
    real.fill(0);
    imag.fill(0);
    return;
  }
  const quarter = (Math.floor(spectra.height / 2) + 1) * spectra.width;
  const allEven = weights.every((list) =>
    list.every((weight) => weight.imag === undefined && weight.real.length === quarter),
  );
  if (allEven) evenSums(spectra, weights, real, imag);
  else complexSums(spectra, weights, real, imag);
}

/** Rows that are fetched together: long enough to copy fast, few enough to stay in the cache. */
const rowsTogether = 8;

/** Rows v and height - v together, since they share their weights. */
function evenSums(
  { count, height, width, real: sourceRe, imag: sourceIm }: Spectra,
  weights: readonly (readonly Weights[])[],
  real: Float32Array,
  imag: Float32Array,
): void {
  const workspace = workspaceOf("float32");
  const { indexOf, distinct } = numbered(weights.flat());
  const pitch = roundUp(width, 4);
  // Rows lie as they come, without gaps; the last one's last vector reaches beyond it.
  const block = roundUp(rowsTogether * width, 4);
  const layout = layoutOf(workspace);
  const source = layout.take(count * 4 * block);
  const rows = layout.take(distinct.length * block + 4);
  const lists = layout.take(weights.length * count);
  const outs = layout.take((weights.length + 1) * 4 * pitch);
  const memory = layout.numbers();
  const addresses = (weight: Weights) => rows + indexOf(weight) * block;
  writeLists(
    memory,
    lists,
    weights.map((list) => list.map(addresses)),
  );
  const length = height * width;

  for (const [first, end] of rowBlocks(height)) {
    const taken = end - first;
    // Rows 0 and height / 2 are their own mirror images.
    const mirrored = first === 0 ? 0 : height - end + 1;
    for (let s = 0; s < count; s++) {
      [first, mirrored].forEach((row, side) => {
        const start = s * length + row * width;
        const at = source + (s * 4 + 2 * side) * block;
        memory.set(sourceRe.subarray(start, start + taken * width), at);
        memory.set(sourceIm.subarray(start, start + taken * width), at + block);
      });
    }
    distinct.forEach((weight, i) => {
      memory.set(weight.real.subarray(first * width, end * width), rows + i * block);
    });
    for (let v = first; v < end; v++) {
      const at = (v - first) * width;
      const mirrorAt = (end - 1 - v) * width;
      for (let p = 0; p < weights.length; p += 2) {
        // The last of an odd number is made twice.
        const second = Math.min(p + 1, weights.length - 1);
        const [outA, outB] = [p, p + 1].map((index) => outs + index * 4 * pitch);
        workspace.kernels.evenSum(
          ...[4 * (lists + p * count), 4 * (lists + second * count), 4 * at, 4 * (source + at), 16 * block, 4 * block],
          ...[4 * (2 * block + mirrorAt - at), 4 * outA, 4 * outB, 4 * pitch, count, pitch / 4],
        );
      }
      for (let p = 0; p < weights.length; p++) {
        [v, mirrored + end - 1 - v].forEach((row, side) => {
          const from = outs + (p * 4 + 2 * side) * pitch;
          real.set(memory.subarray(from, from + width), p * length + row * width);
          imag.set(memory.subarray(from + pitch, from + pitch + width), p * length + row * width);
        });
      }
    }
  }
}

/** Rows 0..height / 2 in blocks, the first and (where it is its own mirror image) the last alone. */
function rowBlocks(height: number): [first: number, end: number][] {
  const blocks: [number, number][] = [[0, 1]];
  const middle = Math.ceil(height / 2);
  for (let v = 1; v < middle; v += rowsTogether) blocks.push([v, Math.min(v + rowsTogether, middle)]);
  if (height % 2 === 0) blocks.push([middle, middle + 1]);
  return blocks;
}

function complexSums(
  { count, height, width, real: sourceRe, imag: sourceIm }: Spectra,
  weights: readonly (readonly Weights[])[],
  real: Float32Array,
  imag: Float32Array,
): void {
  const workspace = workspaceOf("float32");
  const { indexOf, distinct } = numbered(weights.flat());
  const pitch = roundUp(width, 4);
  const block = roundUp(rowsTogether * width, 4);
  const layout = layoutOf(workspace);
  const source = layout.take(count * 2 * block);
  const rows = layout.take(distinct.length * 2 * block + 4);
  const lists = layout.take(weights.length * 2 * count);
  const out = layout.take(2 * pitch);
  const memory = layout.numbers();
  const addresses = (weight: Weights) => [0, 1].map((part) => rows + (2 * indexOf(weight) + part) * block);
  writeLists(
    memory,
    lists,
    weights.map((list) => list.flatMap(addresses)),
  );
  const length = height * width;

  for (let first = 0; first < height; first += rowsTogether) {
    const end = Math.min(first + rowsTogether, height);
    for (let s = 0; s < count; s++) {
      const start = s * length;
      memory.set(sourceRe.subarray(start + first * width, start + end * width), source + 2 * s * block);
      memory.set(sourceIm.subarray(start + first * width, start + end * width), source + (2 * s + 1) * block);
    }
    distinct.forEach((weight, i) => {
      const at = rows + 2 * i * block;
      for (let v = first; v < end; v++) {
        const row = weight.real.length < length ? Math.min(v, height - v) : v;
        memory.set(weight.real.subarray(row * width, (row + 1) * width), at + (v - first) * width);
      }
      if (weight.imag) memory.set(weight.imag.subarray(first * width, end * width), at + block);
      else memory.fill(0, at + block, at + 2 * block);
    });
    for (let v = first; v < end; v++) {
      const at = (v - first) * width;
      for (let p = 0; p < weights.length; p++) {
        workspace.kernels.complexSum(
          ...[4 * (lists + 2 * p * count), 4 * at, 4 * (source + at), 8 * block, 4 * block],
          ...[4 * out, 4 * pitch, count, pitch / 4],
        );
        real.set(memory.subarray(out, out + width), p * length + v * width);
        imag.set(memory.subarray(out + pitch, out + pitch + width), p * length + v * width);
      }
    }
  }
}

/** Each of the objects once, and the place of each. */
function numbered(all: readonly Weights[]) {
  const places = new Map<Weights, number>();
  for (const weight of all) if (!places.has(weight)) places.set(weight, places.size);
  return { distinct: [...places.keys()], indexOf: (weight: Weights) => places.get(weight) ?? 0 };
}

/** Lists of rows, given by their first number, as addresses. */
function writeLists(memory: Float32Array | Float64Array, at: number, lists: readonly (readonly number[])[]): void {
  const addresses = new Uint32Array(memory.buffer, 4 * at, lists.length * (lists[0]?.length ?? 0));
  addresses.set(lists.flat().map((row) => 4 * row));
}
