/**
 * Measures whether an output explains its input: blurred with the PSF, it must equal the recorded image. A difference
 * means that something was hallucinated or lost. If there is no difference, the output may still be wrong, since many
 * sharp images have the same blurred image.
 */
import { fitLine } from "../array/fit-line.ts";
import { median } from "../array/statistics.ts";
import { type Convolution, createConvolution } from "../classical/deconvolution/convolution.ts";
import { photonTransfer } from "../classical/deconvolution/photon-transfer.ts";
import { checkPsfVolume, type PsfVolume, voxelsOf } from "../classical/deconvolution/volume.ts";
import { workingGrid } from "../classical/deconvolution/working-grid.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane, Stack } from "../image/image.ts";
import type { PsfModel } from "../optics/psf/psf-model.ts";
import { checkPair } from "./comparable.ts";

/** A stack as the microscope would record it. */
export interface ReblurredStack extends Stack {
  /**
   * For each plane the share of its light that comes from planes of the stack, in an evenly bright specimen, 0..1.
   * Where it is low, as for the first and the last planes, light from outside the stack is missing, and the residual is
   * not reliable.
   */
  share: number[];
}

/**
 * Convolves a specimen, given as sections, in 3-D with a PSF on the same grid (as `opticalPsf` makes it). At the sides
 * the sections are mirrored about the border of the outermost pixels; above the first and below the last there is no
 * light.
 *
 * @param output in any unit that is proportional to light. A camera's offset is blurred like light, and removed by the
 * later fit.
 * @returns a stack of the same size in the same unit
 * @throws `image.unfit` for pixels that are not finite, or a PSF that `checkPsfVolume` refuses
 */
export function reblurStack(output: Stack, psf: PsfVolume): ReblurredStack {
  checkPsfVolume(psf);
  checkPair({ ...output, height: output.depth * output.height }, { ...output, height: output.depth * output.height });
  const { depth, height, width } = output;
  const data = convolveMirrored(output, psf, (convolution, volume) => convolution.blur(volume, volume));
  return { ...output, data, share: axialShare(psf, { depth, height, width }.depth) };
}

export interface ReblurPlaneOptions {
  /** Camera pixel size in the specimen, um. */
  pixelSize: number;
  /**
   * The content of the plane. `image` (default): an image in focus, which is already blurred by diffraction, so that
   * only the ratio of the two OTFs is applied. `light`: the specimen itself, as estimated by a deconvolution.
   */
  of?: "image" | "light" | undefined;
}

/** Added to |OTF|^2 in focus, since beyond the cut-off both OTFs are only rounding errors. */
const regularisation = 1e-5;

/**
 * Blurs a plane in focus as the microscope would record it at a distance. The whole specimen is assumed to lie in this
 * plane, so light of other depths is missing. The plane is mirrored about the border of the outermost pixels.
 *
 * @param distance z(specimen) - z(focal plane), um
 * @param model of the PSF; its best focus counts as distance 0
 * @throws `image.unfit` for pixels that are not finite; `usage` for pixels or distances that the model refuses
 */
export function reblurPlane(output: Plane, distance: number, model: PsfModel, options: ReblurPlaneOptions): Plane {
  checkPair(output, output);
  const { pixelSize, of = "image" } = options;
  const [near, far] = [model.focus, model.focus + distance];
  const size = Math.max(model.size(pixelSize, near), Number.isFinite(far) ? model.size(pixelSize, far) : 0);
  const make = (defocus: number) => oddPsf(model.psf({ pixelSize, defocus, size }).data, size);
  const volume = { ...output, depth: 1 };
  const data = convolveMirrored(volume, make(far), (convolution, padded) => {
    if (of === "light") {
      convolution.blur(padded, padded);
      return;
    }
    const focused = createConvolution(make(near), convolution.grid).otf;
    convolution.filter(padded, padded, (re, im) => divideSpectra(re, im, convolution.otf, focused));
  });
  return { data, height: output.height, width: output.width };
}

