import { describe, expect, it } from "vitest";
import { createRealFft2 } from "../src/array/fft.ts";
import { Random } from "../src/array/random.ts";
import { blur } from "../src/optics/imaging/blur.ts";
import { superpose, transformSlices } from "../src/optics/imaging/superpose.ts";
import { createOtfBank } from "../src/optics/psf/otf.ts";
import { psfSize, widefieldPsf } from "../src/optics/psf/psf.ts";
import type { Pupil } from "../src/optics/psf/pupil.ts";

const air: Pupil = { na: 0.8, wavelength: 0.515, refractiveIndex: 1, sphericalAberration: 0.1 };

/** Random planes with a few bright pixels. */
function sparse(n: number, count: number, random: Random): Float32Array {
  const data = new Float32Array(n);
  for (let i = 0; i < count; i++) data[random.integer(n)] += random.uniform();
  return data;
}

describe("superposing slices", () => {
  it("equals the written-out sum over slices and pixels", () => {
    const n = 32;
    const step = 0.7;
    const random = new Random(3);
    const levels = [-5, -2, -1, 0, 1, 4];
    const objects = levels.map(() => sparse(n * n, 6, random));
    const planes = [-4, -3, -2, -1, 0, 1, 2, 3, 5, 6];
    const plan = createRealFft2(n, n);
    const bank = createOtfBank(air, { pixelSize: 0.5, step, height: n, width: n });
    const slices = transformSlices(plan, levels, (image, s) => image.set(objects[s]));
    let done = 0;
    for (const image of superpose(plan, slices, planes, bank)) {
      const expected = new Float64Array(n * n);
      levels.forEach((level, s) => {
        const defocus = (level - planes[done]) * step;
        const psf = widefieldPsf(air, { pixelSize: 0.5, defocus, size: n });
        objects[s].forEach((light, i) => {
          if (light === 0) return;
          for (let y = 0; y < n; y++) {
            for (let x = 0; x < n; x++) {
              const dy = (y - Math.floor(i / n) + n / 2 + n) % n;
              const dx = (x - (i % n) + n / 2 + n) % n;
              expected[y * n + x] += light * psf.data[dy * n + dx];
            }
          }
        });
      });
      for (let i = 0; i < n * n; i++) expect(Math.abs(image[i] - expected[i])).toBeLessThan(1e-6);
      done++;
    }
    expect(done).toBe(planes.length);
  });
});

describe("blurring a plane", () => {
  it("equals direct convolution with mirrored edges", () => {
    const height = 13;
    const width = 21;
    const random = new Random(5);
    const plane = { data: Float32Array.from({ length: height * width }, () => random.uniform()), height, width };
    for (const defocus of [0, 1.3, -2]) {
      const out = blur(plane, air, { pixelSize: 0.8, defocus });
      const psf = widefieldPsf(air, { pixelSize: 0.8, defocus });
      const half = psf.size / 2;
      const fold = (i: number, size: number) => {
        let k = i;
        while (k < 0 || k >= size) k = k < 0 ? -1 - k : 2 * size - 1 - k;
        return k;
      };
      for (let y = 0; y < height; y += 3) {
        for (let x = 0; x < width; x += 4) {
          let sum = 0;
          for (let dy = -half; dy < half; dy++) {
            for (let dx = -half; dx < half; dx++) {
              const light = plane.data[fold(y - dy, height) * width + fold(x - dx, width)];
              sum += light * psf.data[(dy + half) * psf.size + dx + half];
            }
          }
          expect(Math.abs(out.data[y * width + x] - sum)).toBeLessThan(2e-5);
        }
      }
    }
  });

  it("keeps a constant plane constant and does not wrap", () => {
    const even = blur({ data: new Float32Array(40 * 24).fill(7), height: 40, width: 24 }, air, {
      pixelSize: 0.3,
      defocus: 4,
    });
    for (const value of even.data) expect(value).toBeCloseTo(7, 4);
    const width = 128;
    const point = { data: new Float32Array(width * 8), height: 8, width };
    for (let y = 0; y < 8; y++) point.data[y * width] = 1;
    const out = blur(point, air, { pixelSize: 0.3, defocus: 2 });
    expect(out.data[0]).toBeGreaterThan(100 * out.data[width - 1]);
    expect(psfSize(air, 0.3, 2)).toBeGreaterThan(8);
  });

  it("refuses a blur that cannot be computed", () => {
    const plane = { data: new Float32Array(16), height: 4, width: 4 };
    expect(() => blur(plane, air, { pixelSize: 0.1, defocus: 1000 })).toThrow(/the maximum is 4096/);
    expect(() => blur(plane, { ...air, na: 2 }, { pixelSize: 0.1, defocus: 1 })).toThrow(
      /NA: 2 is not a numerical aperture/,
    );
  });
});
