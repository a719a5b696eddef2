/**
 * Optical sections from one image with uniform and one with speckled light (Lim, Chu & Mertz, Opt. Lett. 33, 1819,
 * 2008; Lim, Ford, Chu & Mertz, J. Biomed. Opt. 16, 016014, 2011).
 */
import { gaussianFilter } from "../../array/filters.ts";
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import type { Warning } from "../../warning.ts";
import { type HiloOptics, speckleWeight } from "./speckle-weight.ts";

/** The warning where the contrast of the speckle does not follow the specimen. */
export const noSpeckleContrast =
  "The two images do not differ by speckle that follows the specimen, so the section contains only high frequencies. Check that the " +
  "first image was recorded in uniform and the second in speckled light, and that `sigma` fits the size of the speckle grains.";

/** A stack in uniform light and the same in speckled light, `[planes, height, width]` each, counts. */
export interface HiloStack {
  uniform: Float32Array;
  speckle: Float32Array;
  planes: number;
  height: number;
  width: number;
}

export interface HiloOptions {
  /**
   * Width of the wavelet, pixels: the speckle grains that are analysed are about 4 sigma apart. A small value gives
   * thin sections and needs small grains; default 1.
   */
  sigma?: number | undefined;
  /**
   * Standard deviation, pixels, of the Gaussian that separates low from high frequencies; default 2.86 sigma. Grains up
   * to about half of it are averaged away.
   */
  crossover?: number | undefined;
  /** The light path, which determines the weight of the low frequencies. */
  optics?: HiloOptics | undefined;
  /** Weight of the low frequencies; default computed, see {@link sectionFromSpeckle}. */
  eta?: number | undefined;
  /** Offset of the camera, counts; default 0. */
  offset?: number | undefined;
  /** Counts per electron, and read noise in electrons: their noise is subtracted from the contrast; default 0, none. */
  gain?: number | undefined;
  readNoise?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface HiloSection {
  /** `[planes, height, width]`, in the counts of the uniform image, without offset. Negative only by noise. */
  section: Float32Array;
  /** The weight of the low frequencies that was used: one for the whole stack. */
  eta: number;
  /** Warnings, if there is no speckle contrast. */
  warnings: Warning[];
}

/**
 * High frequencies come from the uniform image, which shows them only in focus: Hi = U - G(U), G being a Gaussian. Low
 * ones are weighted by the contrast of the speckle, which fades away from focus: Lo = G(C U), and the section is Hi +
 * eta Lo.
 *
 * C is the local standard deviation of the difference D = U / G(U) - S / G(S) after a wavelet, the difference of two
 * Gaussians of sigma and sqrt(2) sigma: W(k) = exp(-k^2 / 2 k_w^2) - exp(-k^2 / k_w^2), k_w = 1 / (2 pi sigma) (Lim
 * 2011). Dividing by local means removes differences in brightness between the images; the specimen is in both and
 * cancels. Squares are averaged over a window as wide as the crossover (narrower ones leave more speckle), and the
 * variance of photon and camera noise is subtracted first.
 *
 * eta: at the crossover, structures in focus must be equally strong in both parts. If the optics are given, eta follows
 * from them (speckle-weight.ts). Otherwise it is measured: let B be the band-pass G(s) - G(sqrt(2) s) of the
 * crossover's s, then eta = sum B(U) B(C U) / sum B(C U)^2 over the whole stack, the least squares fit. Measured on
 * simulated specimens the optics were right within 8 % for sigma up to 1, the fit between 30 % too low (thin specimens,
 * whose speckle is mistaken for structure) and 50 % too high (thick ones, whose out-of-focus light resembles structures
 * in focus).
 *
 * @throws `usage` where sizes or options do not fit, `interrupted`
 */
export function sectionFromSpeckle(stack: HiloStack, options: HiloOptions = {}): HiloSection {
  const { planes, height, width } = stack;
  const { sigma = 1, signal, onProgress } = options;
  const crossover = options.crossover ?? 2.86 * sigma;
  checkInput(stack, sigma, crossover, options);
  const size = height * width;
  const part = (data: Float32Array, z: number) => ({ data: data.subarray(z * size, (z + 1) * size), height, width });
  const blur = (data: Float32Array, s: number) => gaussianFilter({ data, height, width }, s).data;

  const section = new Float32Array(planes * size);
  const low = new Float32Array(planes * size);
  let [both, own] = [0, 0];
  for (let z = 0; z < planes; z++) {
    throwIfAborted(signal);
    const uniform = part(stack.uniform, z).data.map((v) => v - (options.offset ?? 0));
    const speckle = part(stack.speckle, z).data.map((v) => v - (options.offset ?? 0));
    const contrast = speckleContrast(uniform, speckle, { height, width, sigma, crossover, ...noiseOf(options) });
    for (let i = 0; i < size; i++) contrast[i] *= uniform[i];
    const [base, weighted] = [blur(uniform, crossover), blur(contrast, crossover)];
    // The variances of successive Gaussian blurs add.
    const [baseWide, weightedWide] = [blur(base, crossover), blur(weighted, crossover)];
    for (let i = 0; i < size; i++) {
      section[z * size + i] = uniform[i] - base[i];
      low[z * size + i] = weighted[i];
      const band = weighted[i] - weightedWide[i];
      both += (base[i] - baseWide[i]) * band;
      own += band * band;
    }
    onProgress?.({ done: z + 1, total: planes });
  }
  const measured = own > 0 && both > 0 ? both / own : undefined;
  const known = options.optics && speckleWeight(options.optics, sigma, crossover);
  const eta = options.eta ?? known ?? measured ?? 0;
  for (let i = 0; i < section.length; i++) section[i] += eta * low[i];
  return { section, eta, warnings: own > 0 ? [] : [{ code: "no_contrast", text: noSpeckleContrast }] };
}

interface ContrastOptions {
  height: number;
  width: number;
  sigma: number;
  crossover: number;
  gain: number;
  readNoise: number;
}

const noiseOf = ({ gain = 0, readNoise = 0 }: HiloOptions) => ({ gain, readNoise });

/** C, `[height, width]`: contrast of the speckle after the wavelet; 0 where it is not above the noise. */
function speckleContrast(uniform: Float32Array, speckle: Float32Array, options: ContrastOptions): Float32Array {
  const { height, width, sigma, crossover, gain, readNoise } = options;
  const blur = (data: Float32Array, s: number) => gaussianFilter({ data, height, width }, s).data;
  const [meanU, meanS] = [blur(uniform, crossover), blur(speckle, crossover)];
  // Ratios are meaningless where there is hardly any light.
  const minLight = 1e-3 * meanU.reduce((max, v) => Math.max(max, v), 0);
  const difference = new Float32Array(uniform.length);
  const noise = new Float32Array(uniform.length);
  for (let i = 0; i < difference.length; i++) {
    const [u, s] = [Math.max(meanU[i], minLight), Math.max(meanS[i], minLight)];
    if (u <= 0 || s <= 0) continue;
    difference[i] = uniform[i] / u - speckle[i] / s;
    const read = (gain * readNoise) ** 2;
    noise[i] = (gain * Math.max(0, uniform[i]) + read) / u ** 2 + (gain * Math.max(0, speckle[i]) + read) / s ** 2;
  }
  const [fine, coarse] = [blur(difference, sigma), blur(difference, Math.SQRT2 * sigma)];
  for (let i = 0; i < difference.length; i++) difference[i] = (fine[i] - coarse[i]) ** 2;
  const variance = blur(difference, crossover);
  const mean = gain > 0 ? blur(noise, crossover) : noise;
  const passed = gain > 0 ? waveletPower(sigma) : 0;
  return variance.map((v, i) => Math.sqrt(Math.max(0, v - passed * mean[i])));
}

/** Share of the variance of white noise that the wavelet passes: the sum of its squared weights. */
function waveletPower(sigma: number): number {
  const size = 2 * Math.ceil(6 * sigma) + 1;
  const impulse = { data: new Float32Array(size * size), height: size, width: size };
  impulse.data[(size * size - 1) / 2] = 1;
  const [fine, coarse] = [gaussianFilter(impulse, sigma).data, gaussianFilter(impulse, Math.SQRT2 * sigma).data];
  return fine.reduce((sum, v, i) => sum + (v - coarse[i]) ** 2, 0);
}

function checkInput(stack: HiloStack, sigma: number, crossover: number, { eta, gain, readNoise }: HiloOptions): void {
  const expected = stack.planes * stack.height * stack.width;
  for (const name of ["uniform", "speckle"] as const) {
    if (stack[name].length === expected && expected > 0) continue;
    const message = `Sectioning: the ${name} images hold ${stack[name].length} values; expected ${expected}, the same number for both.`;
    throw new ParfocalError("usage", message, { option: name, got: stack[name].length, expected: String(expected) });
  }
  const limits = [
    ["sigma", sigma, 0.3],
    ["crossover", crossover, sigma],
    ["eta", eta ?? 0, 0],
    ["gain", gain ?? 0, 0],
    ["read_noise", readNoise ?? 0, 0],
  ] as const;
  for (const [option, value, least] of limits) {
    if (Number.isFinite(value) && value >= least) continue;
    throw new ParfocalError("usage", `Sectioning: ${option} is ${value}; expected ${least} or more.`, {
      option,
      got: value,
      expected: `>= ${least}`,
    });
  }
}