export interface ReblurResidual {
  /** Input minus the fitted, blurred output, counts of the input; includes the border. */
  residual: Plane;
  /** Root mean square of the residual within the border, counts. */
  rms: number;
  /** The residual that the camera's noise alone would cause, estimated from the input, counts. */
  noise: number;
  /**
   * rms / noise: 1 for an output that explains its input completely; Infinity for a noiseless input that it does not
   * explain.
   */
  ratio: number;
  /** input = gain x blurred + offset; the gain is 0 where they have nothing in common. */
  gain: number;
  offset: number;
}

/**
 * Compares a blurred output with the input, after a fit of gain and offset.
 * @param blurred the output, blurred with the PSF, in any unit
 * @param input the recorded image, counts
 * @param options.border pixels along each side that are ignored, default 0
 * @throws `image.unfit` for planes of different size or with pixels that are not finite; `usage` for a border that
 * leaves nothing
 */
export function reblurResidual(
  blurred: Plane,
  input: Plane,
  options: { border?: number | undefined } = {},
): ReblurResidual {
  checkPair(blurred, input);
  const inside = insideOf(input, options.border ?? 0);
  const [model, seen] = [inside.of(blurred), inside.of(input)];
  const { gain, offset } = robustLine(model.data, seen.data);
  let squares = 0;
  for (let i = 0; i < seen.data.length; i++) squares += (seen.data[i] - gain * model.data[i] - offset) ** 2;
  const rms = Math.sqrt(squares / seen.data.length);
  const noise = noiseOf(seen, model, gain, offset);
  return {
    residual: { ...input, data: input.data.map((value, i) => value - gain * blurred.data[i] - offset) },
    rms,
    noise,
    ratio: rms === 0 ? 0 : rms / noise,
    gain,
    offset,
  };
}

/**
 * Iteratively reweighted least squares with Tukey's weights (zero beyond 6 robust standard deviations), so that a few
 * hallucinated or missing structures do not change the line. A gain below 0 becomes 0.
 */
function robustLine(x: Float32Array, y: Float32Array): { gain: number; offset: number } {
  const weights = new Float32Array(x.length).fill(1);
  const distances = new Float32Array(x.length);
  let line = { gain: 0, offset: 0 };
  for (let round = 0; round < 8; round++) {
    const { slope, spread, meanX, meanY } = fitLine({ x, y, weights });
    const gain = spread > 0 ? Math.max(0, slope) : 0;
    const next = { gain, offset: meanY - gain * meanX };
    const still = round > 0 && Math.abs(next.gain - line.gain) <= 1e-5 * Math.abs(line.gain);
    line = next;
    if (still) break;
    for (let i = 0; i < x.length; i++) distances[i] = Math.abs(y[i] - line.gain * x[i] - line.offset);
    const reach = 6 * 1.4826 * median(distances);
    if (!(reach > 0)) break;
    for (let i = 0; i < x.length; i++) weights[i] = distances[i] < reach ? (1 - (distances[i] / reach) ** 2) ** 2 : 0;
  }
  return line;
}

/**
 * Root mean square of the camera's noise. Photon noise grows with the light, as the photon transfer curve of the input
 * shows; where that curve is not a line, only the white noise of the plane is used.
 */
function noiseOf(input: Plane, model: Plane, gain: number, offset: number): number {
  const white = noiseLevel(input);
  const photons = photonTransfer({ ...input, depth: 1, dtype: "float32" });
  if (photons === undefined || photons.confidence < 0.5) return white;
  let sum = 0;
  for (let i = 0; i < model.data.length; i++) {
    sum += photons.gain * Math.max(0, gain * model.data[i] + offset - photons.offset);
  }
  return Math.max(white, Math.sqrt(sum / model.data.length));
}

