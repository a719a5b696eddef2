/**
 * Phase correlation (Kuglin & Hines 1975) in a band: the phase of the cross spectrum of two planes, weighted by signal
 * over noise and by frequencies where focus changes little, transforms back to a peak at their shift.
 */
import { createRealFft2, nextPowerOfTwo, type RealFft2 } from "./fft.ts";
import type { Grid } from "./grid.ts";
import { median } from "./statistics.ts";

/** A shift of the content from one plane to another, in pixels. */
export interface Shift {
  /** Towards larger y and x where positive. */
  dy: number;
  dx: number;
  /** Height of the correlation peak, 0 to 1: the weighted part of the picture that moved as one. */
  quality: number;
  /** The peak over the root mean square of the correlation surface: below about 16 it may be chance. */
  significance: number;
}

/** Higher peaks stand out of those of unrelated pictures: noise reaches about 5, a few blobs that meet by chance 15. */
export const SIGNIFICANT = 16;
/** Band in cycles per pixel (log-normal): below it uneven light, above it what defocus changes and the camera adds. */
const BAND = { low: 0.03, high: 0.16 };
/** A frequency with this many times the power of the noise counts half. */
const NOISE_WEIGHT = 10;
/** A half spectrum and the noise power in it. */
export interface Spectrum {
  real: Float32Array;
  imag: Float32Array;
  noise: number;
}

export interface Correlator {
  transform(plane: Grid): Spectrum;
  compare(fixed: Spectrum, moving: Spectrum): Shift;
}

/** Transforms and correlates planes of one size, padded with zeros to powers of two. */
export function createCorrelator(height: number, width: number): Correlator {
  const fft = createRealFft2(nextPowerOfTwo(height), nextPowerOfTwo(width));
  const { band, isNoise } = bandOf(fft);
  const [windowY, windowX] = [hann(height), hann(width)];
  const size = fft.height * fft.spectrumWidth;
  const [real, imag] = [new Float32Array(size), new Float32Array(size)];
  const image = new Float32Array(fft.height * fft.width);
  const powers = new Float32Array(isNoise.length);
  let weight = 0;
  for (const wy of windowY) for (const wx of windowX) weight += wy * wx;

  const transform = ({ data }: Grid): Spectrum => {
    let sum = 0;
    for (let y = 0, i = 0; y < height; y++) {
      const wy = windowY[y];
      for (let x = 0; x < width; x++, i++) sum += wy * windowX[x] * data[i];
    }
    const centre = sum / weight;
    // What is left of a flat plane after rounding must not count as a picture.
    const rounding = 1e-9 * Math.abs(centre);
    image.fill(0);
    for (let y = 0, i = 0; y < height; y++) {
      const wy = windowY[y];
      const to = y * fft.width;
      for (let x = 0; x < width; x++, i++) {
        const d = data[i] - centre;
        if (Math.abs(d) > rounding) image[to + x] = wy * windowX[x] * d;
      }
    }
    const spectrum = { real: new Float32Array(size), imag: new Float32Array(size), noise: 0 };
    fft.forward(image, spectrum.real, spectrum.imag);
    // The highest frequencies lie beyond the optics: noise alone. Median of an exponential distribution: mean x ln 2.
    for (let k = 0; k < isNoise.length; k++) {
      const [re, im] = [spectrum.real[isNoise[k]], spectrum.imag[isNoise[k]]];
      powers[k] = re * re + im * im;
    }
    spectrum.noise = powers.length > 0 ? median(powers) / Math.LN2 : 0;
    return spectrum;
  };

  const compare = (fixed: Spectrum, moving: Spectrum): Shift => {
    const noise = NOISE_WEIGHT * Math.sqrt(fixed.noise * moving.noise);
    const { real: movingReal, imag: movingImag } = moving;
    const { real: fixedReal, imag: fixedImag } = fixed;
    let total = 0;
    for (let v = 0, i = 0; v < fft.height; v++) {
      for (let u = 0; u < fft.spectrumWidth; u++, i++) {
        const re = movingReal[i] * fixedReal[i] + movingImag[i] * fixedImag[i];
        const im = movingImag[i] * fixedReal[i] - movingReal[i] * fixedImag[i];
        // Not Math.hypot, which takes five times as long: the squares of such products do not run over.
        const magnitude = Math.sqrt(re * re + im * im);
        const phase = magnitude > 0 ? band[i] / (magnitude + noise) : 0;
        real[i] = re * phase;
        imag[i] = im * phase;
        // All but the first and last column stand for two of the full spectrum.
        total += (u === 0 || 2 * u === fft.width ? 1 : 2) * magnitude * phase;
      }
    }
    fft.inverse(real, imag, image);
    return peakOf(image, fft.height, fft.width, total / (fft.height * fft.width));
  };
  return { transform, compare };
}

/** Weights of the frequencies, and the indices beyond 0.4 cycles per pixel. */
function bandOf(fft: RealFft2): { band: Float32Array; isNoise: Int32Array } {
  const band = new Float32Array(fft.height * fft.spectrumWidth);
  const isNoise: number[] = [];
  const centre = Math.log(BAND.low * BAND.high) / 2;
  const spread = Math.log(BAND.high / BAND.low) / 2;
  for (let v = 0; v < fft.height; v++)
    for (let u = 0; u < fft.spectrumWidth; u++) {
      const fy = Math.min(v, fft.height - v) / fft.height;
      const frequency = Math.hypot(fy, u / fft.width);
      const i = v * fft.spectrumWidth + u;
      if (frequency > 0) band[i] = Math.exp(-0.5 * ((Math.log(frequency) - centre) / spread) ** 2);
      if (frequency > 0.4) isNoise.push(i);
    }
  return { band, isNoise: Int32Array.from(isNoise) };
}

/**
 * The largest value of a periodic surface, refined by a parabola along each axis; `full` is the height of a perfect
 * match.
 */
function peakOf(surface: Float32Array, height: number, width: number, full: number): Shift {
  let best = 0;
  let squares = 0;
  for (let i = 0; i < surface.length; i++) {
    if (surface[i] > surface[best]) best = i;
    squares += surface[i] * surface[i];
  }
  const rms = Math.sqrt(squares / surface.length);
  if (!(rms > 0)) return { dy: 0, dx: 0, quality: 0, significance: 0 };
  const y = Math.floor(best / width);
  const x = best % width;
  const at = (v: number, u: number): number => surface[((v + height) % height) * width + ((u + width) % width)];
  const vertex = (before: number, after: number): number => {
    const bend = before - 2 * surface[best] + after;
    return bend < 0 ? (0.5 * (before - after)) / bend : 0;
  };
  const dy = y + vertex(at(y - 1, x), at(y + 1, x));
  const dx = x + vertex(at(y, x - 1), at(y, x + 1));
  return {
    dy: dy > height / 2 ? dy - height : dy,
    dx: dx > width / 2 ? dx - width : dx,
    quality: Math.min(1, surface[best] / full),
    significance: surface[best] / rms,
  };
}

function hann(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (length + 1)));
}
