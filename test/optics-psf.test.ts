import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParfocalError } from "../src/errors.ts";
import { type Psf, psfSize, widefieldPsf } from "../src/optics/psf/psf.ts";
import { axialResolution, nyquistPixelSize, type Pupil, pupilPhase } from "../src/optics/psf/pupil.ts";

/** Bessel functions J0 and J1 by their integrals (Abramowitz & Stegun 9.1.21): slow and sure. */
function bessel(order: 0 | 1, x: number): number {
  const n = 64 + Math.ceil(Math.abs(x));
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const t = (Math.PI * (i + 0.5)) / n;
    sum += Math.cos(order * t - x * Math.sin(t));
  }
  return sum / n;
}

/** Intensity of a point at distance r, um, by direct integration of the pupil; integrates to 1 over the plane. */
function directIntensity(pupil: Pupil, r: number, defocus: number): number {
  const edge = pupil.na / pupil.wavelength;
  const n = 400;
  let re = 0;
  let im = 0;
  for (let i = 0; i < n; i++) {
    const k = (edge * (i + 0.5)) / n;
    const phase = 2 * Math.PI * pupilPhase(pupil, k, defocus);
    const weight = 2 * Math.PI * bessel(0, 2 * Math.PI * k * r) * k * (edge / n);
    re += weight * Math.cos(phase);
    im += weight * Math.sin(phase);
  }
  return (re * re + im * im) / (Math.PI * edge * edge);
}

/** Mean of f(r) over the pixel at (x, y) pixels from the centre: 4-point Gauss-Legendre in both directions. */
function overPixel(f: (r: number) => number, x: number, y: number, pixelSize: number): number {
  const nodes = [-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526];
  const weights = [0.3478548451374538, 0.6521451548625461, 0.6521451548625461, 0.3478548451374538];
  let sum = 0;
  nodes.forEach((a, i) => {
    nodes.forEach((b, j) => {
      sum += (weights[i] * weights[j] * f(Math.hypot(x + a / 2, y + b / 2) * pixelSize)) / 4;
    });
  });
  return sum;
}

const at = (psf: Psf, x: number, y: number) => psf.data[(psf.size / 2 + y) * psf.size + psf.size / 2 + x];
const sumOf = (psf: Psf) => psf.data.reduce((a, b) => a + b, 0);

const low: Pupil = { na: 0.1, wavelength: 0.5, refractiveIndex: 1 };
const air: Pupil = { na: 0.8, wavelength: 0.515, refractiveIndex: 1 };

