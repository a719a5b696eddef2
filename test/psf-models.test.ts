import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bessel012 } from "../src/array/bessel.ts";
import { createRealFft2 } from "../src/array/fft.ts";
import { superpose, transformSlices } from "../src/optics/imaging/superpose.ts";
import { paraxialFocus } from "../src/optics/psf/gibson-lanni.ts";
import { lightSheetModel, sheetThickness } from "../src/optics/psf/light-sheet.ts";
import { lightOf, type PsfOpticsInput, psfModelOf, resolvePsfOptions } from "../src/optics/psf/optics-options.ts";
import { createOtfBank } from "../src/optics/psf/otf.ts";
import { widefieldPsf } from "../src/optics/psf/psf.ts";
import type { Psf, PsfModel } from "../src/optics/psf/psf-model.ts";
import { psfStack } from "../src/optics/psf/psf-stack.ts";
import { createRadialIntensity } from "../src/optics/psf/richards-wolf.ts";
import { samplingWarnings } from "../src/optics/psf/sampling-warnings.ts";
import { zernike, zernikeNames, zernikeOrders } from "../src/optics/psf/zernike.ts";
import { textsOf } from "./helpers/texts.ts";

const at = ({ data, size }: Psf, x: number, y: number) => data[(size / 2 + y) * size + size / 2 + x];
const sumOf = ({ data }: Psf) => data.reduce((a, b) => a + b, 0);
const peakOf = ({ data }: Psf) => data.reduce((a, b) => Math.max(a, b));
/** Largest difference, relative to the peak of the second. */
const apart = (a: Psf, b: Psf) => a.data.reduce((most, v, i) => Math.max(most, Math.abs(v - b.data[i])), 0) / peakOf(b);

const oil = { na: 1.4, refractive_index: 1.515, wavelength: 0.52 } as const;

/** Full width at half maximum of f about 0, which is even and falls. */
function fwhm(f: (x: number) => number, step: number): number {
  const half = f(0) / 2;
  let x = 0;
  while (f(x + step) > half) x += step;
  return 2 * (x + (step * (f(x) - half)) / (f(x) - f(x + step)));
}

describe("Bessel functions", () => {
  // mpmath 1.4.1, besselj(n, x) with 30 digits.
  it.each([
    [0.001, 0.9999997500000156, 0.0004999999375000026, 1.2499998958333365e-7],
    [1, 0.7651976865579666, 0.4400505857449335, 0.11490348493190047],
    [10, -0.24593576445134835, 0.04347274616886144, 0.2546303136851206],
    [24.9, 0.08324596835301568, -0.13485569953140875, -0.09407775144790795],
    [25.1, 0.1082756714999493, -0.11463478413442273, -0.11740991724771206],
    [300, -0.03329855487630567, -0.03188743137749995, 0.03308597200045567],
  ])("at %f", (x, ...expected) => {
    const values = [0, 0, 0];
    bessel012(x, values);
    values.forEach((value, n) => {
      expect(Math.abs(value - expected[n])).toBeLessThan(2e-14);
    });
  });
});

