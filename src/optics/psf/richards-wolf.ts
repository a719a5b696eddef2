/**
 * The intensity of polarised light around a point, by integrals over the radius of the pupil.
 *
 * Source: Richards & Wolf, Proc. R. Soc. A 253, 358 (1959), eq. 2.31-2.33 and 3.15: with emitters (or exciting light)
 * in all directions, I(r) = |I0|^2 + 2 |I1|^2 + |I2|^2, where
 *
 *     I0 = integral sqrt(cos t) sin t (1 + cos t) J0(2 pi k r) exp(i phase) dt
 *     I1 = integral sqrt(cos t) sin^2 t          J1(2 pi k r) exp(i phase) dt
 *     I2 = integral sqrt(cos t) sin t (1 - cos t) J2(2 pi k r) exp(i phase) dt
 *
 * t is the angle in the immersion, k = (n / lambda) sin t. Between interfaces 1 + cos t becomes ts + tp cos t and so on
 * (Haeberle, Opt. Commun. 216, 55 (2003), eq. 5-7); see {@link Wave.polarised}.
 */
import { bessel012 } from "../../array/bessel.ts";
import type { Light } from "./light.ts";
import { gaussLegendre } from "./quadrature.ts";
import { waveRadius } from "./wave.ts";
import { wavefrontError } from "./zernike.ts";

export interface RadialIntensity {
  /** Intensity at radii 0, step, 2 step, ..., um; the integral over the whole plane is {@link energy}. */
  profile(step: number, count: number, defocus: number): Float64Array;
  /** On a grid with samples `pitch` um apart: the quarter `[n / 2 + 1, n / 2 + 1]`, centre at index 0. */
  onQuarter(pitch: number, n: number, defocus: number): Float64Array;
  /** Integral over the whole plane, at any defocus, from the pupil by Parseval's theorem. */
  readonly energy: number;
}

/** Radii per period of the finest detail: the error of cubic interpolation is then below 1e-4 of the peak. */
const radiiPerPeriod = 16;

/**
 * @param light vectorial, or scalar: then I = |I0|^2 with I0 = integral amplitude J0 exp(i phase) k dk; rotationally
 * symmetric
 */
export function createRadialIntensity(light: Light): RadialIntensity {
  const { wave } = light;
  const edge = wave.na / wave.wavelength;
  let tables: Tables | undefined;

  const profile = (step: number, count: number, defocus: number): Float64Array => {
    // A Gauss rule resolves a wave with somewhat more than two nodes per radian.
    const cycles = (count * step + waveRadius(wave, defocus)) * edge;
    const nodes = 64 * Math.ceil((40 + 3.3 * cycles) / 64);
    if (tables === undefined || tables.step !== step || tables.count < count || tables.nodes < nodes) {
      tables = makeTables(light, step, count, nodes);
    }
    return integrate(tables, count, defocus);
  };

  const onQuarter = (pitch: number, n: number, defocus: number): Float64Array => {
    const step = wave.wavelength / (2 * wave.na) / radiiPerPeriod;
    const columns = n / 2 + 1;
    const count = Math.ceil((Math.SQRT2 * (n / 2) * pitch) / step) + 3;
    const values = profile(step, count, defocus);
    const out = new Float64Array(columns * columns);
    for (let v = 0; v < columns; v++) {
      for (let u = 0; u <= v; u++) {
        const value = cubic(values, (Math.hypot(u, v) * pitch) / step);
        out[v * columns + u] = value;
        out[u * columns + v] = value;
      }
    }
    return out;
  };

  return {
    profile,
    onQuarter,
    get energy() {
      // Integral |I_n|^2 2 pi r dr = (1 / (2 pi)^2) integral 2 pi |f_n|^2 k dk.
      const { fields, frequencies, weights } = makeTables(light, 1, 0, 256);
      let sum = 0;
      for (const { re, im, factor } of fields) {
        for (let i = 0; i < re.length; i++) sum += (factor * (re[i] ** 2 + im[i] ** 2)) / (frequencies[i] * weights[i]);
      }
      return (2 * Math.PI * sum) / (2 * Math.PI) ** 2;
    },
  };
}

