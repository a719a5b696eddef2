/** Widths of structures and edges that are known, and what blur does to them. */
import { describe, expect, it } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import type { Plane } from "../src/image/image.ts";
import { edgeWidth, structureWidths } from "../src/metrics/structure-width.ts";

const FWHM = 2.354820045;
const RISE = 2.563103131;

function draw(size: number, noise: number, seed: number, value: (x: number, y: number) => number): Plane {
  const random = new Random(seed);
  const data = Float32Array.from({ length: size * size }, (_, i) => {
    return 100 + value(i % size, Math.floor(i / size)) + noise * random.normal();
  });
  return { data, height: size, width: size };
}

/** Spots on a grid that is shaken, so that they lie anywhere between pixels. */
function spots(sigma: number, noise: number, size = 256): Plane {
  const random = new Random(17);
  const pitch = Math.max(24, Math.ceil(12 * sigma));
  const centres: { x: number; y: number; height: number }[] = [];
  for (let y = pitch / 2; y < size; y += pitch)
    for (let x = pitch / 2; x < size; x += pitch)
      centres.push({ x: x + random.between(-2, 2), y: y + random.between(-2, 2), height: random.between(60, 140) });
  return draw(size, noise, 5, (x, y) => {
    let sum = 0.05 * x;
    for (const c of centres) {
      const d = (x - c.x) ** 2 + (y - c.y) ** 2;
      if (d < 40 * sigma * sigma) sum += c.height * Math.exp(-d / (2 * sigma * sigma));
    }
    return sum;
  });
}

/** Straight lines of this direction, far from each other. */
const lines = (sigma: number, noise: number, angle: number, size = 256): Plane => {
  const pitch = Math.max(40, 16 * sigma);
  return draw(size, noise, 6, (x, y) => {
    const t = x * Math.cos(angle) + y * Math.sin(angle) + 0.3;
    const d = t - pitch * Math.round(t / pitch);
    return 100 * Math.exp((-d * d) / (2 * sigma * sigma));
  });
};

/** Wide bars of this direction with sharp sides, and blurred. */
const bars = (sigma: number, noise: number, angle: number, size = 256): Plane => {
  const sharp = draw(size, 0, 1, (x, y) => {
    // Sides spread over a pixel, which a box of one pixel (variance 1 / 12) makes.
    const t = (x * Math.cos(angle) + y * Math.sin(angle)) / 96;
    return 200 * Math.min(1, Math.max(0, 0.5 + 96 * (Math.abs((t - Math.floor(t)) * 2 - 1) / 2 - 0.25)));
  });
  const blurred = gaussianFilter(sharp, sigma);
  const random = new Random(3);
  return { ...blurred, data: blurred.data.map((v) => v + noise * random.normal()) };
};

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof ParfocalError ? error.code : error;
  }
  return "nothing thrown";
};