describe("Zernike polynomials", () => {
  it("are orthonormal over the disc", () => {
    const count = 22;
    const [rings, spokes] = [80, 64];
    const overlap = Array.from({ length: count }, () => new Float64Array(count));
    for (let i = 0; i < rings; i++) {
      // Rings of equal area.
      const rho = Math.sqrt((i + 0.5) / rings);
      for (let s = 0; s < spokes; s++) {
        const values = Array.from({ length: count }, (_, j) => zernike(j + 1, rho, (2 * Math.PI * (s + 0.5)) / spokes));
        values.forEach((a, p) => {
          values.forEach((b, q) => {
            overlap[p][q] += (a * b) / rings / spokes;
          });
        });
      }
    }
    overlap.forEach((row, p) => {
      row.forEach((value, q) => {
        expect(Math.abs(value - (p === q ? 1 : 0))).toBeLessThan(0.01);
      });
    });
  });

  it("have Noll's indices and the shapes that their names say", () => {
    // Noll 1976, table I.
    const table = [
      [0, 0],
      [1, 1],
      [1, -1],
      [2, 0],
      [2, -2],
      [2, 2],
      [3, -1],
      [3, 1],
      [3, -3],
      [3, 3],
      [4, 0],
      [4, 2],
    ];
    table.forEach(([n, m], i) => {
      expect(zernikeOrders(i + 1)).toEqual({ n, m });
    });
    const value = (name: keyof typeof zernikeNames, x: number, y: number) =>
      zernike(zernikeNames[name], Math.hypot(x, y), Math.atan2(y, x));
    expect(value("astigmatism", 0.5, 0)).toBeCloseTo(Math.sqrt(6) * 0.25, 12);
    expect(value("astigmatism", 0, 0.5)).toBeCloseTo(-Math.sqrt(6) * 0.25, 12);
    expect(value("coma", 0.6, 0.3)).toBeCloseTo(Math.sqrt(8) * (3 * 0.45 - 2) * 0.6, 12);
    expect(value("trefoil", 0.6, 0.3)).toBeCloseTo(Math.sqrt(8) * (3 * 0.36 * 0.3 - 0.027), 12);
    expect(value("spherical", 0.6, 0.3)).toBeCloseTo(Math.sqrt(5) * (6 * 0.45 ** 2 - 6 * 0.45 + 1), 12);
    expect(value("secondary_spherical", 1, 0)).toBeCloseTo(Math.sqrt(7), 12);
  });
});

describe("aberrations", () => {
  const model = (zernike: Record<string, number>) => psfModelOf({ na: 0.8, wavelength: 0.515, zernike });
  const psf = (zernike: Record<string, number>, defocus = 0) =>
    model(zernike).psf({ pixelSize: 0.16, defocus, size: 128 });

  it("of spherical kind equal the pupil's own, and a tilt moves the image as the shift theorem says", () => {
    const own = widefieldPsf(
      { na: 0.8, wavelength: 0.515, refractiveIndex: 1, sphericalAberration: 0.2 },
      { pixelSize: 0.16, defocus: 2, size: 128 },
    );
    expect(apart(psf({ spherical: 0.2 }, 2), own)).toBeLessThan(1e-12);
    // 2 a rho cos(phi) waves move the image by 2 a lambda / NA: here by three pixels.
    const tilt = (3 * 0.16 * 0.8) / (2 * 0.515);
    const [moved, still] = [psf({ tilt_x: tilt }), psf({})];
    for (const [x, y] of [
      [0, 0],
      [1, 0],
      [0, 2],
      [-3, 1],
    ])
      expect(at(moved, x + 3, y) / peakOf(still)).toBeCloseTo(at(still, x, y) / peakOf(still), 2);
  });

  it("lower the peak as Marechal says, exp(-(2 pi rms)^2), whatever their shape", () => {
    const peak = peakOf(psf({}));
    for (const name of ["astigmatism", "coma", "trefoil", "spherical", "oblique_trefoil"])
      expect(Math.max(...psf({ [name]: 0.05 }).data) / peak).toBeCloseTo(Math.exp(-((2 * Math.PI * 0.05) ** 2)), 1);
  });

  it("say of themselves whether they are even, and the same on both sides of focus", () => {
    const names = [
      "astigmatism",
      "oblique_astigmatism",
      "coma",
      "trefoil",
      "oblique_trefoil",
      "spherical",
      "quadrafoil",
    ];
    for (const name of names) {
      const one = model({ [name]: 0.1 });
      const [above, below] = [psf({ [name]: 0.1 }, 2), psf({ [name]: 0.1 }, -2)];
      expect({ name, symmetric: apart(above, below) < 1e-6 }).toEqual({ name, symmetric: one.symmetric });
      const even = [
        [3, 1],
        [2, 5],
        [6, 0],
      ].every(([x, y]) => [at(above, -x, y), at(above, x, -y)].every((v) => Math.abs(v - at(above, x, y)) < 1e-9));
      expect({ name, even }).toEqual({ name, even: one.even });
    }
  });

  it("stretch along x on one side of focus and along y on the other, with astigmatism", () => {
    const along = ({ data, size }: Psf, axis: "x" | "y") => {
      let sum = 0;
      for (let y = -20; y <= 20; y++)
        for (let x = -20; x <= 20; x++)
          sum += (axis === "x" ? x * x : y * y) * data[(size / 2 + y) * size + size / 2 + x];
      return sum;
    };
    const [above, below] = [psf({ astigmatism: 0.15 }, 2), psf({ astigmatism: 0.15 }, -2)];
    expect(along(above, "x") / along(above, "y")).toBeLessThan(0.85);
    expect(along(below, "x") / along(below, "y")).toBeGreaterThan(1.15);
  });

  it("that are not even image a point as their PSF, through a complex OTF", () => {
    const objective = model({ coma: 0.15, oblique_astigmatism: 0.1 });
    const plan = createRealFft2(128, 128);
    const bank = createOtfBank(objective, { pixelSize: 0.16, step: 0.5, height: 128, width: 128 });
    expect(bank.at(2).imag?.length).toBe(128 * 65);
    const slices = transformSlices(plan, [2], (image) => {
      image[40 * 128 + 70] = 1;
    });
    const expected = objective.psf({ pixelSize: 0.16, defocus: 1, size: 128 });
    for (const image of superpose(plan, slices, [0], bank)) {
      for (const [x, y] of [
        [0, 0],
        [3, 0],
        [-3, 0],
        [0, 4],
        [0, -4],
        [5, 2],
      ])
        expect(image[(40 + y) * 128 + 70 + x]).toBeCloseTo(at(expected, x, y), 6);
    }
  });
});

