import { beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { opticalPsf } from "../src/classical/deconvolution/optical-psf.ts";
import { type Plane, planeOf, type Stack } from "../src/image/image.ts";
import { reblurPlane, reblurResidual, reblurStack } from "../src/metrics/reblur-residual.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator, type SimulatedField } from "../src/simulate/simulator.ts";

const size = 96;
const zStep = 0.5;
const border = 16;
let field: SimulatedField;
let recorded: Stack;
let truth: Stack;
let focus: number;
const model = psfModelOf({ na: 0.8, wavelength: 0.515, refractive_index: 1 });
const pixelSize = 0.325;

beforeAll(async () => {
  const beads = {
    ...shippedRecipe("beads"),
    size,
    z_step: zStep,
    planes: 17,
    specimen: {
      kind: "beads" as const,
      beads: 120,
      bead_kinds: ["solid" as const],
      diameter: [0.4, 1] as [number, number],
      depth_range: [-0.05, 0.05] as [number, number],
    },
  };
  field = await createSimulator(beads).field(5, { volume: true });
  ({ stack: recorded, truth } = field.images.stack);
  focus = field.focusPlane;
});

/** The specimen itself, at the recorded planes. */
function sections(): Stack {
  const { volume } = field;
  if (!volume) throw new Error("no volume");
  const data = new Float32Array(recorded.data.length);
  data.set(volume.data, (focus + Math.round(volume.bottom / zStep)) * size * size);
  return { ...recorded, dtype: "float32", data };
}

describe("a stack of sections", () => {
  it("that is the specimen gives the recorded planes back; one that is blurred already does not", () => {
    const specimen = sections();
    const { psf } = opticalPsf(model, specimen);
    const again = reblurStack(specimen, psf);
    const twice = reblurStack(truth, psf);
    expect(again.data).toHaveLength(recorded.data.length);
    for (const z of [focus - 5, focus - 2, focus, focus + 3]) {
      const residual = reblurResidual(planeOf(again, z), planeOf(recorded, z), { border });
      expect({ z, near: residual.ratio < 1.15 && residual.ratio > 0.9 }).toEqual({ z, near: true });
      const worse = reblurResidual(planeOf(twice, z), planeOf(recorded, z), { border });
      expect(worse.ratio).toBeGreaterThan((z === focus - 5 ? 1.1 : 4) * residual.ratio);
    }
  });

  it("keeps even light even, but for what is missing beyond the ends, and says how much", () => {
    const even: Stack = { ...recorded, dtype: "float32", data: new Float32Array(recorded.data.length).fill(7) };
    const { psf } = opticalPsf(model, even);
    const again = reblurStack(even, psf);
    for (let z = 0; z < even.depth; z++) {
      const plane = planeOf(again, z).data;
      for (const i of [0, size - 1, 40 * size + 50]) expect(plane[i]).toBeCloseTo(7 * again.share[z], 3);
    }
    // The PSF has nine planes on either side, the stack eight about its middle.
    expect(psf.depth).toBe(19);
    expect(again.share[focus]).toBeCloseTo(17 / 19, 2);
    expect(again.share[0]).toBeCloseTo(10 / 19, 2);
  });

  it("sends light to where an asymmetric PSF says: a plane and a pixel further", () => {
    const point: Stack = { data: new Float32Array(5 * 8 * 9), depth: 5, height: 8, width: 9, dtype: "float32" };
    point.data[(2 * 8 + 3) * 9 + 4] = 1;
    const psf = { data: new Float32Array(27), depth: 3, height: 3, width: 3 };
    psf.data[2 * 9 + 1 * 3 + 2] = 1;
    const out = reblurStack(point, psf);
    expect(out.data[(3 * 8 + 3) * 9 + 5]).toBeCloseTo(1, 5);
    expect(out.share).toEqual([0, 1, 1, 1, 1]);
  });
});

describe("a plane in focus", () => {
  const again = (plane: Plane, distance: number) => reblurPlane(plane, distance, model, { pixelSize });

  it("blurred by a defocus is the plane recorded there, on either side", () => {
    for (const planes of [-8, -4, 4, 8]) {
      const input = planeOf(recorded, focus + planes);
      const { ratio, gain, residual } = reblurResidual(again(planeOf(truth, focus), planes * zStep), input, { border });
      expect(ratio).toBeGreaterThan(0.85);
      expect(ratio).toBeLessThan(1.25);
      expect(gain).toBeGreaterThan(0.95);
      expect(gain).toBeLessThan(1.05);
      expect(residual.data).toHaveLength(size * size);
    }
  });

  it("does not explain its input by itself, at a wrong distance, or with a hallucinated bead", () => {
    const input = planeOf(recorded, focus + 4);
    const sharp = planeOf(truth, focus);
    const right = reblurResidual(again(sharp, 2), input, { border }).ratio;
    expect(reblurResidual(sharp, input, { border }).ratio).toBeGreaterThan(2 * right);
    expect(reblurResidual(again(sharp, 3.5), input, { border }).ratio).toBeGreaterThan(1.5 * right);
    const hallucinated = { ...sharp, data: sharp.data.slice() };
    for (let y = 46; y < 49; y++) for (let x = 46; x < 49; x++) hallucinated.data[y * size + x] += 4000;
    const caught = reblurResidual(again(hallucinated, 2), input, { border });
    expect(caught.ratio).toBeGreaterThan(1.3 * right);
    // Its light is in the output and not in the input.
    expect(caught.residual.data[47 * size + 47]).toBeLessThan(-3 * caught.noise);
  });

  it("counts a specimen's light as not yet blurred", () => {
    const data = new Float32Array(64 * 64);
    data[32 * 64 + 32] = 1;
    const point = { data, height: 64, width: 64 };
    const peak = (plane: Plane) => plane.data.reduce((a, b) => Math.max(a, b), 0);
    const psf = model.psf({ pixelSize, defocus: 0 });
    const seen = reblurPlane(point, 0, model, { pixelSize, of: "light" });
    // The light that misses 64 pixels is mirrored back.
    expect(peak(seen) / psf.data.reduce((a, b) => Math.max(a, b), 0)).toBeCloseTo(1, 1);
    const image = reblurPlane(seen, 0, model, { pixelSize });
    expect(peak(image) / peak(seen)).toBeCloseTo(1, 2);
  });
});

describe("the residual", () => {
  it("has the gain, the offset and the noise that were put in, whatever a few wrong pixels say", () => {
    const random = new Random(1);
    const shape = { height: 80, width: 90 };
    const blurred = { ...shape, data: Float32Array.from({ length: 7200 }, (_, i) => Math.sin(i / 40) + (i % 90) / 45) };
    const input = { ...shape, data: blurred.data.map((v) => 30 * v + 200 + 2 * random.normal()) };
    const clean = reblurResidual(blurred, input);
    expect(clean.gain).toBeCloseTo(30, 0);
    expect(Math.abs(clean.offset - 200)).toBeLessThan(0.3);
    expect(clean.rms).toBeCloseTo(2, 0);
    expect(Math.abs(clean.ratio - 1)).toBeLessThan(0.1);
    for (let i = 0; i < 7200; i += 40) input.data[i] += 500;
    const spoilt = reblurResidual(blurred, input);
    expect(spoilt.gain).toBeCloseTo(30, 0);
    expect(Math.abs(spoilt.offset - 200)).toBeLessThan(0.3);
    expect(spoilt.ratio).toBeGreaterThan(10);
  });

  it("is the input's own spread where the output has nothing to do with it", () => {
    const random = new Random(2);
    const input = { height: 50, width: 50, data: Float32Array.from({ length: 2500 }, (_, i) => 10 * (i % 50)) };
    const flat = { ...input, data: new Float32Array(2500).fill(3) };
    expect(reblurResidual(flat, input).gain).toBe(0);
    const against = { ...input, data: input.data.map((v) => -v + random.normal()) };
    expect(reblurResidual(against, input).gain).toBe(0);
  });

  it("says what is wrong with what it gets", () => {
    const plane = { height: 20, width: 20, data: new Float32Array(400) };
    const wrong = (make: () => unknown) => {
      try {
        make();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return "none";
    };
    expect(wrong(() => reblurResidual(plane, { ...plane, height: 10 }))).toBe("image.unfit");
    expect(wrong(() => reblurResidual({ ...plane, data: plane.data.map(() => Number.NaN) }, plane))).toBe(
      "image.unfit",
    );
    expect(wrong(() => reblurResidual(plane, plane, { border: 9 }))).toBe("usage");
    expect(wrong(() => reblurResidual(plane, plane, { border: 0.5 }))).toBe("usage");
    expect(wrong(() => reblurPlane(plane, Number.NaN, model, { pixelSize }))).toBe("usage");
    expect(wrong(() => reblurPlane(plane, 1, model, { pixelSize: 0 }))).toBe("usage");
    const even = { data: new Float32Array(4).fill(1), depth: 1, height: 2, width: 2 };
    expect(wrong(() => reblurStack({ ...plane, depth: 1, dtype: "float32" }, even))).toBe("image.unfit");
  });
});
