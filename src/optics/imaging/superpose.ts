/**
 * Image formation in wide field: every plane is the sum of all slices of the specimen, each convolved with the PSF of
 * its distance from that plane. Fluorescence is incoherent, so intensities add.
 */

import { runThrough } from "../../array/breathe.ts";
import type { RealFft2 } from "../../array/fft.ts";
import { requireMemory } from "../../array/require-memory.ts";
import { weightedSums } from "../../array/weighted-sums.ts";
import type { Otf, OtfBank } from "../psf/otf.ts";

/**
 * Number of planes whose spectra are summed together, so that each row of slices and OTFs is read once for all of them.
 */
export const planesTogether = 16;

/** Spectra of the slices of a specimen: half spectra of a {@link RealFft2}, one after another. */
export interface SliceSpectra {
  /** Height of each slice in steps of the bank. */
  readonly levels: readonly number[];
  /** `[slice, height, width / 2 + 1]` */
  readonly real: Float32Array;
  readonly imag: Float32Array;
}

/**
 * Transforms the slices of a specimen.
 * @param levels heights of the slices that are not empty, in steps of the bank
 * @param draw adds slice `index` into an image of zeros, `[height, width]`
 */
export function transformSlices(
  plan: RealFft2,
  levels: readonly number[],
  draw: (image: Float32Array, index: number) => void,
): SliceSpectra {
  return runThrough(transformSlicesSteps(plan, levels, draw));
}

/** As {@link transformSlices}, as work that yields after every slice: see breathe.ts. */
export function* transformSlicesSteps(
  plan: RealFft2,
  levels: readonly number[],
  draw: (image: Float32Array, index: number) => void,
): Generator<void, SliceSpectra> {
  const length = plan.height * plan.spectrumWidth;
  requireMemory({
    what: `A specimen of ${levels.length} slices of ${plan.height} x ${plan.width} pixels`,
    // Spectra of the slices, and of the planes being computed.
    bytes: 8 * length * (levels.length + planesTogether),
    advice: "a smaller field, or a thinner specimen",
    option: "size",
  });
  const real = sharedFloats(levels.length * length);
  const imag = sharedFloats(levels.length * length);
  const image = new Float32Array(plan.height * plan.width);
  for (let s = 0; s < levels.length; s++) {
    image.fill(0);
    draw(image, s);
    plan.forward(image, real.subarray(s * length, (s + 1) * length), imag.subarray(s * length, (s + 1) * length));
    yield;
  }
  return { levels, real, imag };
}

/**
 * Images the slices at each focal plane, one after the other: sum over slices of OTF(slice level - plane level) x
 * spectrum.
 *
 * The image wraps at the edges of the grid, so leave a margin as wide as the blur and crop it.
 *
 * @param planes focal planes in steps of the bank
 * @returns for each plane its image, `[height, width]`; the same array is reused for every plane
 */
export function* superpose(
  plan: RealFft2,
  slices: SliceSpectra,
  planes: readonly number[],
  bank: OtfBank,
): Generator<Float32Array, void, void> {
  // OTFs are computed with the planes that need them, not all before the first image.
  for (let first = 0; first < planes.length; first += planesTogether) {
    yield* superposeWith(plan, slices, otfsOf(slices, planes.slice(first, first + planesTogether), bank));
  }
}

/** For each plane, the OTF of each slice. */
function otfsOf(slices: SliceSpectra, planes: readonly number[], bank: OtfBank): Otf[][] {
  return runThrough(otfsOfSteps(slices, planes, bank));
}

/** As {@link otfsOf}, as work that yields after every OTF: one that the bank lacks takes tens of milliseconds. */
export function* otfsOfSteps(slices: SliceSpectra, planes: readonly number[], bank: OtfBank): Generator<void, Otf[][]> {
  const otfs: Otf[][] = [];
  for (const plane of planes) {
    const ofPlane: Otf[] = [];
    for (const level of slices.levels) {
      ofPlane.push(bank.at(level - plane));
      yield;
    }
    otfs.push(ofPlane);
  }
  return otfs;
}

/** {@link superpose} with the OTFs of each plane given. */
export function* superposeWith(
  plan: RealFft2,
  slices: SliceSpectra,
  otfs: readonly (readonly Otf[])[],
): Generator<Float32Array, void, void> {
  const { height, spectrumWidth: width } = plan;
  const length = height * width;
  const spectra = { ...slices, count: slices.levels.length, height, width };
  const together = Math.min(planesTogether, otfs.length);
  const real = new Float32Array(together * length);
  const imag = new Float32Array(together * length);
  const image = new Float32Array(height * plan.width);
  for (let first = 0; first < otfs.length; first += together) {
    const group = otfs.slice(first, first + together);
    weightedSums(spectra, group, real, imag);
    for (let g = 0; g < group.length; g++) {
      plan.inverse(real.subarray(g * length, (g + 1) * length), imag.subarray(g * length, (g + 1) * length), image);
      yield image;
    }
  }
}

/**
 * An array of zeros that threads can share, where the platform allows it (in a browser: on cross-origin isolated
 * pages).
 */
function sharedFloats(count: number): Float32Array {
  if (typeof SharedArrayBuffer === "undefined") return new Float32Array(count);
  return new Float32Array(new SharedArrayBuffer(4 * count));
}