describe("light", () => {
  const kinds: [string, PsfOpticsInput][] = [
    ["scalar", { ...oil }],
    ["aplanatic and aberrated", { ...oil, aplanatic: true, zernike: { spherical: 0.2, secondary_spherical: -0.1 } }],
    ["vectorial", { ...oil, psf: "vectorial" }],
    ["vectorial, in water", { ...oil, na: 1.25, psf: "vectorial", sample_index: 1.33, depth: 4 }],
    ["Gibson-Lanni, in water", { ...oil, psf: "gibson-lanni", sample_index: 1.33, depth: 4 }],
  ];
  it.each(kinds)("carries the same energy through every plane: %s", (_, options) => {
    const radial = createRadialIntensity(lightOf(resolvePsfOptions(options)));
    const [step, count] = [0.025, 1600];
    for (const defocus of [-3, -1, 0, 1]) {
      const profile = radial.profile(step, count, defocus);
      // Trapezoids of 2 pi r I(r), with the first term of Euler and Maclaurin's correction.
      const inside = profile.reduce((sum, v, i) => sum + v * 2 * Math.PI * i * step * step, 0);
      const share = (inside + (step * step * 2 * Math.PI * profile[0]) / 12) / radial.energy;
      // Rings beyond 40 um hold what is missing.
      expect(share).toBeGreaterThan(0.985);
      expect(share).toBeLessThan(1.0005);
    }
  });

  it("of both ways to compute it, radial integrals and transforms, is the same", () => {
    const radial = psfModelOf({ ...oil, psf: "vectorial" });
    const transformed = psfModelOf({ ...oil, psf: "vectorial", zernike: { coma: 1e-9 } });
    expect([radial.even, transformed.even]).toEqual([true, false]);
    for (const defocus of [0, 0.7]) {
      const options = { pixelSize: 0.06, defocus, size: 512 };
      expect(apart(transformed.psf(options), radial.psf(options))).toBeLessThan(0.012);
    }
  });

  it("is polarised only where it is steep: vectorial and scalar theory, and Gibson-Lanni's, meet at low NA", () => {
    const low = { na: 0.3, refractive_index: 1.33, wavelength: 0.5 } as const;
    const profile = (options: PsfOpticsInput, defocus: number) => {
      const radial = createRadialIntensity(lightOf(resolvePsfOptions({ ...low, ...options })));
      return radial.profile(0.1, 150, defocus).map((v) => v / radial.energy);
    };
    for (const defocus of [0, 6, -9]) {
      const polarised = profile({ psf: "vectorial" }, defocus);
      for (const other of [{}, { psf: "gibson-lanni", sample_index: 1.33, depth: 3 }] as const) {
        const scalar = profile(other, defocus);
        const most = Math.max(...polarised.map((v, i) => Math.abs(v - scalar[i])));
        expect(most / Math.max(...polarised)).toBeLessThan(0.015);
      }
    }
  });

  it("makes the widths of Richards and Wolf's focus at high NA: wider across than scalar theory has it", () => {
    const width = (options: PsfOpticsInput) => {
      const radial = createRadialIntensity(lightOf(resolvePsfOptions(options)));
      const profile = radial.profile(0.002, 200, 0);
      return fwhm((r) => profile[Math.round(r / 0.002)], 0.002);
    };
    // 0.5145 lambda / NA is scalar theory's; measured against pyOTF and psfmodels elsewhere.
    expect((width(oil) * 1.4) / 0.52).toBeCloseTo(0.5145, 3);
    const vectorial = (width({ ...oil, psf: "vectorial" }) * 1.4) / 0.52;
    expect(vectorial).toBeGreaterThan(0.54);
    expect(vectorial).toBeLessThan(0.62);
  });
});

