import { describe, expect, it } from "vitest";
import { createRealFft2 } from "../src/array/fft.ts";
import { superpose, transformSlices } from "../src/optics/imaging/superpose.ts";
import type { Otf } from "../src/optics/psf/otf.ts";
import { normalNoise } from "./helpers/noise.ts";

/** The definition: every pixel of the slice spread over the image by the PSF, whose centre is at index 0; it wraps. */
function convolve(slice: Float32Array, psf: Float32Array, height: number, width: number, out: Float64Array): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let j = 0; j < height; j++) {
        for (let i = 0; i < width; i++) {
          const row = (y - j + height) % height;
          sum += slice[j * width + i] * psf[row * width + ((x - i + width) % width)];
        }
      }
      out[y * width + x] += sum;
    }
  }
}

/** The left half of the PSF's spectrum. */
function otfOf(psf: Float32Array, height: number, width: number): Otf & { imag: Float32Array } {
  const plan = createRealFft2(height, width);
  const length = height * plan.spectrumWidth;
  const otf = { real: new Float32Array(length), imag: new Float32Array(length) };
  plan.forward(psf, otf.real, otf.imag);
  return otf;
}

const greatest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
};

describe("superposition of slices", () => {
  const [height, width] = [12, 10];
  const plan = createRealFft2(height, width);
  const levels = [-2, 0, 1, 5];
  const planes = [-1, 0, 2];
  const slices = levels.map((_, s) => normalNoise(height * width, s));
  const spectra = transformSlices(plan, levels, (image, s) => image.set(slices[s]));
  /** No symmetry at all, and another one at every distance. */
  const skew = (distance: number) => normalNoise(height * width, 100 + distance);
  /** The same in its four quarters. */
  const even = (distance: number) => {
    const psf = skew(distance);
    return psf.map((_, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      return psf[Math.min(y, height - y) * width + Math.min(x, width - x)];
    });
  };
  const images = (at: (level: number) => Otf, focal = planes) =>
    Array.from(superpose(plan, spectra, focal, { height, width, at }), (image) => image.slice());
  const cached = (make: (level: number) => Otf) => {
    const made = new Map<number, Otf>();
    return (level: number) => {
      const otf = made.get(level) ?? make(level);
      made.set(level, otf);
      return otf;
    };
  };
  const direct = (psf: (distance: number) => Float32Array) =>
    planes.map((plane) => {
      const out = new Float64Array(height * width);
      for (const [s, level] of levels.entries()) convolve(slices[s], psf(level - plane), height, width, out);
      return out;
    });
  /** `[height / 2 + 1, width / 2 + 1]`, as an even PSF is kept. */
  const quarter = (distance: number): Otf => ({
    real: otfOf(even(distance), height, width).real.slice(0, (height / 2 + 1) * plan.spectrumWidth),
  });
  // Sums of 480 products of numbers about 1: about 22, in float32. Measured: 2e-5.
  const tolerance = 1e-4;

  it("equals direct convolution with PSFs without any symmetry", () => {
    const found = images(cached((level) => otfOf(skew(level), height, width)));
    direct(skew).forEach((expected, p) => {
      expect(greatest(found[p], expected)).toBeLessThan(tolerance);
    });
    expect(greatest(found[0], new Float32Array(found[0].length))).toBeGreaterThan(10);
  });

  it("equals direct convolution with even PSFs, of which a quarter is kept", () => {
    const found = images(cached(quarter));
    direct(even).forEach((expected, p) => {
      expect(greatest(found[p], expected)).toBeLessThan(tolerance);
    });
  });

  it("takes OTFs of both kinds side by side", () => {
    const psf = (distance: number) => (distance % 2 ? skew(distance) : even(distance));
    const found = images(cached((level) => (level % 2 ? otfOf(skew(level), height, width) : quarter(level))));
    direct(psf).forEach((expected, p) => {
      expect(greatest(found[p], expected)).toBeLessThan(tolerance);
    });
  });

  it("gives the same bytes for a plane alone and among many", () => {
    const focal = Array.from({ length: 19 }, (_, z) => z - 9);
    for (const at of [cached(quarter), cached((level) => otfOf(skew(level), height, width))]) {
      const together = images(at, focal);
      focal.forEach((z, i) => {
        expect(images(at, [z])[0]).toEqual(together[i]);
      });
    }
  });

  it("of nothing is black", () => {
    const nothing = transformSlices(plan, [], () => {});
    const [image] = superpose(plan, nothing, [0], { height, width, at: quarter });
    expect(image.every((value) => value === 0)).toBe(true);
  });
});
