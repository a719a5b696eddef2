/**
 * Multi-scale structural similarity (Wang, Simoncelli, Bovik, Asilomar 2003): contrast and structure at five scales,
 * each half the size of the one before by 2 x 2 averaging, luminance at the last.
 */
import { checkPair, checkRange } from "./comparable.ts";
import type { Picture } from "./picture.ts";
import { SSIM_WINDOW, ssimTerms } from "./ssim.ts";

const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/**
 * How many of the five scales an image of this size has: the 11 x 11 window must fit into the smallest. All five from
 * 161 pixels (the shorter side) on, four from 81, three from 41, two from 21.
 */
export function msSsimScales(height: number, width: number): number {
  let scales = 1;
  let side = Math.ceil(Math.min(height, width) / 2);
  while (scales < WEIGHTS.length && side >= SSIM_WINDOW) {
    scales++;
    side = Math.ceil(side / 2);
  }
  return scales;
}

/**
 * Multi-scale structural similarity, 0 to 1. An image too small for five scales is scored over those that fit
 * (`msSsimScales`), with the weights divided by their sum: compare such scores only among images of that size.
 * A negative contrast-structure term counts as 0, as in TensorFlow and pytorch-msssim. An odd size is mirrored by one
 * pixel before halving.
 * @throws as `ssim`
 */
export function msSsim(output: Picture, truth: Picture, dataRange: number): number {
  return ssimAndMsSsim(output, truth, dataRange).msSsim;
}

/** Computes both similarities in the time of one, since the first scale is that of SSIM. @throws as `ssim` */
export function ssimAndMsSsim(output: Picture, truth: Picture, dataRange: number): { ssim: number; msSsim: number } {
  checkPair(output, truth);
  checkRange(dataRange);
  const scales = msSsimScales(output.height, output.width);
  // The five published weights add up to 1.0001 and are used unchanged, as in other implementations.
  const total = scales === WEIGHTS.length ? 1 : WEIGHTS.slice(0, scales).reduce((a, b) => a + b, 0);
  let a = output;
  let b = truth;
  let result = 1;
  let ssim = 0;
  for (let scale = 0; scale < scales; scale++) {
    const { similarity, structure } = ssimTerms(a, b, dataRange);
    if (scale === 0) ssim = similarity;
    const last = scale === scales - 1;
    result *= Math.max(0, last ? similarity : structure) ** (WEIGHTS[scale] / total);
    if (last) break;
    a = halve(a);
    b = halve(b);
  }
  return { ssim, msSsim: result };
}

/** 2 x 2 averages; the last row or column of an odd size is averaged with itself. */
function halve(picture: Picture): Picture {
  const height = Math.ceil(picture.height / 2);
  const width = Math.ceil(picture.width / 2);
  const data = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    const top = 2 * y * picture.width;
    const bottom = Math.min(2 * y + 1, picture.height - 1) * picture.width;
    for (let x = 0; x < width; x++) {
      const left = 2 * x;
      const right = Math.min(left + 1, picture.width - 1);
      const { data: d } = picture;
      data[y * width + x] = (d[top + left] + d[top + right] + d[bottom + left] + d[bottom + right]) / 4;
    }
  }
  return { data, height, width };
}
