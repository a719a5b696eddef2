/**
 * Wiener deconvolution, the linear filter of least mean squared error: X = conj(H) D / (|H|^2 + N / S), where N / S is
 * the ratio of the power spectra of noise and specimen.
 *
 * Sources: Wiener (1949); Gonzalez & Woods, Digital Image Processing, eq. 5.8-2. Edges after Reeves, IEEE Trans. Image
 * Process. 14, 1448 (2005): what lies beyond the image is taken from the blurred result, and the filter applied again.
 */
import { breatheThrough } from "../../array/breathe.ts";
import { type Convolution, convolutionSteps } from "./convolution.ts";
import { noiseToSignal } from "./noise-to-signal.ts";
import { taperedImage } from "./tapered-image.ts";
import type { Extent, PsfVolume, Volume } from "./volume.ts";
import { workingGrid } from "./working-grid.ts";

export interface WienerOptions {
  /**
   * N / S, the same at every frequency, above 0; estimated from the image, frequency by frequency, where it is not
   * given.
   */
  noiseToSignal?: number | undefined;
  /** Checked between planes. */
  signal?: AbortSignal | undefined;
}

/** Number of refinements of the values beyond the edges; the first ones have most of the effect. */
const refinements = 3;

/**
 * Beyond its edges the image is first mirrored and blended into its other side, so that the wrapping of the transform
 * does not cause ringing. A mirror image is not a blurred image of anything, however, so that structures cut by the
 * edge still ring, less after every refinement.
 *
 * @returns the estimate in the unit of the image, `[z, y, x]` of the image's size; may be negative next to bright
 * structures
 * @throws interrupted
 */
export async function wiener(image: Volume, psf: PsfVolume, options: WienerOptions = {}): Promise<Float32Array> {
  const grid = workingGrid(image, psf, "extend");
  const { signal } = options;
  const convolution = await breatheThrough(convolutionSteps(psf, grid), signal);
  const work = taperedImage(image, grid);
  let ratio: number | Float32Array | undefined = options.noiseToSignal;
  const change = (re: Float32Array, im: Float32Array): void => {
    ratio ??= noiseToSignal(image, convolution, re, im);
    divide(convolution, re, im, ratio);
  };
  const restore = () => breatheThrough(convolution.filterSteps(work, work, change), signal);
  await restore();
  for (let k = 0; k < refinements; k++) {
    await breatheThrough(convolution.steps("factor", work, work), signal);
    eachRow(image, grid, (from, to) => work.set(image.data.subarray(from, from + image.width), to));
    await restore();
  }
  const out = new Float32Array(image.data.length);
  eachRow(image, grid, (to, from) => out.set(work.subarray(from, from + image.width), to));
  return out;
}

/** Rows of the image: where each starts in it, and on the grid. */
function eachRow(image: Extent, grid: Extent, visit: (inImage: number, onGrid: number) => void): void {
  for (let z = 0; z < image.depth; z++) {
    for (let y = 0; y < image.height; y++) {
      visit((z * image.height + y) * image.width, (z * grid.height + y) * grid.width);
    }
  }
}

function divide({ otf }: Convolution, re: Float32Array, im: Float32Array, ratio: number | Float32Array): void {
  for (let k = 0; k < re.length; k++) {
    const a = otf.real[k];
    const b = otf.imag ? otf.imag[k] : 0;
    const power = a * a + b * b + (typeof ratio === "number" ? ratio : ratio[k]);
    const [p, q] = [re[k], im[k]];
    re[k] = (a * p + b * q) / power;
    im[k] = (a * q - b * p) / power;
  }
}