describe("the widefield PSF", () => {
  it("is the Airy pattern in focus at low NA", () => {
    const pixelSize = 0.2;
    const psf = widefieldPsf(low, { pixelSize });
    const peak = Math.PI * (low.na / low.wavelength) ** 2 * pixelSize ** 2;
    const airy = (r: number) => {
      const v = (2 * Math.PI * low.na * r) / low.wavelength;
      return ((2 * bessel(1, v)) / v) ** 2;
    };
    expect(Math.abs(at(psf, 0, 0) / peak - 1)).toBeLessThan(0.01);
    for (let x = 1; x < 60; x++) {
      const expected = overPixel(airy, x, 0, pixelSize);
      expect(Math.abs(at(psf, x, 0) / at(psf, 0, 0) - expected)).toBeLessThan(0.01 * expected + 1e-5);
    }
  });

  it("falls along the axis as sinc^2 at low NA", () => {
    const pixelSize = 0.4;
    const focus = at(widefieldPsf(low, { pixelSize }), 0, 0);
    for (const z of [10, 25, 40, 60, 80, 100, 130]) {
      const x = (Math.PI * low.na ** 2 * z) / (2 * low.refractiveIndex * low.wavelength);
      const expected = (Math.sin(x) / x) ** 2;
      expect(Math.abs(at(widefieldPsf(low, { pixelSize, defocus: z }), 0, 0) / focus - expected)).toBeLessThan(0.01);
    }
  });

  it("has the width of the Airy disc, 0.5145 lambda / NA, at every NA", () => {
    for (const [na, refractiveIndex] of [
      [0.25, 1],
      [0.8, 1],
      [1.1, 1.333],
      [1.4, 1.515],
    ]) {
      const pixelSize = 0.515 / na / 24;
      const psf = widefieldPsf({ na, wavelength: 0.515, refractiveIndex }, { pixelSize });
      let x = 0;
      while (at(psf, x + 1, 0) > at(psf, 0, 0) / 2) x++;
      const half = x + (at(psf, x, 0) - at(psf, 0, 0) / 2) / (at(psf, x, 0) - at(psf, x + 1, 0));
      expect((2 * half * pixelSize * na) / 0.515).toBeCloseTo(0.5145, 2);
    }
  });

  it("agrees with direct integration of the pupil, pixel by pixel", () => {
    for (const [pupil, pixelSize] of [
      [air, 0.325],
      [{ ...air, sphericalAberration: 0.15 }, 0.325],
      [{ na: 1.2, wavelength: 0.6, refractiveIndex: 1.333 }, 0.1],
    ] as [Pupil, number][]) {
      for (const defocus of [0, 1.5, -4]) {
        const psf = widefieldPsf(pupil, { pixelSize, defocus });
        // The field of far rings wraps into the grid and interferes there: less on a grid twice as wide.
        const wide = widefieldPsf(pupil, { pixelSize, defocus, size: 2 * psf.size });
        const peak = psf.data.reduce((a, b) => Math.max(a, b));
        for (const [x, y] of [
          [0, 0],
          [1, 0],
          [1, 2],
          [5, 3],
          [0, 9],
        ]) {
          const direct = overPixel((r) => directIntensity(pupil, r, defocus), x, y, pixelSize) * pixelSize ** 2;
          expect(Math.abs(at(psf, x, y) - direct)).toBeLessThan(0.02 * peak);
          expect(Math.abs(at(wide, x, y) - direct)).toBeLessThan(0.007 * peak);
        }
      }
    }
  });

  it("carries the same light at every defocus, is never negative, and is even", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 0.95, noNaN: true }),
        fc.double({ min: 0.4, max: 0.7, noNaN: true }),
        fc.constantFrom(1, 1.333, 1.515),
        fc.double({ min: -8, max: 8, noNaN: true }),
        fc.constantFrom(0, 0.1, -0.3),
        (relative, wavelength, refractiveIndex, defocus, sphericalAberration) => {
          const pupil = { na: relative * refractiveIndex, wavelength, refractiveIndex, sphericalAberration };
          const psf = widefieldPsf(pupil, { pixelSize: 0.4, defocus });
          expect(Math.abs(sumOf(psf) - 1)).toBeLessThan(1e-9);
          // What aliases a hair beyond Nyquist may dip below zero, never visibly.
          expect(Math.min(...psf.data.slice(0, 4096))).toBeGreaterThan(-1e-6);
          expect(at(psf, 3, 1)).toBeCloseTo(at(psf, -1, 3), 12);
        },
      ),
      { seed: 4, numRuns: 12 },
    );
  });

  it("is the same on both sides of focus, unless aberration breaks the tie", () => {
    const pair = (sphericalAberration: number) =>
      [3, -3].map((defocus) => widefieldPsf({ ...air, sphericalAberration }, { pixelSize: 0.325, defocus }));
    const difference = (a: Psf, b: Psf) => a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]), 0);
    const [above, below] = pair(0);
    expect(difference(above, below)).toBeLessThan(1e-9);
    const [aberrated, other] = pair(0.2);
    expect(difference(aberrated, other)).toBeGreaterThan(0.3);
    // Conjugating the pupil turns the through-focus series round.
    const [, mirrored] = pair(-0.2);
    expect(difference(aberrated, mirrored)).toBeLessThan(1e-9);
  });

  it("spreads with defocus, and is given room for it", () => {
    const central = [0, 1, 2, 4, 8].map((defocus) => at(widefieldPsf(air, { pixelSize: 0.325, defocus }), 0, 0));
    expect(central).toEqual([...central].sort((a, b) => b - a));
    for (const defocus of [5, 20, 40]) {
      const size = psfSize(air, 0.325, defocus);
      // tan(asin 0.8) = 4/3
      expect(size * 0.325).toBeGreaterThan(2 * defocus * (4 / 3));
      const psf = widefieldPsf(air, { pixelSize: 0.325, defocus });
      let inside = 0;
      const radius = (defocus * 4) / 3 / 0.325;
      for (let y = -size / 2; y < size / 2; y++) {
        for (let x = -size / 2; x < size / 2; x++) if (Math.hypot(x, y) < radius) inside += at(psf, x, y);
      }
      expect(inside).toBeGreaterThan(0.9);
    }
  });

  it("refuses impossible optics", () => {
    expect(() => widefieldPsf({ ...air, na: 1 }, { pixelSize: 0.3 })).toThrow(
      /na 1 is not below the refractive index 1/,
    );
    expect(() => widefieldPsf({ ...air, wavelength: 0 }, { pixelSize: 0.3 })).toThrow(/wavelength must be above 0/);
    expect(() => widefieldPsf(air, { pixelSize: -1 })).toThrow(/pixel_size must be above 0/);
    expect(() => widefieldPsf(air, { pixelSize: 0.1, defocus: 1e4 })).toThrow(ParfocalError);
    expect(() => widefieldPsf(air, { pixelSize: 0.1, defocus: Number.NaN })).toThrow(ParfocalError);
  });

  it("knows the limits of resolution", () => {
    expect(nyquistPixelSize({ na: 0.8, wavelength: 0.512 })).toBeCloseTo(0.16, 10);
    expect(axialResolution(air)).toBeCloseTo(0.515 / 0.4, 10);
  });
});
