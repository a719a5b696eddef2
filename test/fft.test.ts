import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEvenFft2 } from "../src/array/even-fft.ts";
import { createColumns, createFft2, createRealFft2, nextFastSize, nextPowerOfTwo } from "../src/array/fft.ts";
import { createRealFft3 } from "../src/array/fft3.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import { largestDifference } from "./helpers/numbers.ts";

/** The definition, written out: the judge of the fast transforms. */
function slowDft(re: Float64Array, im: Float64Array, height: number, width: number): [Float64Array, Float64Array] {
  const outRe = new Float64Array(re.length);
  const outIm = new Float64Array(re.length);
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      let sumRe = 0;
      let sumIm = 0;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const angle = -2 * Math.PI * ((v * y) / height + (u * x) / width);
          const i = y * width + x;
          sumRe += re[i] * Math.cos(angle) - im[i] * Math.sin(angle);
          sumIm += re[i] * Math.sin(angle) + im[i] * Math.cos(angle);
        }
      }
      outRe[v * width + u] = sumRe;
      outIm[v * width + u] = sumIm;
    }
  }
  return [outRe, outIm];
}

const noise = (n: number, seed: number) => {
  const random = new Random(seed);
  return Float64Array.from({ length: n }, () => random.normal());
};

const size = fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 15, 16, 20, 25);

