/** Transmitted light and holograms against theory: the weak-object transfer function, slabs, symmetry about focus. */
import { describe, expect, test } from "vitest";
import { amplitudeOf, intensityOf, phaseOf } from "../src/optics/imaging/complex-field.ts";
import { sourcePoints } from "../src/optics/imaging/condenser.ts";
import { imageHolograms } from "../src/optics/imaging/hologram.ts";
import { imageTransmitted } from "../src/optics/imaging/transmitted.ts";
import type { Volume } from "../src/optics/phantom/volume.ts";
import type { Pupil } from "../src/optics/psf/pupil.ts";

const pupil: Pupil = { na: 0.5, wavelength: 0.55, refractiveIndex: 1 };

/** Density drawn by voxel; x and y in um, z in um. */
function volumeOf(
  grid: { depth?: number; height?: number; width: number; pixelSize: number; sliceStep: number; bottom?: number },
  density: (x: number, y: number, z: number) => number,
): Volume {
  const { depth = 1, height = grid.width, width, pixelSize, sliceStep, bottom = 0 } = grid;
  const data = new Float32Array(depth * height * width);
  let i = 0;
  for (let k = 0; k < depth; k++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) data[i++] = density(x * pixelSize, y * pixelSize, bottom + k * sliceStep);
  return { depth, height, width, pixelSize, sliceStep, bottom, data };
}

/** Streibl, Opt. Commun. 49, 6 (1984), and J. Opt. Soc. Am. A 2, 121 (1985): mean over the source of P*(s) P(s + f). */
function weakTransfer(f: number, defocus: number, naCondenser: number): { real: number; imag: number } {
  const k = 1 / pupil.wavelength;
  const [edge, source] = [pupil.na * k, naCondenser * k];
  const n = 301;
  let [real, imag, count] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const sy = source * ((2 * i + 1) / n - 1);
      const sx = source * ((2 * j + 1) / n - 1);
      const s2 = sy * sy + sx * sx;
      if (s2 > source * source) continue;
      count++;
      const moved = sy * sy + (sx + f) ** 2;
      if (moved > edge * edge) continue;
      const phase = 2 * Math.PI * defocus * (Math.sqrt(k * k - moved) - Math.sqrt(k * k - s2));
      // A slab is thicker for oblique light.
      const slant = 1 / Math.sqrt(1 - s2 / (k * k));
      real += slant * Math.cos(phase);
      imag += slant * Math.sin(phase);
    }
  }
  return { real: real / count, imag: imag / count };
}