describe("structureWidths", () => {
  it.each([1.5, 2, 3, 4.5, 6])("measures spots of sigma %d to a twentieth", (sigma) => {
    for (const noise of [0, 2, 8]) {
      const { fwhm, fits } = structureWidths(spots(sigma, noise));
      expect(Math.abs(fwhm.median / (FWHM * sigma) - 1)).toBeLessThan(0.05);
      expect(fwhm.count).toBeGreaterThanOrEqual(5);
      expect(fwhm.count).toBe(fits.length);
      // Each spot once.
      const apart = fits.flatMap((a, i) => fits.slice(i + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)));
      expect(Math.min(...apart)).toBeGreaterThan(Math.max(15, 6 * sigma));
    }
  });

  it.each([1.5, 2, 3, 4.5, 6])("measures lines of sigma %d to a twentieth, in any direction", (sigma) => {
    for (const [noise, angle] of [
      [0, 0],
      [5, Math.PI / 2],
      [5, 0.6],
      [10, -0.8],
    ]) {
      const { fwhm, fits } = structureWidths(lines(sigma, noise, angle), { count: 40 });
      expect(Math.abs(fwhm.median / (FWHM * sigma) - 1)).toBeLessThan(0.05);
      expect(fwhm.count).toBeGreaterThanOrEqual(10);
      expect(fwhm.count).toBeLessThanOrEqual(40);
      for (const fit of fits) expect(Math.abs(Math.cos(fit.angle - angle))).toBeGreaterThan(0.97);
    }
  });

  it("finds a spot's place, height and background", () => {
    const plane = draw(
      64,
      0,
      1,
      (x, y) => 50 * Math.exp(-((x - 30.3) ** 2 + (y - 25.6) ** 2) / (2 * 2.2 ** 2)) + 2 * x,
    );
    const { fits } = structureWidths(plane);
    expect(fits.length).toBe(1);
    const [fit] = fits;
    expect(Math.abs(fit.x - 30.3)).toBeLessThan(0.6);
    expect(Math.abs(fit.y - 25.6)).toBeLessThan(0.6);
    expect(Math.abs(fit.amplitude / 50 - 1)).toBeLessThan(0.12);
    expect(Math.abs(fit.background - 160.6)).toBeLessThan(2);
    expect(fit.r2).toBeGreaterThan(0.99);
  });

  it.each([2, 4])("grows by a blur of %d as the root of the sum of squares, at the same places", (blur) => {
    for (const plane of [spots(2, 2), lines(2, 2, 0.4)]) {
      const before = structureWidths(plane);
      const after = structureWidths(gaussianFilter(plane, blur), { places: before.fits });
      expect(after.fwhm.count).toBeGreaterThan(0.6 * before.fwhm.count);
      const ratios = after.fits
        .map((fit) => fit.fwhm / Math.hypot(before.fits[fit.place].fwhm, FWHM * blur))
        .sort((a, b) => a - b);
      expect(Math.abs(ratios[ratios.length >> 1] - 1)).toBeLessThan(0.05);
      for (const fit of after.fits) {
        const place = before.fits[fit.place];
        expect(Math.hypot(fit.x - place.x, fit.y - place.y)).toBeLessThan(2 * blur);
        expect(fit.angle).toBe(place.angle);
      }
    }
  });

  it("measures where it is told, and finds the direction by itself", () => {
    const plane = lines(3, 2, 0.6);
    const [somewhere] = structureWidths(plane).fits;
    const { fits } = structureWidths(plane, {
      places: [
        { x: 3, y: 3 },
        { x: somewhere.x, y: somewhere.y },
      ],
    });
    expect(fits.map(({ place }) => place)).toEqual([1]);
    expect(Math.abs(fits[0].fwhm / (3 * FWHM) - 1)).toBeLessThan(0.06);
  });

  it("does not know gain and offset, and gives the same twice", () => {
    const plane = spots(2.5, 3);
    const other = { ...plane, data: plane.data.map((v) => 0.02 * v - 1) };
    const { fwhm } = structureWidths(plane);
    expect(structureWidths(plane).fwhm).toEqual(fwhm);
    expect(Math.abs(structureWidths(other).fwhm.median / fwhm.median - 1)).toBeLessThan(0.01);
  });

  it("finds nothing in noise, in a constant, and in a single edge", () => {
    const none = (plane: Plane) => expect(structureWidths(plane).fwhm.count).toBeLessThanOrEqual(1);
    none(draw(128, 5, 2, () => 0));
    none(draw(128, 0, 2, () => 0));
    none(draw(128, 1, 2, (x) => (x > 60.3 ? 100 : 0)));
    expect(structureWidths(draw(64, 0, 2, () => 0)).fwhm).toEqual({
      median: Number.NaN,
      quartiles: [Number.NaN, Number.NaN],
      count: 0,
    });
  });

  it("says what it cannot use", () => {
    const plane = draw(64, 1, 1, () => 0);
    plane.data[9] = Number.POSITIVE_INFINITY;
    for (const measure of [structureWidths, edgeWidth]) {
      expect(codeOf(() => measure(plane))).toBe("image.unfit");
      expect(codeOf(() => measure(draw(31, 1, 1, () => 0)))).toBe("image.unfit");
    }
  });
});

describe("edgeWidth", () => {
  it.each([1.5, 2, 3.5, 6])("is 2.563 sigma of a blurred edge: %d", (sigma) => {
    for (const [noise, angle] of [
      [0, 0],
      [4, 0.5],
      [8, Math.PI / 2],
    ]) {
      const { rise, fits } = edgeWidth(bars(sigma, noise, angle));
      const truth = RISE * Math.sqrt(sigma * sigma + 1 / 12);
      expect(Math.abs(rise.median / truth - 1)).toBeLessThan(0.07);
      expect(rise.count).toBeGreaterThanOrEqual(8);
      for (const fit of fits) expect(Math.abs(fit.amplitude / 200 - 1)).toBeLessThan(0.15);
    }
  });

  it("grows by blur at the same places", () => {
    const plane = bars(2, 2, 0.3);
    const before = edgeWidth(plane);
    const after = edgeWidth(gaussianFilter(plane, 3), { places: before.fits });
    expect(Math.abs(after.rise.median / Math.hypot(before.rise.median, 3 * RISE) - 1)).toBeLessThan(0.05);
  });
});