function insideOf({ height, width }: Plane, border: number) {
  const [h, w] = [height - 2 * border, width - 2 * border];
  if (!(Number.isInteger(border) && border >= 0 && h >= 3 && w >= 3)) {
    const message = `Re-blur: a border of ${border} pixels in a plane of ${height} x ${width} pixels. Expected a whole number, 0 or more, that leaves at least 3 x 3 pixels.`;
    throw new ParfocalError("usage", message, { option: "border", got: border, expected: "0 or more" });
  }
  return {
    of(plane: Plane): Plane {
      const data = new Float32Array(h * w);
      for (let y = 0; y < h; y++) {
        const from = (y + border) * width + border;
        data.set(plane.data.subarray(from, from + w), y * w);
      }
      return { data, height: h, width: w };
    },
  };
}

interface Field {
  data: Float32Array;
  depth: number;
  height: number;
  width: number;
}

/** Places the field on a larger grid with its mirror images, applies a change, and crops the result. */
function convolveMirrored(
  field: Field,
  psf: PsfVolume,
  change: (convolution: Convolution, padded: Float32Array) => void,
): Float32Array {
  const { depth, height, width } = field;
  const sides = workingGrid(field, psf, "extend");
  const grid = { ...sides, depth: workingGrid(field, psf, "zero").depth };
  const rows = sourceIndices(height, grid.height, psf.height);
  const columns = sourceIndices(width, grid.width, psf.width);
  const padded = new Float32Array(voxelsOf(grid));
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < grid.height; y++) {
      const from = (z * height + rows[y]) * width;
      const to = (z * grid.height + y) * grid.width;
      for (let x = 0; x < grid.width; x++) padded[to + x] = field.data[from + columns[x]];
    }
  }
  change(createConvolution(psf, grid), padded);
  const out = new Float32Array(depth * height * width);
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const from = (z * grid.height + y) * grid.width;
      out.set(padded.subarray(from, from + width), (z * height + y) * width);
    }
  }
  return out;
}

/** For each index of a periodic grid on which the field starts at 0, the pixel whose mirror image lies there. */
function sourceIndices(size: number, grid: number, psf: number): Int32Array {
  const behind = grid - Math.ceil((psf - 1) / 2);
  return Int32Array.from({ length: grid }, (_, i) => {
    const place = i < Math.max(size, behind) ? i : i - grid;
    const folded = ((place % (2 * size)) + 2 * size) % (2 * size);
    return folded < size ? folded : 2 * size - 1 - folded;
  });
}

/** The share of the light in each plane that comes from planes of the stack. */
function axialShare(psf: PsfVolume, depth: number): number[] {
  const area = psf.height * psf.width;
  const weights = Array.from({ length: psf.depth }, (_, z) =>
    psf.data.subarray(z * area, (z + 1) * area).reduce((a, b) => a + b, 0),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  const middle = (psf.depth - 1) / 2;
  return Array.from({ length: depth }, (_, z) => {
    // The plane `from` contributes psf[z - from + middle] to plane z.
    let sum = 0;
    for (let from = 0; from < depth; from++) sum += weights[z - from + middle] ?? 0;
    return sum / total;
  });
}

/**
 * Removes the first row and column of a PSF centred at size / 2, so that its size is odd and it has a central pixel.
 */
function oddPsf(data: Float64Array, size: number): PsfVolume {
  const side = size - 1;
  const out = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) out[y * side + x] = data[(y + 1) * size + x + 1];
  }
  return { data: out, depth: 1, height: side, width: side };
}

/** Multiplies a spectrum with far / near. */
function divideSpectra(re: Float32Array, im: Float32Array, far: Convolution["otf"], near: Convolution["otf"]): void {
  // Light outside the grid of a PSF must not change the brightness.
  const scale = near.real[0] / far.real[0];
  for (let k = 0; k < re.length; k++) {
    const [a, b, c, d] = [far.real[k], far.imag?.[k] ?? 0, near.real[k], near.imag?.[k] ?? 0];
    const power = (c * c + d * d) / scale + regularisation;
    const [p, q] = [(a * c + b * d) / power, (b * c - a * d) / power];
    const [x, y] = [re[k], im[k]];
    re[k] = x * p - y * q;
    im[k] = x * q + y * p;
  }
}