describe("Fourier transforms", () => {
  it("equal the written-out definition, and the inverse gives the input back", () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 0, max: 1e6 }), (height, width, seed) => {
        const re = noise(height * width, seed);
        const im = noise(height * width, seed + 1);
        const [expectedRe, expectedIm] = slowDft(re, im, height, width);
        const a = re.slice();
        const b = im.slice();
        const plan = createFft2(height, width);
        plan.forward(a, b);
        expect(largestDifference(a, expectedRe)).toBeLessThan(1e-11);
        expect(largestDifference(b, expectedIm)).toBeLessThan(1e-11);
        plan.inverse(a, b);
        expect(largestDifference(a, re)).toBeLessThan(1e-12);
        expect(largestDifference(b, im)).toBeLessThan(1e-12);
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  it("of real images equal the left half of the complex one, both ways", () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 0, max: 1e6 }), (height, width, seed) => {
        const image = noise(height * width, seed);
        const [expectedRe, expectedIm] = slowDft(image, new Float64Array(image.length), height, width);
        const plan = createRealFft2(height, width);
        const half = plan.spectrumWidth;
        expect(half).toBe(Math.floor(width / 2) + 1);
        const re = new Float64Array(height * half);
        const im = new Float64Array(height * half);
        plan.forward(image, re, im);
        for (let v = 0; v < height; v++) {
          for (let u = 0; u < half; u++) {
            expect(re[v * half + u]).toBeCloseTo(expectedRe[v * width + u], 10);
            expect(im[v * half + u]).toBeCloseTo(expectedIm[v * width + u], 10);
          }
        }
        const back = new Float64Array(image.length);
        plan.inverse(re, im, back);
        expect(largestDifference(back, image)).toBeLessThan(1e-12);
      }),
      { seed: 2, numRuns: 40 },
    );
  });

  it("of even arrays equal the quarter of the whole one, and come back", () => {
    const even = fc.constantFrom(2, 4, 6, 8, 10, 16, 18, 30);
    fc.assert(
      fc.property(even, even, fc.integer({ min: 0, max: 1e6 }), (height, width, seed) => {
        const plan = createEvenFft2(height, width);
        const re = noise(plan.rows * plan.columns, seed);
        const im = noise(plan.rows * plan.columns, seed + 1);
        // Lines of zeros are skipped on the way.
        if (seed % 2) re.fill(0, plan.columns);
        const whole = (quarter: Float64Array) =>
          Float64Array.from({ length: height * width }, (_, i) => {
            const y = Math.floor(i / width);
            const x = i % width;
            return quarter[Math.min(y, height - y) * plan.columns + Math.min(x, width - x)];
          });
        const [expectedRe, expectedIm] = slowDft(whole(re), whole(im), height, width);
        const [realOnly] = slowDft(whole(re), new Float64Array(height * width), height, width);
        const a = re.slice();
        const b = im.slice();
        const c = re.slice();
        plan.forward(a, b);
        plan.forwardReal(c);
        expect(largestDifference(whole(a), expectedRe)).toBeLessThan(1e-11);
        expect(largestDifference(whole(b), expectedIm)).toBeLessThan(1e-11);
        expect(largestDifference(whole(c), realOnly)).toBeLessThan(1e-11);
        plan.inverseReal(c);
        expect(largestDifference(c, re)).toBeLessThan(1e-12);
      }),
      { seed: 3, numRuns: 40 },
    );
    expect(() => createEvenFft2(1, 8)).toThrow(ParfocalError);
  });

  it("skip rows of zeros without changing the result, and serve many planes with one plan", () => {
    const plan = createFft2(8, 8);
    const real = createRealFft2(8, 8);
    for (const seed of [1, 2]) {
      const re = noise(64, seed);
      re.fill(0, 16, 48);
      const im = new Float64Array(64);
      const [expectedRe] = slowDft(re, im, 8, 8);
      const halfRe = new Float32Array(40).fill(9);
      real.forward(re, halfRe, new Float32Array(40).fill(9));
      plan.forward(re, im);
      expect(largestDifference(re, expectedRe)).toBeLessThan(1e-12);
      for (let v = 0; v < 8; v++) expect(halfRe[v * 5 + 3]).toBeCloseTo(expectedRe[v * 8 + 3], 5);
    }
  });

  it("of real volumes equal planes transformed and then lines along z, and come back", () => {
    const [depth, height, width] = [8, 4, 16];
    const plan = createRealFft3(depth, height, width);
    const volume = noise(depth * height * width, 4);
    const length = depth * height * plan.spectrumWidth;
    const [re, im] = [new Float64Array(length), new Float64Array(length)];
    plan.forward(volume, re, im);
    // The whole in two steps of the definition: [depth, height x width] along z, each plane in y and x.
    const planes = Array.from({ length: depth }, (_, z) =>
      slowDft(volume.slice(z * 64, (z + 1) * 64), new Float64Array(64), height, width),
    );
    for (let i = 0; i < 64; i++) {
      const line = (part: 0 | 1) => Float64Array.from({ length: depth }, (_, z) => planes[z][part][i]);
      const [lineRe, lineIm] = slowDft(line(0), line(1), depth, 1);
      const [v, u] = [Math.floor(i / width), i % width];
      if (u >= plan.spectrumWidth) continue;
      for (let w = 0; w < depth; w++) {
        expect(re[(w * height + v) * plan.spectrumWidth + u]).toBeCloseTo(lineRe[w], 10);
        expect(im[(w * height + v) * plan.spectrumWidth + u]).toBeCloseTo(lineIm[w], 10);
      }
    }
    const back = new Float64Array(volume.length);
    plan.inverse(re, im, back);
    expect(largestDifference(back, volume)).toBeLessThan(1e-12);
    expect(() => plan.forward(new Float32Array(5), re, im)).toThrow(/volume holds 5 numbers, expected 512/);
  });

  it("of float32 arrays are good to float32, at sizes of real images", () => {
    for (const [height, width] of [
      [256, 256],
      [400, 375],
      [90, 512],
    ]) {
      const exact = createRealFft2(height, width);
      const image = Float32Array.from(noise(height * width, 5));
      const length = height * exact.spectrumWidth;
      const [re, im] = [new Float64Array(length), new Float64Array(length)];
      exact.forward(Float64Array.from(image), re, im);
      const [single, singleIm] = [new Float32Array(length), new Float32Array(length)];
      exact.forward(image, single, singleIm);
      const rootMeanSquare = Math.sqrt(height * width);
      // Measured: 5e-7, and 1.2e-6 there and back.
      expect(largestDifference(single, re)).toBeLessThan(1e-6 * rootMeanSquare);
      expect(largestDifference(singleIm, im)).toBeLessThan(1e-6 * rootMeanSquare);
      const back = new Float32Array(image.length);
      exact.inverse(single, singleIm, back);
      expect(largestDifference(back, image)).toBeLessThan(3e-6);
    }
  });

  it("filter as a forward transform, a product and an inverse one do, in place as well", () => {
    const sizes: [number, number, number][] = [
      [1, 6, 10],
      [1, 27, 40],
      [1, 12, 1],
      [5, 6, 8],
      [12, 15, 18],
    ];
    for (const [depth, height, width] of sizes) {
      const plan = depth === 1 ? createRealFft2(height, width) : createRealFft3(depth, height, width);
      const volume = noise(depth * height * width, 21);
      const length = depth * height * plan.spectrumWidth;
      const room = { real: new Float64Array(length), imag: new Float64Array(length) };
      // The spectrum of a real array, as that of an image or a PSF is.
      const factor = { real: new Float64Array(length), imag: new Float64Array(length) };
      plan.forward(noise(volume.length, 22), factor.real, factor.imag);
      for (const imag of [undefined, factor.imag]) {
        for (const kind of ["factor", "conjugate", "power"] as const) {
          const [re, im] = [new Float64Array(length), new Float64Array(length)];
          plan.forward(volume, re, im);
          for (let k = 0; k < length; k++) {
            const [a, b] = [factor.real[k], (imag?.[k] ?? 0) * (kind === "conjugate" ? -1 : 1)];
            const [x, y] = [re[k], im[k]];
            [re[k], im[k]] =
              kind === "power" ? [(a * a + b * b) * x, (a * a + b * b) * y] : [a * x - b * y, a * y + b * x];
          }
          const expected = new Float64Array(volume.length);
          plan.inverse(re, im, expected);
          const output = volume.slice();
          plan.filter(output, { real: factor.real, imag }, kind, output, room);
          expect(largestDifference(output, expected)).toBeLessThan(1e-10);
        }
      }
    }
  });

  it("leave out what belongs to no real image, as NumPy does", () => {
    const [height, width] = [6, 8];
    const plan = createRealFft2(height, width);
    const [re, im] = [noise(30, 6), noise(30, 7)];
    // Numbers at random: irfft2 ignores the imaginary part of columns 0 and width / 2 after the columns are transformed.
    const full = [new Float64Array(48), new Float64Array(48)];
    const [a, b] = [re.slice(), im.slice()];
    const { transform: columns } = createColumns(height);
    columns(a, b, 5, true);
    for (let y = 0; y < height; y++) {
      for (let u = 0; u < width; u++) {
        const [at, mirrored] = [y * 5 + Math.min(u, width - u), u > 4];
        full[0][y * width + u] = a[at];
        full[1][y * width + u] = u % 4 === 0 ? 0 : mirrored ? -b[at] : b[at];
      }
    }
    const expected = Array.from({ length: height }, (_, y) => {
      const row = [0, 1].map((part) => full[part].slice(y * width, (y + 1) * width));
      createFft2(1, width).inverse(row[0], row[1]);
      return [...row[0]];
    });
    const image = new Float64Array(48);
    plan.inverse(re, im, image);
    expect(largestDifference(image, expected.flat())).toBeLessThan(1e-12);
  });

  it("refuse sizes with other prime factors than 2, 3 and 5, and arrays of another length", () => {
    expect(() => createFft2(14, 8)).toThrow(/14 is not 2\^a 3\^b 5\^c; pad to 16/);
    expect(() => createFft2(8, 1.5)).toThrow(ParfocalError);
    expect(() => createEvenFft2(15, 8)).toThrow(/15 has no mirror/);
    expect(() => createFft2(8, 8).forward(new Float32Array(63), new Float32Array(64))).toThrow(ParfocalError);
    expect(() => createRealFft2(8, 0)).toThrow(ParfocalError);
  });

  it("find the next size that is fast, and the next power of two", () => {
    expect([0, 1, 3, 7, 11, 14, 383, 401, 1009].map(nextFastSize)).toEqual([2, 2, 4, 8, 12, 16, 384, 432, 1024]);

    expect([0, 1, 2, 3, 512, 513].map(nextPowerOfTwo)).toEqual([1, 1, 2, 4, 512, 1024]);
  });
});