describe("layers", () => {
  const layered = (options: PsfOpticsInput) => psfModelOf({ ...oil, psf: "gibson-lanni", ...options });

  it("change nothing where all is as designed", () => {
    const options = { pixelSize: 0.06, defocus: 0.8, size: 256 };
    expect(apart(layered({ sample_index: 1.515, depth: 7 }).psf(options), psfModelOf(oil).psf(options))).toBeLessThan(
      1e-9,
    );
  });

  it("shift the focus as paraxial rays do at low NA, and beyond at high NA", () => {
    for (const [sample, depth] of [
      [1.33, 10],
      [1.4, 20],
      [1.6, 15],
    ]) {
      const low = layered({ na: 0.3, sample_index: sample, depth });
      const pupil = { na: 0.3, wavelength: 0.52, refractiveIndex: 1.515 };
      const paraxial = paraxialFocus(pupil, { sampleIndex: sample, depth });
      expect(paraxial).toBeCloseTo(depth * (1 - 1.515 / sample), 12);
      expect(Math.abs(low.focus / paraxial - 1)).toBeLessThan(0.05);
      // Marginal rays cross farther from the nominal focus than paraxial ones.
      expect(layered({ na: 1.25, sample_index: sample, depth }).focus / paraxial).toBeGreaterThan(1.05);
    }
  });

  it("are sharpest where they say, less sharp than without a mismatch, and not the same on both sides", () => {
    const model = layered({ na: 1.2, sample_index: 1.33, depth: 6 });
    const middle = (z: number) => at(model.psf({ pixelSize: 0.06, defocus: model.focus + z, size: 256 }), 0, 0);
    for (const z of [-0.4, -0.15, 0.15, 0.4]) expect(middle(0)).toBeGreaterThan(middle(z));
    const plain = psfModelOf({ ...oil, na: 1.2 }).psf({ pixelSize: 0.06, size: 256 });
    expect(middle(0)).toBeLessThan(0.7 * at(plain, 0, 0));
    expect(model.symmetric).toBe(false);
    expect(Math.abs(middle(1) / middle(-1) - 1)).toBeGreaterThan(0.3);
  });

  it("let evanescent light through at the coverslip only: far from it the aperture is the sample's index", () => {
    const spread = (depth: number, na: number) => {
      const model = layered({ na, sample_index: 1.33, depth });
      const radial = createRadialIntensity(
        lightOf(resolvePsfOptions({ ...oil, psf: "gibson-lanni", na, sample_index: 1.33, depth })),
      );
      const profile = radial.profile(0.002, 200, model.focus);
      return fwhm((r) => profile[Math.round(r / 0.002)], 0.002);
    };
    expect(spread(0, 1.45) * 1.45).toBeCloseTo(0.5145 * 0.52, 2);
    expect(spread(2, 1.45)).toBeGreaterThan(0.5145 * (0.52 / 1.36));
  });
});

