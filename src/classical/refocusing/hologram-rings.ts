/**
 * Rings in the spectrum of an in-line hologram, and how well a distance explains them. Free space shifts the phase of
 * each frequency f of a thin specimen exp(-a + i p) by chi = 2 pi d f^2 / (k + sqrt(k^2 - f^2)), k = n / lambda, so
 * that to first order the hologram's intensity I is
 *
 *     FT(I - 1) / 2 = p sin(chi) - a cos(chi)
 *
 * and its power has rings, 1 + C cos(2 chi) + S sin(2 chi): C is above 0 if the specimen absorbs, below 0 if it only
 * delays light, and S is below 0 if it does both and lies before the plane (d > 0). The distance d = 0, which has no
 * rings, is not favoured.
 *
 * Source: Thon, Z. Naturforsch. A 21, 476 (1966), for electron microscopes, whose defocus is measured so to this day
 * (Rohou & Grigorieff, J. Struct. Biol. 192, 216 (2015)); Guigay, Optik 49, 121 (1977), for the two terms.
 */
import { createRealFft2, nextFastSize } from "../../array/fft.ts";
import { mean, upperMedian } from "../../array/statistics.ts";
import type { CoherentLight } from "../../optics/imaging/coherent-light.ts";
import type { ComplexField } from "../../optics/imaging/complex-field.ts";
import { weightedFit } from "./weighted-fit.ts";

/** The rings of one distance. */
export interface RingFit {
  /** Share of the variation of the spectrum around a smooth one that the rings explain, 0 to 1. */
  share: number;
  /**
   * Coefficient C of the logarithm of the power: above 0 for a specimen that absorbs, below 0 for one that delays
   * light.
   */
  cosine: number;
  sine: number;
}

export interface HologramRings {
  /** The largest NA that the hologram shows above its noise. */
  aperture: number;
  /** @param distance um, 0 or more */
  at(distance: number): RingFit;
}

/** First bin that is used; lower ones hold the shape of the illumination. */
const firstBin = 2;
/** Minimum number of bins that can show rings. */
const minBins = 16;
/** Minimum number of bins that are used, even if they are noisy. */
const minUsedBins = 24;
/** Minimum power of a signal bin relative to that of the noise. */
const minSignal = 1.3;
/** @param field of an in-line hologram, its phase 0 */
export function hologramRings(field: ComplexField, light: CoherentLight): HologramRings {
  const { power, counts, step } = radialPower(field, light.pixelSize);
  const k = light.refractiveIndex / light.wavelength;
  const edge = Math.min((light.na ?? Number.POSITIVE_INFINITY) / light.wavelength, 0.5 / light.pixelSize, 0.99 * k);
  const last = lastSignal(
    power,
    Math.min(power.length - 1, Math.floor(edge / step)),
    Math.floor(0.5 / light.pixelSize / step),
  );
  const aperture = Math.min(edge, Math.max(last, minUsedBins) * step) * light.wavelength;
  const bins = Array.from({ length: Math.max(0, last - firstBin + 1) }, (_, i) => i + firstBin);
  if (bins.length < minBins) return { aperture, at: () => ({ share: 0, cosine: 0, sine: 0 }) };

  const top = power.reduce((most, value) => Math.max(most, value), 0);
  const values = bins.map((b) => Math.log(Math.max(power[b], 1e-12 * top)));
  const smooth = bins.map((b) => [1, Math.log(b / last), b / last, (b / last) ** 2]);
  const bent = smooth.map((row, i) => [...row, ...[3, 4, 5].map((power) => (bins[i] / last) ** power)]);
  // The spectrum of a specimen is not smooth: each bin has a variance that does not fall with the number of
  // frequencies.
  const fits = [
    { rows: smooth, weights: bins.map((b) => counts[b] / (1 + 0.1 * counts[b])) },
    { rows: bent, weights: bins.map((b) => counts[b] / (1 + 0.05 * counts[b])) },
  ].map((fit) => ({ ...fit, without: weightedFit(fit.rows, values, fit.weights).residual }));
  const turns = bins.map((b) => (4 * Math.PI * (b * step) ** 2) / (k + Math.sqrt(k * k - (b * step) ** 2)));
  return {
    aperture,
    at(distance) {
      if (distance === 0 || !fits.every(({ without }) => without > 0)) return { share: 0, cosine: 0, sine: 0 };
      // Wide rings could be the shape of the specimen's own spectrum, so they must also stand out against a curved one.
      const [plain, flexible] = fits.map(({ rows, weights, without }) => {
        const waves = rows.map((row, i) => [Math.cos(distance * turns[i]), Math.sin(distance * turns[i]), ...row]);
        const { residual, coefficients } = weightedFit(waves, values, weights);
        return { share: Math.max(0, Math.min(1, 1 - residual / without)), coefficients };
      });
      const [cosine, sine] = plain.coefficients;
      return { share: Math.sqrt(plain.share * flexible.share), cosine, sine };
    },
  };
}

/** Mean power of the windowed contrast in rings of equal width, cycles per um, and how many frequencies each holds. */
function radialPower({ real, height, width }: ComplexField, pixelSize: number) {
  const [rows, columns] = [nextFastSize(height), nextFastSize(width)];
  let level = 0;
  for (const value of real) level += (value * value) / real.length;
  const image = new Float32Array(rows * columns);
  const hann = (i: number, size: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const amplitude = real[y * width + x];
      image[y * columns + x] = ((amplitude * amplitude) / level - 1) * hann(y, height) * hann(x, width);
    }
  }
  const plan = createRealFft2(rows, columns);
  const [re, im] = [new Float32Array(rows * plan.spectrumWidth), new Float32Array(rows * plan.spectrumWidth)];
  plan.forward(image, re, im);
  const step = 1 / (Math.min(height, width) * pixelSize);
  const power = new Float64Array(Math.floor(0.5 / pixelSize / step) + 1);
  const counts = new Float64Array(power.length);
  for (let v = 0; v < rows; v++) {
    const fy = Math.min(v, rows - v) / (rows * pixelSize);
    for (let u = 0; u < plan.spectrumWidth; u++) {
      const bin = Math.round(Math.hypot(fy, u / (columns * pixelSize)) / step);
      if (bin >= power.length) continue;
      const i = v * plan.spectrumWidth + u;
      power[bin] += re[i] * re[i] + im[i] * im[i];
      // A half spectrum holds only half of the plane.
      counts[bin] += 2;
    }
  }
  return { power: power.map((sum, b) => (2 * sum) / Math.max(1, counts[b])), counts, step };
}

/**
 * The last bin above the noise, which is measured beyond the aperture or, if the pixels do not reach there, as the
 * minimum.
 */
function lastSignal(power: Float64Array, edge: number, nyquist: number): number {
  const beyond = power.subarray(Math.floor(1.15 * edge), nyquist);
  const noise = beyond.length > 4 ? upperMedian(beyond) : Math.min(...power.subarray(firstBin, edge));
  const around = (b: number) => mean(power.subarray(Math.max(firstBin, b - 2), Math.min(edge, b + 2) + 1));
  let last = edge;
  while (last > minUsedBins && around(last) < minSignal * noise) last--;
  return last;
}
