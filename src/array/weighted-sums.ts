/**
 * Weighted sums of half spectra: out[p] = sum over s of weight[p][s] x spectrum[s], frequency by frequency, for several sums
 * over the same spectra. float32, in the order of the spectra, so that the bytes depend neither on how many sums are
 * made together nor on how many threads share the work.
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
  const layout = layoutOf(workspace);
  const source = layout.take(count * 4 * pitch);
  const rows = layout.take(distinct.length * pitch);
  const lists = layout.take(weights.length * count);
  const outs = layout.take((weights.length + 1) * 4 * pitch);
  const memory = layout.numbers();
  writeLists(
    memory,
    lists,
    weights.map((list) => list.map((weight) => rows + indexOf(weight) * pitch)),
  );
  const length = height * width;

  for (let v = 0; 2 * v <= height; v++) {
    const mirrored = v === 0 ? 0 : height - v;
    for (let s = 0; s < count; s++) {
      const at = source + s * 4 * pitch;
      [v, mirrored].forEach((row, side) => {
        const start = s * length + row * width;
        memory.set(sourceRe.subarray(start, start + width), at + 2 * side * pitch);
        memory.set(sourceIm.subarray(start, start + width), at + (2 * side + 1) * pitch);
      });
    }
    distinct.forEach((weight, i) => {
      memory.set(weight.real.subarray(v * width, (v + 1) * width), rows + i * pitch);
    });
    for (let p = 0; p < weights.length; p += 2) {
      // The last of an odd number is made twice.
      const second = Math.min(p + 1, weights.length - 1);
      const [outA, outB] = [p, p + 1].map((index) => outs + index * 4 * pitch);
      workspace.kernels.evenSum(
        ...[4 * (lists + p * count), 4 * (lists + second * count), 4 * source, 16 * pitch, 4 * pitch],
        ...[4 * outA, 4 * outB, count, pitch / 4],
      );
    }
    for (let p = 0; p < weights.length; p++) {
      [v, mirrored].forEach((row, side) => {
        const at = outs + (p * 4 + 2 * side) * pitch;
        real.set(memory.subarray(at, at + width), p * length + row * width);
        imag.set(memory.subarray(at + pitch, at + pitch + width), p * length + row * width);
      });
    }
  }
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
  const layout = layoutOf(workspace);
  const source = layout.take(count * 2 * pitch);
  const rows = layout.take(distinct.length * 2 * pitch);
  const lists = layout.take(weights.length * 2 * count);
  const out = layout.take(2 * pitch);
  const memory = layout.numbers();
  const addresses = (weight: Weights) => [0, 1].map((part) => rows + (2 * indexOf(weight) + part) * pitch);
  writeLists(
    memory,
    lists,
    weights.map((list) => list.flatMap(addresses)),
  );
  const length = height * width;

  for (let v = 0; v < height; v++) {
    for (let s = 0; s < count; s++) {
      const start = s * length + v * width;
      memory.set(sourceRe.subarray(start, start + width), source + 2 * s * pitch);
      memory.set(sourceIm.subarray(start, start + width), source + (2 * s + 1) * pitch);
    }
    distinct.forEach((weight, i) => {
      const row = weight.real.length < length ? Math.min(v, height - v) : v;
      const at = rows + 2 * i * pitch;
      memory.set(weight.real.subarray(row * width, (row + 1) * width), at);
      if (weight.imag) memory.set(weight.imag.subarray(v * width, (v + 1) * width), at + pitch);
      else memory.fill(0, at + pitch, at + 2 * pitch);
    });
    for (let p = 0; p < weights.length; p++) {
      workspace.kernels.complexSum(
        ...[4 * (lists + 2 * p * count), 4 * source, 8 * pitch, 4 * pitch, 4 * out, count, pitch / 4],
      );
      real.set(memory.subarray(out, out + width), p * length + v * width);
      imag.set(memory.subarray(out + pitch, out + pitch + width), p * length + v * width);
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