describe("confocal", () => {
  const confocal = (pinhole: number) => psfModelOf({ ...oil, excitation_wavelength: 0.488, pinhole });
  const across = (model: PsfModel) => {
    const psf = model.psf({ pixelSize: 0.01, size: 1024 });
    return fwhm((x) => at(psf, Math.round(x / 0.01), 0), 0.01);
  };

  it("is narrower the smaller the pinhole, between the excitation's width and that of the product", () => {
    const widths = [5, 1, 0.1].map((pinhole) => across(confocal(pinhole)));
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
    // Wide open the focus of the exciting light alone; closed, I_ex(r) I_em(r).
    expect(widths[0]).toBeCloseTo((0.5145 * 0.488) / 1.4, 2);
    const airy = (r: number, wavelength: number) => {
      const v = (2 * Math.PI * 1.4 * r) / wavelength;
      const j = [0, 0, 0];
      bessel012(v, j);
      return v === 0 ? 1 : ((2 * j[1]) / v) ** 2;
    };
    expect(widths[2]).toBeCloseTo(
      fwhm((r) => airy(r, 0.488) * airy(r, 0.52), 0.001),
      2,
    );
  });

  it("sections: the light of a plane falls with defocus, as it does not in wide field", () => {
    const model = confocal(1);
    const sums = [0, 0.3, 0.6, 1, 2].map((defocus) => sumOf(model.psf({ pixelSize: 0.05, defocus })));
    expect(Math.abs(sums[0] - 1)).toBeLessThan(0.01);
    expect(sums).toEqual([...sums].sort((a, b) => b - a));
    expect(sums[4]).toBeLessThan(0.03);
    // Far from focus as 1 / z^2.
    const far = [3, 6].map((defocus) => sumOf(model.psf({ pixelSize: 0.06, defocus })));
    expect(far[0] / far[1]).toBeCloseTo(4, 0);
  });
});

