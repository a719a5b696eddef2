/** Free-space propagation against physics that can be written down, and against nrefocus. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFft2 } from "../src/array/fft.ts";
import { Random } from "../src/array/random.ts";
import { createPropagator, propagate } from "../src/optics/imaging/angular-spectrum.ts";
import type { CoherentLight } from "../src/optics/imaging/coherent-light.ts";
import { type ComplexField, divideFields, fieldOf, intensityOf, phaseOf } from "../src/optics/imaging/complex-field.ts";

const light: CoherentLight = { wavelength: 0.532, refractiveIndex: 1, pixelSize: 0.2 };

function fieldFrom(height: number, width: number, value: (y: number, x: number) => [number, number]): ComplexField {
  const real = new Float64Array(height * width);
  const imag = new Float64Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) [real[y * width + x], imag[y * width + x]] = value(y, x);
  return { real, imag, height, width };
}

/** Noise that holds only frequencies below a share of Nyquist. */
function bandLimited(height: number, width: number, share: number, seed: number): ComplexField {
  const random = new Random(seed);
  const field = fieldFrom(height, width, () => [random.normal(), random.normal()]);
  const limit = (i: number, size: number) => Math.min(i, size - i) / size > share / 2;
  for (let v = 0; v < height; v++)
    for (let u = 0; u < width; u++)
      if (limit(v, height) || limit(u, width)) field.real[v * width + u] = field.imag[v * width + u] = 0;
  createFft2(height, width).inverse(field.real, field.imag);
  return field;
}

const power = (field: ComplexField) => intensityOf(field).data.reduce((sum, v) => sum + v, 0);
const difference = (a: ComplexField, b: ComplexField) => {
  let [sum, scale] = [0, 0];
  for (let i = 0; i < a.real.length; i++) {
    sum += (a.real[i] - b.real[i]) ** 2 + (a.imag[i] - b.imag[i]) ** 2;
    scale += b.real[i] ** 2 + b.imag[i] ** 2;
  }
  return Math.sqrt(sum / scale);
};

