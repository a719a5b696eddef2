/** The blur of an objective as part of a training graph: computes the image of a specimen, plane by plane. */
import type { Value } from "../../graph/graph.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { log, maximum, mul, sub } from "../../graph/operators/elementwise.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import type { PsfModel } from "../../optics/psf/psf-model.ts";

/** PSFs between the planes of a block: the light that plane j contributes to plane i. */
export interface BlurKernels {
  /** `[depth, depth, size, size]`: from the second index to the first, as weights of a convolution. */
  data: Float32Array;
  depth: number;
  /** Side of a kernel, odd, pixels. */
  size: number;
}

/**
 * @param radius radius to which each PSF is cropped, pixels; the cropped PSF is normalised to sum 1, so that no light
 *   is lost
 */
export function blurKernels(
  model: PsfModel,
  { depth, pixelSize, zStep }: { depth: number; pixelSize: number; zStep: number },
  radius: number,
): BlurKernels {
  const size = 2 * radius + 1;
  const planes = new Map<number, Float32Array>();
  const between = (away: number): Float32Array => {
    const known = planes.get(model.symmetric ? Math.abs(away) : away);
    if (known) return known;
    const psf = model.psf({ pixelSize, defocus: model.focus - away * zStep });
    const cut = new Float32Array(size * size);
    const start = psf.size / 2 - radius;
    let sum = 0;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const [py, px] = [start + y, start + x];
        const inside = py >= 0 && px >= 0 && py < psf.size && px < psf.size;
        const value = inside ? psf.data[py * psf.size + px] : 0;
        // The kernel is flipped, since the operator is a correlation.
        cut[(size - 1 - y) * size + (size - 1 - x)] = value;
        sum += value;
      }
    }
    for (let i = 0; i < cut.length; i++) cut[i] /= sum;
    planes.set(model.symmetric ? Math.abs(away) : away, cut);
    return cut;
  };
  const data = new Float32Array(depth * depth * size * size);
  for (let i = 0; i < depth; i++) {
    for (let j = 0; j < depth; j++) data.set(between(i - j), (i * depth + j) * size * size);
  }
  return { data, depth, size };
}

/**
 * @param specimen `[n, depth, h, w]`
 * @returns `[n, depth, h - size + 1, w - size + 1]`: the central part, for which all light comes from within the block
 */
export function reblur(specimen: Value, { data, depth, size }: BlurKernels): Value {
  return conv(specimen, specimen.graph.constant(data, [depth, depth, size, size]), { pads: "valid" });
}

/** Minimum brightness, as a fraction of the range: darker values count as this, so that the deviance stays finite. */
const minBrightness = 2e-3;

/**
 * The Poisson deviance of an image from its expectation, per pixel, in units of the range: expected - image - image
 * ln(expected / image). It is 0 where both are equal, and Richardson-Lucy deconvolution minimises it.
 *
 * @param image values above the dark level of the camera (0 without light)
 * @param expected the same; both of one shape
 */
export function poissonDeviance(expected: Value, image: Value): Value {
  const [m, b] = [maximum(expected, minBrightness), maximum(image, minBrightness)];
  return reduceMean(sub(sub(m, b), mul(b, sub(log(m), log(b)))));
}
