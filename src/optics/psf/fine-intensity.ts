/**
 * The light of one point, and its intensity on fine samples. Both the emission and the excitation of all PSF models are
 * computed here from a pupil.
 */
import { createEvenFft2 } from "../../array/even-fft.ts";
import { createFft2 } from "../../array/fft.ts";
import { isEvenLight, type Light } from "./light.ts";
import { componentWeights, type PupilSamples, placeField, samplePupil } from "./pupil-samples.ts";
import { createRadialIntensity } from "./richards-wolf.ts";
import { isRadial } from "./zernike.ts";

/** Intensity about a point, in any unit. */
export interface FineIntensity {
  /**
   * "quarter": `[n / 2 + 1, n / 2 + 1]` of an even intensity, centre at index 0; "whole": `[n, n]`, centre at index 0.
   */
  readonly part: "quarter" | "whole";
  readonly data: Float64Array;
  readonly n: number;
  /** Sum over the whole plane, if that is more than the grid holds. */
  readonly total?: number;
}

export type IntensityOf = (pitch: number, n: number, defocus: number) => FineIntensity;

/**
 * Prepares the intensity of a light. The pupil is sampled once for each grid.
 *
 * Scalar light, and light with aberrations that depend on the angle, is computed by the Fourier transform of the pupil.
 * The grid must then be so wide that rings outside it, which wrap, are faint. Rotationally symmetric vectorial light is
 * computed by radial integrals, which do not wrap.
 */
export function createIntensity(light: Light): IntensityOf {
  if (light.vectorial && light.polarised === undefined && isRadial(light.aberrations)) {
    const radial = createRadialIntensity(light);
    const { energy } = radial;
    return (pitch, n, defocus) => {
      return { part: "quarter", data: radial.onQuarter(pitch, n, defocus), n, total: energy / pitch ** 2 };
    };
  }
  const quarter = !light.vectorial && isEvenLight(light);
  const part = quarter ? "quarter" : "whole";
  let last: { n: number; pitch: number; at: (defocus: number) => Float64Array } | undefined;
  return (pitch, n, defocus) => {
    if (last?.n !== n || last.pitch !== pitch) {
      const samples = samplePupil(light, n, pitch, part);
      const transform = createTransform(n, quarter, componentWeights(light.polarised));
      last = { n, pitch, at: (z) => transform(samples, z) };
    }
    return { part, data: last.at(defocus), n };
  };
}

/** The transform of one size, with its work arrays. */
function createTransform(n: number, quarter: boolean, weights: readonly number[]) {
  const length = quarter ? (n / 2 + 1) ** 2 : n * n;
  const plan = quarter ? createEvenFft2(n, n) : createFft2(n, n);
  const re = new Float64Array(length);
  const im = new Float64Array(length);
  return (samples: PupilSamples, defocus: number): Float64Array => {
    const sum = new Float64Array(length);
    for (let c = 0; c < samples.fields.length; c++) {
      const weight = weights[c];
      if (weight === 0) continue;
      re.fill(0);
      im.fill(0);
      placeField(samples, c, defocus, re, im);
      plan.forward(re, im);
      for (let i = 0; i < length; i++) sum[i] += weight * (re[i] * re[i] + im[i] * im[i]);
    }
    return sum;
  };
}

/** A fine intensity on the whole grid, centre at index 0. */
export function wholeIntensity({ part, data, n }: FineIntensity): Float64Array {
  if (part === "whole") return data;
  const columns = n / 2 + 1;
  const out = new Float64Array(n * n);
  for (let y = 0; y < n; y++) {
    const row = Math.min(y, n - y) * columns;
    for (let x = 0; x < n; x++) out[y * n + x] = data[row + Math.min(x, n - x)];
  }
  return out;
}