describe("angular spectrum", () => {
  test("there and back is where it began, with all its light, but it has been away", () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.5, max: 8, noNaN: true }), fc.boolean(), (seed, distance, wet) => {
        const medium = { ...light, refractiveIndex: wet ? 1.333 : 1 };
        const field = bandLimited(40, 60, 0.4, seed);
        const away = propagate(field, medium, distance, "wrap");
        expect(difference(away, field)).toBeGreaterThan(0.05);
        expect(power(away) / power(field)).toBeCloseTo(1, 5);
        expect(difference(propagate(away, medium, -distance, "wrap"), field)).toBeLessThan(1e-6);
      }),
      { numRuns: 20 },
    );
  });

  test("two steps are one", () => {
    const field = bandLimited(48, 48, 0.4, 3);
    const twice = propagate(propagate(field, light, 2, "wrap"), light, 3, "wrap");
    expect(difference(twice, propagate(field, light, 5, "wrap"))).toBeLessThan(1e-6);
  });

  test("a tilted plane wave gains the phase of its own direction", () => {
    const [height, width, distance] = [32, 64, 7.3];
    const [fy, fx] = [3 / (height * 0.2), -9 / (width * 0.2)];
    const wave = (y: number, x: number): [number, number] => {
      const angle = 2 * Math.PI * 0.2 * (fy * y + fx * x);
      return [Math.cos(angle), Math.sin(angle)];
    };
    const out = propagate(fieldFrom(height, width, wave), light, distance, "wrap");
    const k = 1 / 0.532;
    const expected = 2 * Math.PI * distance * (Math.sqrt(k * k - fy * fy - fx * fx) - k);
    const gained = phaseOf(divideFields(out, fieldFrom(height, width, wave))).data;
    const turn = Math.atan2(Math.sin(expected), Math.cos(expected));
    for (const phase of gained) expect(phase).toBeCloseTo(turn, 4);
  });

  test("evanescent waves do not travel", () => {
    const fine = { ...light, pixelSize: 0.1 };
    // Period 0.4 um, shorter than the wavelength.
    const wave = fieldFrom(32, 32, (_y, x) => [Math.cos((Math.PI * x) / 2), 0]);
    expect(power(propagate(wave, fine, 1, "wrap")) / power(wave)).toBeLessThan(1e-10);
    expect(power(propagate(wave, { ...fine, refractiveIndex: 1.515 }, 1, "wrap")) / power(wave)).toBeGreaterThan(0.99);
  });

  test("a Gaussian beam widens and bends as Siegman has it", () => {
    // w(z) = w0 sqrt(1 + (z / zR)^2), zR = pi w0^2 / lambda; on the axis the intensity falls as (w0 / w)^2.
    const [size, waist] = [128, 3];
    const range = (Math.PI * waist ** 2) / light.wavelength;
    const radius2 = (y: number, x: number) => ((y - 64) ** 2 + (x - 64) ** 2) * 0.04;
    const beam = fieldFrom(size, size, (y, x) => [Math.exp(-radius2(y, x) / waist ** 2), 0]);
    for (const distance of [range / 2, -range]) {
      const out = propagate(beam, light, distance, "constant");
      const w2 = waist ** 2 * (1 + (distance / range) ** 2);
      const { data } = intensityOf(out);
      for (const [y, x] of [
        [64, 64],
        [64, 75],
        [50, 70],
      ])
        expect(data[y * size + x]).toBeCloseTo((waist ** 2 / w2) * Math.exp((-2 * radius2(y, x)) / w2), 2);
      // Wave front: phase k r^2 / 2R - Gouy; R = z (1 + (zR / z)^2). Outward curved ahead of the waist.
      const phase = phaseOf(out).data;
      const curved = phase[64 * size + 74] - phase[64 * size + 64];
      const front = distance * (1 + (range / distance) ** 2);
      expect(curved).toBeCloseTo((Math.PI * radius2(64, 74)) / (light.wavelength * front), 1);
      expect(phase[64 * size + 64]).toBeCloseTo(-Math.atan(distance / range), 1);
    }
  });

  test("a slit behaves as its Fresnel number says", () => {
    // Along the axis of a slit of half width a: I = 2 |F(sqrt(2 N))|^2 (Fresnel integrals C and S), N = a^2 / (lambda z).
    const [size, half] = [640, 16];
    const slit = fieldFrom(4, size, (_y, x) => [Math.abs(x - size / 2 + 0.5) * 0.2 < half ? 1 : 0, 0]);
    for (const fresnelNumber of [1, 2.5, 5]) {
      const distance = half ** 2 / (light.wavelength * fresnelNumber);
      const { data } = intensityOf(propagate(slit, light, distance, "mirror"));
      let [c, s] = [0, 0];
      const steps = 4000;
      const top = Math.sqrt(2 * fresnelNumber);
      for (let i = 0; i < steps; i++) {
        const t = ((i + 0.5) * top) / steps;
        c += (Math.cos((Math.PI * t * t) / 2) * top) / steps;
        s += (Math.sin((Math.PI * t * t) / 2) * top) / steps;
      }
      const axis = data[size + size / 2];
      expect(axis / (2 * (c * c + s * s))).toBeCloseTo(1, 1);
    }
  });

  test("any size, and light that leaves does not come back on the other side", () => {
    for (const [height, width] of [
      [37, 53],
      [1, 17],
      [64, 30],
    ]) {
      const flat = propagate(
        fieldFrom(height, width, () => [0.6, 0.8]),
        light,
        25,
      );
      for (let i = 0; i < flat.real.length; i++) {
        expect(flat.real[i]).toBeCloseTo(0.6, 5);
        expect(flat.imag[i]).toBeCloseTo(0.8, 5);
      }
    }
    const bright = fieldFrom(60, 60, (y, x) => [Math.hypot(y - 4, x - 30) < 3 ? 1 : 0, 0]);
    const far = (edges: "constant" | "wrap") => {
      const { data } = intensityOf(propagate(bright, light, 12, edges));
      return data.subarray(50 * 60).reduce((sum, v) => sum + v, 0);
    };
    expect(far("constant")).toBeLessThan(0.05 * far("wrap"));
  });

  test("as nrefocus has it", () => {
    const { pixel, wavelength, index, size, cases } = JSON.parse(
      readFileSync(new URL("fixtures/coherent/nrefocus.json", import.meta.url), "utf8"),
    ) as {
      pixel: number;
      wavelength: number;
      index: number;
      size: number;
      cases: { distance: number; real: number[]; imag: number[] }[];
    };
    const field = fieldFrom(size, size, (y, x) => {
      const amplitude = 1 - 0.4 * Math.exp(-((x - 13) ** 2 + (y - 18) ** 2) / 18);
      const phase = 1.5 * Math.exp(-((x - 20) ** 2 + (y - 11) ** 2) / 32);
      return [amplitude * Math.cos(phase), amplitude * Math.sin(phase)];
    });
    const medium = { wavelength, refractiveIndex: index, pixelSize: pixel };
    for (const { distance, real, imag } of cases) {
      const theirs = { real: Float64Array.from(real), imag: Float64Array.from(imag), height: size, width: size };
      expect(difference(propagate(field, medium, distance, "wrap"), theirs)).toBeLessThan(1e-6);
      expect(difference(field, theirs)).toBeGreaterThan(0.015);
    }
  });

  test("says what is wrong", () => {
    const field = fieldOf({ data: new Float32Array(16), height: 4, width: 4 });
    expect(() => propagate(field, { ...light, wavelength: Number.NaN }, 1)).toThrow(
      /wavelength must be above 0, got NaN/,
    );
    expect(() => propagate(field, { ...light, na: 1.2 }, 1)).toThrow(/na 1.2 is not below the refractive index 1/);
    expect(() => propagate(field, light, Number.NaN)).toThrow(/distance NaN is not a number/);
    expect(() => createPropagator(7, 7, light, "wrap")).toThrow(/7 is not 2\^a 3\^b 5\^c/);
    const small = { data: new Float32Array(4), height: 2, width: 2 };
    expect(() => fieldOf({ data: new Float32Array(16), height: 4, width: 4 }, small)).toThrow(
      /4 x 4 pixels and the phase 2 x 2/,
    );
  });
});