describe("transmitted light", () => {
  const width = 64;
  const pixelSize = 0.2;
  const planes = [-6, -2, -0.7, 0, 0.7, 2, 6];

  test.each([
    [0.3, 6],
    [0.3, 9],
    [0.15, 4],
    [0.45, 8],
  ])("condenser %f, %i periods: as the weak-object transfer function has it", async (naCondenser, periods) => {
    const f = periods / (width * pixelSize);
    const grating = volumeOf(
      { height: 2, width, pixelSize, sliceStep: 0.02 },
      (x) => 0.5 + 0.5 * Math.cos(2 * Math.PI * f * x),
    );
    const contrast = async (index_difference: number, absorption: number) => {
      const optics = { na_condenser: naCondenser, index_difference, absorption, source_rings: 10 };
      const images = await imageTransmitted(grating, pupil, planes, optics);
      return planes.map((_, p) => {
        let sum = 0;
        for (let x = 0; x < width; x++) sum += images[p * 2 * width + x] * Math.cos(2 * Math.PI * f * x * pixelSize);
        return (2 * sum) / width;
      });
    };
    const phase = 0.5 * 2 * Math.PI * 0.05 * (0.02 / pupil.wavelength);
    const fade = 0.5 * 0.5 * 0.1 * 0.02;
    const inPhase = await contrast(0.05, 0);
    const inAmplitude = await contrast(0, 0.1);
    planes.forEach((z, p) => {
      const transfer = weakTransfer(f, 0 - z, naCondenser);
      expect(inPhase[p] / phase).toBeCloseTo(-2 * transfer.imag, 1);
      expect(inAmplitude[p] / fade).toBeCloseTo(-2 * transfer.real, 1);
    });
    // Phase: nothing in focus, opposite on the two sides. Absorption: the same on both.
    const strongest = Math.max(...inPhase.map(Math.abs));
    expect(strongest / phase).toBeGreaterThan(0.1);
    expect(Math.abs(inPhase[3])).toBeLessThan(0.01 * strongest);
    for (const [below, above] of [
      [0, 6],
      [1, 5],
      [2, 4],
    ]) {
      expect(Math.abs(inPhase[below] + inPhase[above])).toBeLessThan(0.01 * strongest);
      expect(Math.abs(inAmplitude[below] - inAmplitude[above])).toBeLessThan(0.01 * 2 * fade);
    }
    expect(inAmplitude[3]).toBeLessThan(-fade);
  });

  test("a bead is an objective: it gathers light behind it, below, and not above", async () => {
    const bead = volumeOf({ depth: 9, width, pixelSize, sliceStep: 0.5, bottom: -2 }, (x, y, z) =>
      Math.hypot(x - 6.4, y - 6.4, z) < 2 ? 1 : 0,
    );
    const images = await imageTransmitted(bead, pupil, [-8, 8], { na_condenser: 0.1, index_difference: 0.05 });
    const centre = (p: number) => images[p * width * width + 32 * width + 32];
    // Light comes from high z; a converging objective concentrates it further on, at low z.
    expect(centre(0)).toBeGreaterThan(3);
    expect(centre(1)).toBeLessThan(1.5);
  });

  test("an empty field is 1; a slab takes away what Beer and Lambert say", async () => {
    const slab = volumeOf({ depth: 10, height: 8, width: 8, pixelSize, sliceStep: 0.3 }, () => 1);
    const straight = { na_condenser: 0, absorption: 0.2, index_difference: 0.1 };
    for (const value of await imageTransmitted({ ...slab, data: slab.data.map(() => 0) }, pupil, [-3, 5]))
      expect(value).toBeCloseTo(1, 5);
    for (const value of await imageTransmitted(slab, pupil, [-3, 5], straight))
      expect(value).toBeCloseTo(Math.exp(-0.2 * 3), 5);
    const { fields } = await imageHolograms(slab, pupil, [0], { absorption: 0.2, index_difference: 0.02 });
    expect(amplitudeOf(fields[0]).data[9]).toBeCloseTo(Math.exp(-0.1 * 3), 5);
    expect(phaseOf(fields[0]).data[9]).toBeCloseTo((2 * Math.PI * 0.02 * 3) / pupil.wavelength, 4);
  });

  test("only the distance from focus counts, and thin slices add up", async () => {
    const disc = (x: number, y: number) => (Math.hypot(x - 5, y - 7) < 3 ? 1 : 0);
    const grid = { width, pixelSize, sliceStep: 0.4 };
    const optics = { index_difference: 0.05, absorption: 0.1, source_rings: 2 };
    const low = await imageTransmitted(volumeOf({ ...grid, bottom: -3 }, disc), pupil, [-4, -3], optics);
    const high = await imageTransmitted(volumeOf({ ...grid, bottom: 2 }, disc), pupil, [1, 2], optics);
    const halves = await imageTransmitted(
      volumeOf({ ...grid, depth: 2, sliceStep: 0.2, bottom: 1.9 }, disc),
      pupil,
      [1, 2],
      optics,
    );
    let [worstShift, worstHalf, contrast] = [0, 0, 0];
    high.forEach((value, i) => {
      worstShift = Math.max(worstShift, Math.abs(value - low[i]));
      worstHalf = Math.max(worstHalf, Math.abs(value - halves[i]));
      contrast = Math.max(contrast, Math.abs(value - 1));
    });
    expect(contrast).toBeGreaterThan(0.04);
    expect(worstShift).toBeLessThan(1e-4);
    expect(worstHalf).toBeLessThan(0.05 * contrast);
  });

  test("source points are even, symmetric, and all of one area", () => {
    const points = sourcePoints(pupil, 0.4, 6);
    expect(points.length).toBe(127);
    const edge = 0.4 / pupil.wavelength;
    // A uniform disc: mean square radius is half of the edge's.
    const square = points.reduce((sum, { y, x }) => sum + y * y + x * x, 0) / points.length;
    expect(square / (edge * edge)).toBeCloseTo(0.5, 2);
    expect(Math.max(...points.map(({ y, x }) => Math.hypot(y, x)))).toBeLessThan(edge);
    for (const { y, x } of points)
      expect(points.some((other) => Math.hypot(other.y + y, other.x + x) < 1e-9)).toBe(true);
  });

  test("says what is wrong, and stops when asked", async () => {
    const volume = volumeOf({ width: 8, pixelSize, sliceStep: 1 }, () => 1);
    await expect(imageTransmitted(volume, { ...pupil, na: 1.1 }, [0])).rejects.toThrow(/na 1.1 is not below/);
    await expect(imageTransmitted(volume, pupil, [0], { na_condenser: 1 })).rejects.toThrow(/na_condenser 1 is not/);
    await expect(imageTransmitted(volume, pupil, [])).rejects.toThrow(/focal planes are missing/);
    await expect(imageTransmitted({ ...volume, width: 7, height: 8 }, pupil, [0])).rejects.toThrow(/7 is not 2/);
    const signal = AbortSignal.abort();
    await expect(imageTransmitted(volume, pupil, [0], {}, { signal })).rejects.toMatchObject({ code: "interrupted" });
  });
});

