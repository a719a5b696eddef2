/** Phase from intensities: Poisson's equation, transport of intensity, several heights; on fields whose phase is known, and on a real cell. */
import { describe, expect, test } from "vitest";
import { flattenPhase } from "../src/classical/refocusing/flatten-phase.ts";
import { solvePoisson } from "../src/classical/refocusing/poisson.ts";
import type { RecordedPlane } from "../src/classical/refocusing/recorded-planes.ts";
import { recoverField } from "../src/classical/refocusing/recover-field.ts";
import { transportOfIntensity } from "../src/classical/refocusing/transport-of-intensity.ts";
import type { Plane } from "../src/image/image.ts";
import { propagate } from "../src/optics/imaging/angular-spectrum.ts";
import { fieldOf, intensityOf, phaseOf } from "../src/optics/imaging/complex-field.ts";
import { imageTransmitted } from "../src/optics/imaging/transmitted.ts";
import { correlation } from "./helpers/numbers.ts";
import { haveRealData, readStack } from "./helpers/real-data.ts";

const light = { wavelength: 0.532, refractiveIndex: 1, pixelSize: 0.25 };

function planeFrom(height: number, width: number, value: (y: number, x: number) => number): Plane {
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = value(y, x);
  return { data, height, width };
}

/** Root mean square of a - b without their means, over the deviation of b. */
function misfit(a: Float32Array, b: Float32Array): number {
  const mean = (data: Float32Array) => data.reduce((sum, v) => sum + v, 0) / data.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [wrong, all] = [0, 0];
  a.forEach((v, i) => {
    wrong += (v - ma - b[i] + mb) ** 2;
    all += (b[i] - mb) ** 2;
  });
  return Math.sqrt(wrong / all);
}

/** A cell-like phase of up to 2 rad and a faint absorption, off the middle, with detail of 1 um. */
const phase = planeFrom(96, 120, (y, x) => {
  const body = Math.exp(-(((y - 44) / 16) ** 2 + ((x - 66) / 20) ** 2));
  const grains =
    Math.exp(-(((y - 38) / 4) ** 2 + ((x - 58) / 4) ** 2)) - Math.exp(-(((y - 52) / 4) ** 2 + ((x - 74) / 3) ** 2));
  return 1.5 * body + 0.5 * grains;
});
const amplitude = planeFrom(96, 120, (y, x) => 1 - 0.2 * Math.exp(-(((y - 48) / 8) ** 2 + ((x - 60) / 8) ** 2)));
const field = fieldOf(amplitude, phase);
const recorded = (position: number): RecordedPlane => ({ ...intensityOf(propagate(field, light, position)), position });

describe("Poisson's equation", () => {
  test("cosines that have no slope at the edges come back", () => {
    const [height, width, pixelSize] = [65, 97, 0.5];
    // cos(pi a y / (h - 1)) cos(pi b x / (w - 1)) is an eigenfunction of the Laplacian between those mirrors.
    const [qy, qx] = [(3 * Math.PI) / (64 * pixelSize), (4 * Math.PI) / (96 * pixelSize)];
    const wave = planeFrom(height, width, (y, x) => Math.cos(qy * y * pixelSize) * Math.cos(qx * x * pixelSize));
    const source = { ...wave, data: wave.data.map((v) => -(qy * qy + qx * qx) * v) };
    const solved = solvePoisson(source, pixelSize, 0);
    expect(misfit(solved.data, wave.data)).toBeLessThan(1e-3);
  });

  test("a cutoff holds back slow waves by half at its own frequency", () => {
    const wave = planeFrom(9, 129, (_y, x) => Math.cos((2 * Math.PI * x) / 64));
    const q2 = ((2 * Math.PI) / 64) ** 2;
    const source = { ...wave, data: wave.data.map((v) => -q2 * v) };
    expect(solvePoisson(source, 1, 1 / 64).data[64]).toBeCloseTo(0.5, 2);
  });
});