describe("a light sheet", () => {
  it("weighs wide field by its own profile, thicker and dimmer away from its waist", () => {
    const options = { na: 0.8, refractive_index: 1.33, wavelength: 0.52 } as const;
    const sheet = { ...options, excitation_wavelength: 0.488, sheet_thickness: 2 };
    const sums = (more: object) =>
      [0, 1, 2].map((defocus) => sumOf(psfModelOf({ ...sheet, ...more }).psf({ pixelSize: 0.2, defocus })));
    const [focus, half, two] = sums({});
    expect([focus, half, two]).toEqual([1, 0.5, 1 / 16].map((v) => expect.closeTo(v, 9)));
    expect(sums({ sheet_offset: 1 })).toEqual([0.5, 1, 0.5].map((v) => expect.closeTo(v, 9)));
    // One Rayleigh range from the waist, pi n w0^2 / lambda: sqrt 2 thicker.
    const range = (Math.PI * 1.33 * (2 / Math.sqrt(2 * Math.LN2)) ** 2) / 0.488;
    const parts = { excitationWavelength: 0.488, refractiveIndex: 1.33, thickness: 2 };
    expect(sheetThickness({ ...parts, distance: range })).toBeCloseTo(2 * Math.SQRT2, 9);
    const far = sums({ sheet_distance: range });
    expect(far[0]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(far[1] / far[0]).toBeCloseTo(2 ** (-4 / 8), 6);
    expect(() => lightSheetModel(psfModelOf(options), { ...parts, offset: Number.NaN })).toThrow(/sheet_offset is NaN/);
  });
});

describe("a PSF stack", () => {
  it("counts focal planes upwards past a point in its middle", () => {
    const model = psfModelOf({ ...oil, zernike: { spherical: 0.1 } });
    const stack = psfStack(model, { pixelSize: 0.1, zStep: 0.2, planes: 7, size: 33 });
    expect([stack.depth, stack.height, stack.width]).toEqual([7, 33, 33]);
    const value = (z: number, y: number, x: number) => stack.data[(z * 33 + y) * 33 + x];
    for (const z of [0, 3, 5]) {
      const psf = model.psf({ pixelSize: 0.1, defocus: (3 - z) * 0.2 });
      for (const [y, x] of [
        [0, 0],
        [0, 3],
        [-2, 5],
      ])
        expect(value(z, 16 + y, 16 + x)).toBeCloseTo(at(psf, x, y), 7);
    }
  });
});

describe("what cannot be", () => {
  it.each([
    [{ na: 1.4 }, /na 1.4 is not below the refractive index 1; give the index of the immersion/],
    [{ psf: "gibson-lanni", na: 1.3, refractive_index: 1.515, immersion_index: 1.2 }, /not below immersion_index 1.2/],
    [{ psf: "gibson-lanni", depth: -1 }, /depth/],
    [{ sample_index: 1.33 }, /`sample_index` has no effect on a scalar PSF/],
    [{ zernike: { comma: 0.1 } }, /expected .*coma/],
    [{ zernike: { coma: Number.NaN } }, /zernike.coma/],
    [{ pinhole: 1 }, /`pinhole` needs `excitation_wavelength`/],
    [
      { pinhole: 1, sheet_thickness: 2, excitation_wavelength: 0.488 },
      /`pinhole` and `sheet_thickness` were both given.*leave one of them out/,
    ],
    [{ pinhole: -1, excitation_wavelength: 0.488 }, /pinhole/],
    [{ numerical_aperture: 1 }, /no option numerical_aperture; expected .*na/],
  ])("is refused: %j", (options, message) => {
    expect(() => psfModelOf(options as PsfOpticsInput)).toThrow(message);
  });

  it("and what can be but is coarse or wide is told with its limit", () => {
    const model = psfModelOf({ na: 0.8, wavelength: 0.512 });
    expect(samplingWarnings(model, { pixelSize: 0.16, zStep: 0.6, height: 64, width: 64 })).toEqual([]);
    const warnings = samplingWarnings(model, { pixelSize: 0.2, zStep: 1, height: 64, width: 512, defocus: 20 });
    expect(textsOf(warnings)).toEqual([
      expect.stringMatching(/pixel_size 0.2 um is coarser than the lateral Nyquist limit of these optics, 0.16 um/),
      expect.stringMatching(/z_step 1 um is coarser than the axial Nyquist limit of these optics, 0.64 um/),
      expect.stringMatching(/PSF is 54.* um wide 20 um from focus, wider than the image of 12.8 um/),
    ]);
    const confocal = psfModelOf({ na: 0.8, wavelength: 0.512, excitation_wavelength: 0.488, pinhole: 1 });
    expect(confocal.nyquistPixelSize).toBeLessThan(0.55 * model.nyquistPixelSize);
  });
});

describe("any options", () => {
  it("make PSFs that are nowhere below 0, and whose light is 1 in wide field", () => {
    const some = fc.record({
      psf: fc.constantFrom("scalar" as const, "gibson-lanni" as const, "vectorial" as const),
      na: fc.double({ min: 0.3, max: 1.2, noNaN: true }),
      defocus: fc.double({ min: -3, max: 3, noNaN: true }),
      coma: fc.constantFrom(0, 0.1),
      astigmatism: fc.constantFrom(0, -0.1),
    });
    fc.assert(
      fc.property(some, ({ psf, na, defocus, coma, astigmatism }) => {
        const model = psfModelOf({ psf, na, refractive_index: 1.333, zernike: { coma, astigmatism } });
        const made = model.psf({ pixelSize: 0.2, defocus, size: 128 });
        expect(Math.abs(sumOf(made) - 1)).toBeLessThan(1e-9);
        expect(Math.min(...made.data)).toBeGreaterThan(-1e-5);
      }),
      { seed: 2, numRuns: 15 },
    );
  });
});