interface Tables {
  step: number;
  count: number;
  nodes: number;
  frequencies: Float64Array;
  weights: Float64Array;
  axial: Float64Array;
  /** Of order 0, 1, 2: field x k dk at defocus 0, how often |I|^2 counts, and the Bessel function `[radius, node]`. */
  fields: { re: Float64Array; im: Float64Array; factor: number; bessel: Float64Array }[];
}

function makeTables({ wave, aberrations, vectorial }: Light, step: number, count: number, nodes: number): Tables {
  const { points, weights } = gaussLegendre(nodes);
  const edge = wave.na / wave.wavelength;
  // k = edge sin(a): the nodes gather at the rim, where root(n^2 - kappa^2) is steep.
  const frequencies = points.map((x) => edge * Math.sin(((x + 1) * Math.PI) / 4));
  const steps = weights.map((w, i) => (w * Math.PI * edge * Math.cos(((points[i] + 1) * Math.PI) / 4)) / 4);
  const factors = vectorial ? [1, 2, 1] : [1];
  const fields = factors.map((factor) => ({
    re: new Float64Array(nodes),
    im: new Float64Array(nodes),
    factor,
    bessel: new Float64Array(count * nodes),
  }));
  frequencies.forEach((k, i) => {
    const angle = 2 * Math.PI * (wave.phase(k) + wavefrontError(aberrations, k / edge, 0));
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    amplitudesOf(wave, vectorial, k).forEach(([re, im], order) => {
      fields[order].re[i] = (re * cos - im * sin) * k * steps[i];
      fields[order].im[i] = (re * sin + im * cos) * k * steps[i];
    });
  });
  const values = new Float64Array(3);
  for (let r = 0; r < count; r++) {
    for (let i = 0; i < nodes; i++) {
      bessel012(2 * Math.PI * frequencies[i] * r * step, values);
      for (let order = 0; order < fields.length; order++) fields[order].bessel[r * nodes + i] = values[order];
    }
  }
  return { step, count, nodes, frequencies, weights: steps, axial: frequencies.map((k) => wave.axial(k)), fields };
}

function amplitudesOf(wave: Light["wave"], vectorial: boolean, k: number): (readonly [number, number])[] {
  if (!vectorial) return [[wave.amplitude(k), 0]];
  const { s, lateral, axial } = wave.polarised(k);
  return [[s[0] + lateral[0], s[1] + lateral[1]], axial, [s[0] - lateral[0], s[1] - lateral[1]]];
}

function integrate({ nodes, axial, fields }: Tables, count: number, defocus: number): Float64Array {
  const out = new Float64Array(count);
  const cos = axial.map((a) => Math.cos(2 * Math.PI * defocus * a));
  const sin = axial.map((a) => Math.sin(2 * Math.PI * defocus * a));
  for (const { re, im, factor, bessel } of fields) {
    const fieldRe = re.map((value, i) => value * cos[i] - im[i] * sin[i]);
    const fieldIm = re.map((value, i) => value * sin[i] + im[i] * cos[i]);
    for (let r = 0; r < count; r++) {
      let a = 0;
      let b = 0;
      for (let i = 0, at = r * nodes; i < nodes; i++, at++) {
        a += fieldRe[i] * bessel[at];
        b += fieldIm[i] * bessel[at];
      }
      out[r] += factor * (a * a + b * b);
    }
  }
  return out;
}

/** Between four samples of an even function (Lagrange). */
function cubic(values: Float64Array, position: number): number {
  const i = Math.floor(position);
  const t = position - i;
  const [a, b, c, d] = [values[Math.abs(i - 1)], values[i], values[i + 1], values[i + 2]];
  return (
    (-t * (t - 1) * (t - 2) * a) / 6 +
    ((t + 1) * (t - 1) * (t - 2) * b) / 2 -
    ((t + 1) * t * (t - 2) * c) / 2 +
    ((t + 1) * t * (t - 1) * d) / 6
  );
}
