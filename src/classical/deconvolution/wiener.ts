/**
 * Wiener deconvolution, the linear filter of least mean squared error: X = conj(H) D / (|H|^2 + N / S), where N / S is the
 * ratio of the power spectra of noise and object.
 *
 * Sources: Wiener (1949); Gonzalez & Woods, Digital Image Processing, eq. 5.8-2. One pass, two transforms.
 */
import { type Convolution, createConvolution } from "./convolution.ts";
import { noiseToSignal } from "./noise-to-signal.ts";
import { taperedImage } from "./tapered-image.ts";
import type { PsfVolume, Volume } from "./volume.ts";
import { workingGrid } from "./working-grid.ts";

export interface WienerOptions {
  /** N / S, the same at every frequency, above 0; estimated from the image, frequency by frequency, where it is not given. */
  noiseToSignal?: number | undefined;
}

/**
 * Beyond its edges the image is mirrored and led over smoothly to its other side, so that the wrapping of the transform does
 * not ring.
 *
 * @returns the object in the unit of the image, `[z, y, x]` of the image's size; may be negative next to what is bright
 */
export function wiener(image: Volume, psf: PsfVolume, options: WienerOptions = {}): Float32Array {
  const grid = workingGrid(image, psf, "extend");
  const convolution = createConvolution(psf, grid);
  const work = taperedImage(image, grid);
  convolution.filter(work, work, (re, im) => {
    const ratio = options.noiseToSignal ?? noiseToSignal(image, convolution, re, im);
    divide(convolution, re, im, ratio);
  });
  const out = new Float32Array(image.data.length);
  for (let z = 0; z < image.depth; z++) {
    for (let y = 0; y < image.height; y++) {
      const from = (z * grid.height + y) * grid.width;
      out.set(work.subarray(from, from + image.width), (z * image.height + y) * image.width);
    }
  }
  return out;
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
