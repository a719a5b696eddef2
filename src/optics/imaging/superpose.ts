/**
 * Image formation in wide field: every plane is the sum of all slices of the object, each convolved with the PSF of its
 * distance from that plane. Fluorescence is incoherent, so intensities add.
 */
import type { RealFft2 } from "../../array/fft.ts";
import type { OtfBank } from "../psf/otf.ts";

/** Spectra of object slices: half spectra of a {@link RealFft2}, one behind the other. */
export interface SliceSpectra {
  /** Height of each slice in steps of the bank. */
  readonly levels: readonly number[];
  /** `[slice, height, width / 2 + 1]` */
  readonly real: Float32Array;
  readonly imag: Float32Array;
}

/**
 * Transforms object slices.
 * @param levels heights of the slices that hold anything, in steps of the bank
 * @param draw adds slice `index` into an image of zeros, `[height, width]`
 */
export function transformSlices(
  plan: RealFft2,
  levels: readonly number[],
  draw: (image: Float32Array, index: number) => void,
): SliceSpectra {
  const length = plan.height * plan.spectrumWidth;
  const real = new Float32Array(levels.length * length);
  const imag = new Float32Array(levels.length * length);
  const image = new Float32Array(plan.height * plan.width);
  levels.forEach((_, s) => {
    image.fill(0);
    draw(image, s);
    plan.forward(image, real.subarray(s * length, (s + 1) * length), imag.subarray(s * length, (s + 1) * length));
  });
  return { levels, real, imag };
}

/**
 * Images the slices at each focal plane, one after the other: sum over slices of OTF(slice level - plane level) x spectrum.
 *
 * Circular: the image wraps at the edges of the grid, so leave a margin as wide as the blur and cut it off.
 *
 * @param planes focal planes in steps of the bank
 * @returns for each plane its image, `[height, width]`; the same array every time
 */
export function* superpose(
  plan: RealFft2,
  slices: SliceSpectra,
  planes: readonly number[],
  bank: OtfBank,
): Generator<Float32Array, void, void> {
  const { height, spectrumWidth: width } = plan;
  const length = height * width;
  // A few planes at a time, row by row, so that the rows of all slices and OTFs stay in the cache between planes.
  const together = Math.min(8, planes.length);
  const real = new Float32Array(together * length);
  const imag = new Float32Array(together * length);
  const image = new Float32Array(height * plan.width);
  const row = createRowSum(slices, width);

  for (let first = 0; first < planes.length; first += together) {
    const group = planes.slice(first, first + together);
    const otfs = group.map((plane) => slices.levels.map((level) => bank.at(level - plane).real));
    for (let v = 0; v < height; v++) {
      const otfRow = Math.min(v, height - v) * width;
      for (let g = 0; g < group.length; g++) {
        row.sum(otfs[g], otfRow, v * width, length);
        real.set(row.real, g * length + v * width);
        imag.set(row.imag, g * length + v * width);
      }
    }
    for (let g = 0; g < group.length; g++) {
      plan.inverse(real.subarray(g * length, (g + 1) * length), imag.subarray(g * length, (g + 1) * length), image);
      yield image;
    }
  }
}

/** The inner loop: one row of frequencies, summed over all slices, four at a time to spare loads and stores. */
function createRowSum(slices: SliceSpectra, width: number) {
  const { real: sr, imag: si } = slices;
  const count = slices.levels.length;
  const real = new Float64Array(width);
  const imag = new Float64Array(width);
  const sum = (otfs: readonly Float32Array[], otfRow: number, row: number, stride: number) => {
    real.fill(0);
    imag.fill(0);
    let s = 0;
    for (; s + 3 < count; s += 4) {
      const h0 = otfs[s];
      const h1 = otfs[s + 1];
      const h2 = otfs[s + 2];
      const h3 = otfs[s + 3];
      const b0 = s * stride + row;
      const b1 = b0 + stride;
      const b2 = b1 + stride;
      const b3 = b2 + stride;
      for (let u = 0; u < width; u++) {
        const w0 = h0[otfRow + u];
        const w1 = h1[otfRow + u];
        const w2 = h2[otfRow + u];
        const w3 = h3[otfRow + u];
        real[u] += w0 * sr[b0 + u] + w1 * sr[b1 + u] + (w2 * sr[b2 + u] + w3 * sr[b3 + u]);
        imag[u] += w0 * si[b0 + u] + w1 * si[b1 + u] + (w2 * si[b2 + u] + w3 * si[b3 + u]);
      }
    }
    for (; s < count; s++) {
      const h = otfs[s];
      const b = s * stride + row;
      for (let u = 0; u < width; u++) {
        const w = h[otfRow + u];
        real[u] += w * sr[b + u];
        imag[u] += w * si[b + u];
      }
    }
  };
  return { real, imag, sum };
}