describe("transport of intensity", () => {
  test("finds the phase of a cell from three planes, or two", () => {
    const three = transportOfIntensity([recorded(2), recorded(0), recorded(-2)], light);
    expect(three.position).toBe(0);
    expect(misfit(three.phase.data, phase.data)).toBeLessThan(0.12);
    expect(
      misfit(transportOfIntensity([recorded(0), recorded(2)], light, { position: 1 }).phase.data, phase.data),
    ).toBeLessThan(0.12);
    // The wrong order of planes would be the opposite phase.
    const flipped = [recorded(2), recorded(0), recorded(-2)].map((plane) => ({ ...plane, position: -plane.position }));
    expect(correlation(transportOfIntensity(flipped, light).phase.data, phase.data)).toBeLessThan(-0.9);
  });

  test("in partially coherent light, and with light that goes down through z that counts up", async () => {
    const size = 64;
    const grid = { depth: 4, height: size, width: size, pixelSize: 0.25, sliceStep: 0.5, bottom: -0.75 };
    const disc = planeFrom(size, size, (y, x) => Math.exp(-(((y - 30) / 10) ** 2 + ((x - 34) / 10) ** 2)));
    const volume = {
      ...grid,
      data: Float32Array.from({ length: 4 * size * size }, (_, i) => disc.data[i % (size * size)]),
    };
    const planes = [-1.5, 0, 1.5];
    const pupil = { na: 0.6, wavelength: 0.55, refractiveIndex: 1.333 };
    const images = await imageTransmitted(volume, pupil, planes, { na_condenser: 0.2, index_difference: 0.05 });
    const recorded = planes.map((z, p) => ({
      data: images.slice(p * size * size, (p + 1) * size * size),
      height: size,
      width: size,
      position: -z,
    }));
    const found = transportOfIntensity(recorded, { wavelength: 0.55, refractiveIndex: 1.333, pixelSize: 0.25 });
    const expected = disc.data.map((d) => (2 * Math.PI * 0.05 * 2 * d) / 0.55);
    expect(misfit(found.phase.data, expected)).toBeLessThan(0.2);
  });

  test("says what is wrong", () => {
    const one = recorded(0);
    expect(() => transportOfIntensity([one], light)).toThrow(/a single plane was given; record at least two/);
    expect(() => transportOfIntensity([one, one], light)).toThrow(/two planes are at 0 um/);
    const small = { ...planeFrom(4, 4, () => 1), position: 3 };
    expect(() => transportOfIntensity([one, small], light)).toThrow(/planes have 96 x 120 and 4 x 4 pixels/);
    const dark = { ...one, data: one.data.map(() => 0), position: 2 };
    expect(() => transportOfIntensity([one, dark], light)).toThrow(/the plane at 2 um is dark/);
    expect(() => transportOfIntensity([one, recorded(2)], { ...light, na: 1.3 })).toThrow(/na 1.3 is not below/);
    expect(() => transportOfIntensity([one, recorded(2)], { ...light, wavelength: 0 })).toThrow(
      /wavelength must be above 0/,
    );
  });
});

describe("several heights", () => {
  const planes = [-6, 0, 9].map(recorded);

  test("iterations better the first guess, the report says by how much, and other planes follow", async () => {
    const rough = await recoverField(planes, light, { iterations: 0 });
    const fine = await recoverField(planes, light, { iterations: 40, tolerance: 1e-4, reach: [20] });
    const error = (recovered: typeof fine) => misfit(phaseOf(recovered.at(0)).data, phase.data);
    expect(error(fine)).toBeLessThan(0.5 * error(rough));
    expect(error(fine)).toBeLessThan(0.08);
    expect(fine.errors[0]).toBeCloseTo(rough.errors[0], 6);
    for (let i = 1; i < fine.errors.length; i++) expect(fine.errors[i]).toBeLessThanOrEqual(fine.errors[i - 1] * 1.001);
    expect(fine.errors.at(-1)).toBeLessThan(0.2 * fine.errors[0]);
    const unseen = recorded(20);
    expect(correlation(intensityOf(fine.at(20)).data, unseen.data)).toBeGreaterThan(0.98);
    expect(correlation(planes[2].data, unseen.data)).toBeLessThan(0.9);
  });

  test("from a flat start it is slower", async () => {
    const options = { iterations: 10, tolerance: 0 };
    const [flat, transported] = await Promise.all(
      (["flat", "transport"] as const).map((start) => recoverField(planes, light, { ...options, start })),
    );
    expect(flat.errors.at(-1)).toBeGreaterThan(2 * (transported.errors.at(-1) ?? 0));
  });

  test("ends by itself, or when asked", async () => {
    const done = await recoverField(planes, light, { iterations: 500, tolerance: 0.05 });
    expect(done.converged).toBe(true);
    expect(done.errors.length).toBeLessThan(100);
    const signal = AbortSignal.abort();
    await expect(recoverField(planes, light, { signal })).rejects.toMatchObject({ code: "interrupted" });
  });
});

test("a flat background comes out of tilt and bowl, whatever the cell", () => {
  const tilted = planeFrom(96, 120, (y, x) => 0.02 * x - 0.03 * y + 0.0004 * (x - 50) ** 2 + 3);
  const cell = { ...phase, data: phase.data.map((v, i) => 2 * v + tilted.data[i] + 0.02 * Math.sin(i * 12.9898)) };
  const flat = flattenPhase(cell);
  expect(
    misfit(
      flat.data,
      phase.data.map((v) => 2 * v),
    ),
  ).toBeLessThan(0.08);
  expect(Math.abs(flat.data[5])).toBeLessThan(0.1);
});

describe.skipIf(!haveRealData)("a real cell", () => {
  test("planes at 0, 10 and 20 um tell what is at 50 um", { timeout: 60_000 }, async () => {
    const stack = await readStack("dhm_cell/on_axis.tif");
    const z = [-100, -50, -20, -10, 0, 10, 20, 30, 40, 50, 100, 200];
    const size = stack.height * stack.width;
    const plane = (at: number): RecordedPlane => {
      const i = z.indexOf(at);
      return {
        data: stack.data.subarray(i * size, (i + 1) * size),
        height: stack.height,
        width: stack.width,
        position: at,
      };
    };
    const laser = { wavelength: 0.532, refractiveIndex: 1, pixelSize: 0.16, na: 0.5 };
    const inputs = [0, 10, 20].map(plane);
    const recovered = await recoverField(inputs, laser, { iterations: 4, tolerance: 0, reach: [50] });
    const truth = plane(50).data;
    const predicted = correlation(intensityOf(recovered.at(50)).data, truth);
    const untouched = Math.max(...inputs.map((input) => correlation(input.data, truth)));
    expect(untouched).toBeLessThan(0.7);
    expect(predicted).toBeGreaterThan(0.885);
  });
});