describe("holograms", () => {
  const bead = volumeOf({ depth: 8, width: 64, pixelSize: 0.12, sliceStep: 0.25, bottom: -1 }, (x, y, z) =>
    Math.hypot(x - 3.8, y - 3.8, z) < 1 ? 1 : 0,
  );

  test("in line: coherent bright field, with rings that widen with defocus", async () => {
    const planes = [0, -4];
    const { data, fields, carrier } = await imageHolograms(bead, pupil, planes, { index_difference: 0.05 });
    const coherent = await imageTransmitted(bead, pupil, planes, { index_difference: 0.05, na_condenser: 0 });
    expect(carrier).toBeUndefined();
    data.forEach((value, i) => {
      expect(value).toBeCloseTo(coherent[i], 5);
    });
    expect(intensityOf(fields[1]).data[5]).toBeCloseTo(data[64 * 64 + 5], 5);
    expect(Math.max(...phaseOf(fields[0]).data)).toBeGreaterThan(0.8);
  });

  test("off axis: fringes where no object is, as many as the carrier says", async () => {
    const options = { kind: "off-axis", index_difference: 0.05, carrier: [0, 2] } as const;
    const { data, carrier } = await imageHolograms(bead, { ...pupil, na: 0.3 }, [0], { ...options, carrier: [0, 2] });
    expect(carrier?.y).toBe(0);
    expect(carrier?.x).toBeCloseTo(2, 1);
    const row = Array.from(data.subarray(0, 64));
    expect(Math.max(...row)).toBeGreaterThan(3.5);
    expect(Math.min(...row)).toBeLessThan(0.5);
    const crossings = row.filter((v, x) => x > 0 && v >= 2 !== row[x - 1] >= 2).length;
    expect(crossings).toBeCloseTo(2 * Math.round(2 * 64 * 0.12), -0.5);
  });

  test("refuses pixels too coarse for the fringes", async () => {
    const coarse = { ...bead, pixelSize: 0.5 };
    await expect(imageHolograms(coarse, pupil, [0], { kind: "off-axis" })).rejects.toThrow(
      /pixels of 0.5 um cannot resolve fringes .* give pixels of 0.32 um or less/,
    );
  });
});
