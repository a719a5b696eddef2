import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { nrmse, pearson, psnr, score, signalRange, typeRange } from "../src/metrics/metrics.ts";
import { msSsim, msSsimScales } from "../src/metrics/ms-ssim.ts";
import type { Picture } from "../src/metrics/picture.ts";
import { ssim } from "../src/metrics/ssim.ts";

interface Case {
  height: number;
  width: number;
  dtype: "uint8" | "uint16" | "float32";
  A: number;
  B: number;
  C: number;
  dataRange: number;
  psnr: number;
  ssim: number;
  nrmse: number;
  nrmse_min_max: number;
  nrmse_mean: number;
  pearson: number;
  ms_ssim: number | null;
}
const golden: { cases: Case[]; versions: Record<string, string> } = JSON.parse(
  readFileSync(new URL("fixtures/evaluate/metrics.json", import.meta.url), "utf8"),
);

/** The formulas of make_metrics.py. */
function pictures({ height, width, dtype, A, B, C }: Case): { truth: Picture; output: Picture } {
  const make = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array }[dtype];
  const truth = new make(height * width);
  const output = new make(height * width);
  const noise = (y: number, x: number, s: number) => ((y * 7919 + x * 104729 + s * 1299709) % 1009) / 1009;
  const round = (v: number) => (dtype === "float32" ? v : Math.floor(v));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const t = round(A * (0.5 + 0.3 * Math.sin(y / 5) * Math.cos(x / 7)) + B * noise(y, x, 1));
      truth[i] = t;
      output[i] = round(0.9 * t + C * noise(y, x, 2));
    }
  return { truth: { data: truth, height, width }, output: { data: output, height, width } };
}

function noisePlane(height: number, width: number, seed: number, amplitude = 1): Picture {
  const random = new Random(seed);
  return { data: Float32Array.from({ length: height * width }, () => amplitude * random.uniform()), height, width };
}

describe.each(golden.cases)("scores of $dtype, $height x $width, range $dataRange", (expected) => {
  const { truth, output } = pictures(expected);
  const scores = score(output, truth, { dataRange: expected.dataRange });

  it("equal scikit-image's PSNR, SSIM and NRMSE and scipy's correlation to 1e-6", () => {
    expect(Math.abs(scores.psnr - expected.psnr)).toBeLessThan(1e-6);
    expect(Math.abs(scores.ssim - expected.ssim)).toBeLessThan(1e-6);
    expect(Math.abs(scores.nrmse - expected.nrmse)).toBeLessThan(1e-6);
    expect(Math.abs(nrmse(output, truth, "min-max") - expected.nrmse_min_max)).toBeLessThan(1e-6);
    expect(Math.abs(nrmse(output, truth, "mean") - expected.nrmse_mean)).toBeLessThan(1e-6);
    expect(Math.abs(scores.pearson - expected.pearson)).toBeLessThan(1e-6);
  });
});

describe("MS-SSIM", () => {
  it.each(golden.cases.filter((c) => c.ms_ssim !== null))(
    "of $height x $width equals pytorch-msssim's to 1e-6",
    (c) => {
      const { truth, output } = pictures(c);
      expect(Math.abs(msSsim(output, truth, c.dataRange) - (c.ms_ssim ?? Number.NaN))).toBeLessThan(1e-6);
    },
  );

  it("has as many scales as the window of 11 pixels allows", () => {
    expect([11, 20, 21, 40, 41, 80, 81, 160, 161, 2000].map((side) => msSsimScales(side, 3000))).toEqual([
      1, 1, 2, 2, 3, 3, 4, 4, 5, 5,
    ]);
  });

  it("is plain SSIM where only one scale fits, and halves odd sizes", () => {
    const a = noisePlane(20, 17, 1);
    const b = { ...a, data: a.data.map((v) => Math.sqrt(v)) };
    const plain = ssim(a, b, 3);
    expect(plain).toBeGreaterThan(0);
    expect(msSsim(a, b, 3)).toBeCloseTo(plain, 12);
    const odd = noisePlane(183, 171, 3);
    expect(msSsim(odd, odd, 1)).toBeCloseTo(1, 12);
  });

  it("falls with scale-dependent damage less than SSIM falls for fine noise", () => {
    const truth = pictures(golden.cases[4]).truth;
    const random = new Random(5);
    const output = { ...truth, data: Float32Array.from(truth.data, (v) => v + 40 * random.normal()) };
    expect(msSsim(output, truth, 255)).toBeGreaterThan(ssim(output, truth, 255) + 0.1);
  });
});

