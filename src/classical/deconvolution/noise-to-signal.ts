/** Estimates the ratio of noise to signal at each frequency from the spectrum of an image. */
import { fitLine } from "../../array/fit-line.ts";
import { upperMedian } from "../../array/statistics.ts";
import type { Convolution } from "./convolution.ts";
import type { Volume } from "./volume.ts";

/** Rings of frequencies, from 0 to the corner of the spectrum. */
const rings = 64;

/**
 * Minimum N / S: optics are never known better than to a few percent, and where |H| is below that (in wide field:
 * coarse structure along z), the filter would amplify errors of the PSF.
 */
const leastRatio = 1e-3;

/**
 * The power spectrum of an image is |H|^2 S + N. N, white, is the power of the rings that the optics do not reach (or,
 * where there are none, of the weakest rings); S is assumed to follow a power law, S = A / f^p with 0 <= p <= 4, fitted
 * to the rings in which the image stands out of the noise; natural scenes have p of about 2 (Field, J. Opt. Soc. Am. A
 * 4, 2379 (1987)).
 *
 * @param re, im half spectrum of the image on the grid of the convolution
 * @returns N / S at each index of the half spectrum
 */
export function noiseToSignal(
  image: Volume,
  convolution: Convolution,
  re: Float32Array,
  im: Float32Array,
): Float32Array {
  const { grid, spectrumWidth, otf } = convolution;
  const power = new Float64Array(rings);
  const transfer = new Float64Array(rings);
  const count = new Float64Array(rings);
  eachFrequency(grid, spectrumWidth, image.depth > 1, (k, f) => {
    const ring = Math.min(rings - 1, Math.floor(f * rings));
    power[ring] += re[k] * re[k] + im[k] * im[k];
    transfer[ring] += otf.real[k] ** 2 + (otf.imag ? otf.imag[k] ** 2 : 0);
    count[ring]++;
  });
  const known = Array.from({ length: rings }, (_, ring) => ring).filter((ring) => count[ring] > 0);
  const spectrum = known.map((ring) => ({
    f: (ring + 0.5) / rings,
    power: power[ring] / count[ring],
    transfer: transfer[ring] / count[ring],
  }));
  const dark = spectrum.filter(({ transfer: t }) => t < 1e-4).map((one) => one.power);
  const weakest = spectrum.map((one) => one.power).sort((a, b) => a - b);
  const among = dark.length > 2 ? dark.sort((a, b) => a - b) : weakest.slice(0, Math.ceil(weakest.length / 8));
  const noise = upperMedian(among);
  const seen = spectrum.filter((one, i) => i > 0 && one.power > 2 * noise && one.transfer > 1e-3);
  const { height, exponent } = fitPowerLaw(seen.map((one) => [one.f, (one.power - noise) / one.transfer]));
  const out = new Float32Array(re.length);
  eachFrequency(grid, spectrumWidth, image.depth > 1, (k, f) => {
    const signal = height * Math.max(f, 0.5 / rings) ** -exponent;

    out[k] = Math.max(leastRatio, noise / signal);
  });
  return out;
}

/** Straight line through the logarithms; an image that never stands out of its noise counts as noise. */
function fitPowerLaw(points: readonly (readonly [number, number])[]): { height: number; exponent: number } {
  if (points.length === 0) return { height: Number.MIN_VALUE, exponent: 0 };
  const line = fitLine({ x: points.map(([f]) => Math.log(f)), y: points.map(([, s]) => Math.log(s)) });
  const slope = line.spread === 0 ? -2 : line.slope;
  const exponent = Math.min(4, Math.max(0, -slope));
  return { height: Math.exp(line.meanY + exponent * line.meanX), exponent };
}

/** Every index of a half spectrum with its frequency: 0 in the middle, 1 where the axes' Nyquist frequencies meet. */
function eachFrequency(
  { depth, height, width }: { depth: number; height: number; width: number },
  spectrumWidth: number,
  deep: boolean,
  visit: (k: number, f: number) => void,
): void {
  const scale = 1 / (deep ? 3 : 2);
  let k = 0;
  for (let w = 0; w < depth; w++) {
    const fz = depth > 1 ? (2 * Math.min(w, depth - w)) / depth : 0;
    for (let v = 0; v < height; v++) {
      const fy = (2 * Math.min(v, height - v)) / height;
      for (let u = 0; u < spectrumWidth; u++) {
        const fx = (2 * u) / width;
        visit(k++, Math.sqrt(scale * (fz * fz + fy * fy + fx * fx)));
      }
    }
  }
}
