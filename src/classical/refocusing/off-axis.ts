/**
 * Demodulates an off-axis hologram: its fringes carry amplitude and phase, as one side band of the spectrum.
 *
 * Source: Takeda, Ina & Kobayashi, J. Opt. Soc. Am. 72, 156 (1982), for fringes; Cuche, Marquet & Depeursinge, Appl.
 * Opt. 39, 4070 (2000), for holograms: the side band is cropped out of the spectrum, without the zero order and the
 * conjugate, and shifted to the centre.
 */
import { createFft2, nextFastSize } from "../../array/fft.ts";
import { median, moments } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import type { ComplexField } from "../../optics/imaging/complex-field.ts";
import { cropField, padField } from "../../optics/imaging/pad-field.ts";

/** Frequency of the fringes, cycles per pixel along y and x. */
export interface Carrier {
  y: number;
  x: number;
}

export interface DemodulateOptions {
  /** Default: found by {@link findCarrier}. */
  carrier?: Carrier | undefined;
  /**
   * Radius of the side-band filter, cycles per pixel; default a third of the carrier, which excludes the zero order.
   */
  radius?: number | undefined;
}

/** Maximum period of fringes, pixels; coarser structures count as part of the image. */
const WIDEST = 12;
/** Minimum ratio of a side band to its surroundings; the noise of a whole image reaches 4 to 5. */
const MIN_CONTRAST = 10;

/**
 * The strongest fringes of a hologram, to about a thousandth of a frequency step. Of the two side bands, it
 * returns the one with x > 0 (y > 0 on the axis).
 * @throws `image.unfit` when there are no fringes
 */
export function findCarrier(hologram: Plane): Carrier {
  const { spectrum, height, width } = windowedSpectrum(hologram);
  const at = (v: number, u: number) => spectrum[((v + height) % height) * width + ((u + width) % width)];
  let [best, bestV, bestU] = [0, 0, 0];
  const around: number[] = [];
  const half = (n: number, size: number) => (n < size / 2 ? n : n - size);
  for (let v = 0; v < height; v++) {
    for (let u = 0; u <= width / 2; u++) {
      const [fy, fx] = [half(v, height) / height, u / width];
      if (Math.hypot(fy, fx) * WIDEST < 1 || (u === 0 && fy < 0)) continue;
      const power = at(v, u);
      around.push(power);
      if (power > best) [best, bestV, bestU] = [power, v, u];
    }
  }
  const background = median(Float32Array.from(around));
  const [fy, fx] = [half(bestV, height) / height, bestU / width];
  // The flank of the zero order is highest where the search begins, and is not a peak.
  const isPeak = Math.hypot(fy, fx) * WIDEST > 1.15;
  if (!isPeak || !(best > MIN_CONTRAST * background)) {
    const detail =
      `Hologram: no side band was found (the strongest fringes are ${(best / (background || 1)).toFixed(1)} times above their surroundings, ` +
      `expected ${MIN_CONTRAST}); for an in-line hologram leave \`off_axis\` out, otherwise give the carrier.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  // The logarithm of the peak of a window is nearly a parabola.
  const vertex = (low: number, mid: number, high: number) => {
    const [a, b, c] = [low, mid, high].map((power) => Math.log(Math.max(power, 1e-30)));
    const bend = a - 2 * b + c;
    return bend < 0 ? Math.max(-0.5, Math.min(0.5, (a - c) / (2 * bend))) : 0;
  };
  const y = (half(bestV, height) + vertex(at(bestV - 1, bestU), best, at(bestV + 1, bestU))) / height;
  const x = (bestU + vertex(at(bestV, bestU - 1), best, at(bestV, bestU + 1))) / width;
  return { y, x };
}

/**
 * The field of the specimen times the amplitude of the reference, without the carrier. Dividing by the field of a
 * hologram without specimen (`divideFields`) removes a remaining tilt and the shape of the reference wave.
 *
 * @throws `image.unfit` if no carrier is given and none is found; `usage` for a radius that reaches the zero order
 */
export function demodulate(hologram: Plane, options: DemodulateOptions = {}): ComplexField & { carrier: Carrier } {
  const carrier = options.carrier ?? findCarrier(hologram);
  const length = Math.hypot(carrier.y, carrier.x);
  const radius = options.radius ?? length / 3;
  if (!(radius > 0 && radius < length)) {
    const message =
      `Hologram: a filter of ${radius} cycles per pixel does not fit between the zero order and a carrier of ` +
      `${length.toPrecision(3)}; give a radius of ${(length / 3).toPrecision(2)} to ${(length / 2).toPrecision(2)}.`;
    throw new ParfocalError("usage", message, { option: "radius", got: radius, expected: `0 to ${length}` });
  }
  const { height, width } = hologram;
  const { mean } = moments(hologram.data);
  const real = new Float32Array(height * width);
  const imag = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const angle = -2 * Math.PI * (carrier.y * y + carrier.x * x);
      const value = hologram.data[y * width + x] - mean;
      real[y * width + x] = value * Math.cos(angle);
      imag[y * width + x] = value * Math.sin(angle);
    }
  }
  // The side band is at frequency 0 now; it is cropped by a disc with a soft rim, which avoids ringing.
  const margin = Math.ceil(4 / radius);
  const [top, left] = [Math.min(margin, height), Math.min(margin, width)];
  const frame = { top, left, height: nextFastSize(height + 2 * top), width: nextFastSize(width + 2 * left) };
  const padded = padField({ real, imag, height, width }, frame, "mirror");
  const plan = createFft2(frame.height, frame.width);
  plan.forward(padded.real, padded.imag);
  for (let v = 0; v < frame.height; v++) {
    const fy = Math.min(v, frame.height - v) / frame.height;
    for (let u = 0; u < frame.width; u++) {
      const share = Math.hypot(fy, Math.min(u, frame.width - u) / frame.width) / radius;
      const pass = share < 0.85 ? 1 : share > 1.15 ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * (share - 0.85)) / 0.3);
      padded.real[v * frame.width + u] *= pass;
      padded.imag[v * frame.width + u] *= pass;
    }
  }
  plan.inverse(padded.real, padded.imag);
  return { ...cropField(padded, frame, hologram), carrier };
}

/**
 * Magnitudes of the spectrum of the hologram without its mean, under a sine window and padded to at least twice its
 * size. A Hann window would give too much weight to the centre.
 */
function windowedSpectrum({ data, height: h, width: w }: Plane): {
  spectrum: Float32Array;
  height: number;
  width: number;
} {
  const [height, width] = [nextFastSize(2 * h), nextFastSize(2 * w)];
  const { mean } = moments(data);
  const real = new Float32Array(height * width);
  const imag = new Float32Array(height * width);
  const taper = (i: number, size: number) => Math.sin((Math.PI * (i + 0.5)) / size);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) real[y * width + x] = (data[y * w + x] - mean) * taper(y, h) * taper(x, w);
  createFft2(height, width).forward(real, imag);
  return { spectrum: real.map((re, i) => Math.sqrt(re * re + imag[i] * imag[i])), height, width };
}