describe("scores in general", () => {
  it("a picture against itself: Infinity dB, 1, 1, 0, 1", () => {
    const a = noisePlane(40, 30, 4);
    const { psnr, ssim, ms_ssim, nrmse, pearson } = score(a, a, { dataRange: 1 });
    expect(psnr).toBe(Number.POSITIVE_INFINITY);
    expect(ssim).toBeCloseTo(1, 12);
    expect(ms_ssim).toBeCloseTo(1, 12);
    expect(nrmse).toBe(0);
    expect(pearson).toBeCloseTo(1, 12);
  });

  it("do not change when pictures and range are scaled together; symmetric where they should be", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1000 }), (seed, factor) => {
        const a = noisePlane(15, 18, seed);
        const b = noisePlane(15, 18, seed + 1);
        const scaled = (p: Picture) => ({ ...p, data: Float64Array.from(p.data, (v) => v * factor) });
        const one = score(a, b, { dataRange: 1 });
        const other = score(scaled(a), scaled(b), { dataRange: factor });
        for (const key of ["psnr", "ssim", "ms_ssim", "nrmse", "pearson"] as const)
          expect(other[key]).toBeCloseTo(one[key], 9);
        expect(ssim(b, a, 1)).toBeCloseTo(one.ssim, 12);
        expect(psnr(b, a, 1)).toBeCloseTo(one.psnr, 12);
        expect(pearson(b, a)).toBeCloseTo(one.pearson, 12);
      }),
      { seed: 3, numRuns: 30 },
    );
  });

  it("a constant picture has no correlation but has the other scores", () => {
    const flat: Picture = { data: new Uint8Array(400).fill(7), height: 20, width: 20 };
    const scores = score(flat, noisePlane(20, 20, 1, 255), { dataRange: 255 });
    expect(scores.pearson).toBeNaN();
    expect(scores.psnr).toBeGreaterThan(0);
    expect(Number.isFinite(scores.ssim)).toBe(true);
  });

  it("refuse other sizes, small ones, NaN and a range of 0, saying where", () => {
    const a = noisePlane(20, 30, 1);
    expect(() => score(a, noisePlane(30, 20, 1), { dataRange: 1 })).toThrow(/20 x 30.*30 x 20/);
    expect(() => ssim(noisePlane(10, 30, 1), noisePlane(10, 30, 2), 1)).toThrow(/10 x 30.*11 x 11/);
    const holed = { ...a, data: Float32Array.from(a.data) };
    holed.data[65] = Number.NaN;
    expect(() => psnr(a, holed, 1)).toThrow(/The ground truth: pixel x 5, y 2 is NaN/);
    expect(() => score(a, a, { dataRange: 0 })).toThrow(/data range is 0/);
  });

  it("ranges: of the type, and of the signal without its rarest pixels", () => {
    expect([typeRange("uint8"), typeRange("uint16"), typeRange("float32")]).toEqual([255, 65535, undefined]);
    const data = Float32Array.from({ length: 10001 }, (_, i) => i / 10);
    data[0] = -1e6;
    expect(signalRange({ data, height: 1, width: 10001 })).toBeCloseTo(998, 6);
    expect(() => signalRange({ data: new Float32Array(9), height: 3, width: 3 })).toThrow(/no contrast/);
  });
});
