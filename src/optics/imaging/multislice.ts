/**
 * A plane wave through a specimen that refracts and absorbs it: the multislice or beam propagation method. Each slice
 * is a thin screen, and free space lies between the slices. Forward scattering only; no polarisation.
 *
 * Source: Cowley & Moodie, Acta Cryst. 10, 609 (1957); for light, Van Roey, van der Donk & Lagasse, J. Opt. Soc. Am.
 * 71, 803 (1981). Lengths in um; light travels down, from high z to low z, to an objective below the specimen, as in an
 * inverted microscope (and as PSFs take it: z counts up into the specimen, away from the objective).
 */

import { createFft2 } from "../../array/fft.ts";
import { requireMemory } from "../../array/require-memory.ts";
import type { Volume } from "../phantom/volume.ts";
import { type Pupil, pupilPhase } from "../psf/pupil.ts";
import type { ComplexField } from "./complex-field.ts";
import { levelsWithContent } from "./image-volume.ts";
import { frequency } from "./transfer-function.ts";

/** The material of a voxel of density 1. */
export interface Material {
  /** Refractive index minus that of the medium. */
  indexDifference: number;
  /** Attenuation coefficient a, 1/um: I = exp(-a thickness). */
  absorption: number;
}

/** Direction of a plane wave: its frequency across the axis, cycles per um; length sin(angle) n / lambda. */
export interface Tilt {
  y: number;
  x: number;
}

/** Light behind the specimen without the tilt of the illumination, so that it wraps as the volume does. */
interface ExitWave {
  /** Spectrum of the envelope: index f is the frequency f + tilt. */
  spectrum: ComplexField;
  tilt: Tilt;
  /** Height of the last slice that the wave has passed, um. */
  z: number;
}

/** Illuminates one volume from any direction. */
export interface Multislice {
  exitWave(tilt: Tilt): ExitWave;
  /**
   * The field behind the objective in the focal plane at z, `[height, width]`, without the tilt: multiply by
   * exp(i 2 pi tilt x) for the field itself. The intensity does not depend on it.
   */
  imageField(wave: ExitWave, z: number): ComplexField;
}

/** @param pupil checked by the caller, as is the material; @throws `usage` for sides that are not 2^a 3^b 5^c */
export function createMultislice(volume: Volume, pupil: Pupil, material: Material): Multislice {
  const { height, width, pixelSize, sliceStep, bottom, data } = volume;
  const size = height * width;
  const plan = createFft2(height, width);
  const k = pupil.refractiveIndex / pupil.wavelength;
  const levels = levelsWithContent(volume).reverse();
  const gaps = new Set(levels.slice(1).map((level, i) => levels[i] - level)).size;
  requireMemory({
    what: `Light through ${levels.length} slices of ${height} x ${width} pixels`,
    // The wave, its copies and its transform, and the transfer function of each distance between slices.
    bytes: 8 * size * (gaps + 4),
    advice: "a smaller field or coarser pixels",
    option: "size",
  });

  // Squared frequencies of the envelope shifted by the tilt; those beyond `edge` are dropped.
  const eachFrequency = (tilt: Tilt, edge: number, visit: (i: number, f2: number) => void) => {
    for (let v = 0; v < height; v++) {
      const fy2 = (frequency(v, height, pixelSize) + tilt.y) ** 2;
      for (let u = 0; u < width; u++) {
        const f2 = fy2 + (frequency(u, width, pixelSize) + tilt.x) ** 2;
        visit(v * width + u, f2 < edge * edge ? f2 : -1);
      }
    }
  };
  const multiply = (field: ComplexField, tilt: Tilt, edge: number, phaseOf: (f2: number) => number) => {
    const { real, imag } = field;
    eachFrequency(tilt, edge, (i, f2) => {
      const phase = f2 < 0 ? 0 : phaseOf(f2);
      const [c, s] = f2 < 0 ? [0, 0] : [Math.cos(phase), Math.sin(phase)];
      const re = real[i] * c - imag[i] * s;
      imag[i] = real[i] * s + imag[i] * c;
      real[i] = re;
    });
  };
  /** exp(i 2 pi d (kz(f + tilt) - kz(tilt))) of the whole grid. */
  const freeSpace = (tilt: Tilt, distance: number): ComplexField => {
    const out = { real: new Float32Array(size).fill(1), imag: new Float32Array(size), height, width };
    const axial = Math.sqrt(k * k - tilt.y ** 2 - tilt.x ** 2);
    multiply(out, tilt, k, (f2) => 2 * Math.PI * distance * (Math.sqrt(k * k - f2) - axial));
    return out;
  };

  return {
    exitWave(tilt) {
      const field: ComplexField = { real: new Float32Array(size).fill(1), imag: new Float32Array(size), height, width };
      const spaces = new Map<number, ComplexField>();
      // Obliquely a slice is thicker by 1 / cos(angle).
      const slant = sliceStep / Math.sqrt(1 - (tilt.y ** 2 + tilt.x ** 2) / (k * k));
      const turn = (2 * Math.PI * material.indexDifference * slant) / pupil.wavelength;
      const fade = (-material.absorption * slant) / 2;
      let at = levels[0] ?? 0;
      for (const level of levels) {
        if (level !== at) {
          const space = spaces.get(at - level) ?? freeSpace(tilt, (at - level) * sliceStep);
          spaces.set(at - level, space);
          plan.forward(field.real, field.imag);
          multiplyFields(field, space);
          plan.inverse(field.real, field.imag);
          at = level;
        }
        passScreen(field, data.subarray(level * size, (level + 1) * size), turn, fade);
      }
      plan.forward(field.real, field.imag);
      return { spectrum: field, tilt, z: bottom + at * sliceStep };
    },
    imageField({ spectrum, tilt, z: from }, z) {
      const field = { real: spectrum.real.slice(), imag: spectrum.imag.slice(), height, width };
      const reference = pupilPhase(pupil, 0, from - z);
      multiply(
        field,
        tilt,
        pupil.na / pupil.wavelength,
        (f2) => 2 * Math.PI * (pupilPhase(pupil, Math.sqrt(f2), from - z) - reference),
      );
      plan.inverse(field.real, field.imag);
      return field;
    },
  };
}

/** field x exp((i turn + fade) density) */
function passScreen(field: ComplexField, density: Float32Array, turn: number, fade: number): void {
  const { real, imag } = field;
  for (let i = 0; i < density.length; i++) {
    const d = density[i];
    if (d === 0) continue;
    const scale = Math.exp(fade * d);
    const [c, s] = [scale * Math.cos(turn * d), scale * Math.sin(turn * d)];
    const re = real[i] * c - imag[i] * s;
    imag[i] = real[i] * s + imag[i] * c;
    real[i] = re;
  }
}

function multiplyFields(field: ComplexField, by: ComplexField): void {
  const { real, imag } = field;
  for (let i = 0; i < real.length; i++) {
    const re = real[i] * by.real[i] - imag[i] * by.imag[i];
    imag[i] = real[i] * by.imag[i] + imag[i] * by.real[i];
    real[i] = re;
  }
}
