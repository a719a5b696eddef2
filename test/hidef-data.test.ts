/** What hologram reconstruction learns from: the field in focus, holograms sent to the right place, and data that cannot teach it. */
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { runThrough } from "../src/array/breathe.ts";
import { Random } from "../src/array/random.ts";
import type { Stack } from "../src/image/image.ts";
import type { NamedStack } from "../src/image/named-stack.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { fieldError } from "../src/metrics/field-error.ts";
import { propagate } from "../src/optics/imaging/angular-spectrum.ts";
import { type ComplexField, intensityOf, phaseOf } from "../src/optics/imaging/complex-field.ts";
import { resolveConfig } from "../src/train/config.ts";
import { exampleOf, hologramBatches } from "../src/train/data/hologram-batches.ts";
import { hologramSources } from "../src/train/data/hologram-data.ts";
import type { HidefConfig } from "../src/train/methods/hidef.ts";

const light = { wavelength: 0.532, refractiveIndex: 1.333, pixelSize: 0.25, na: 0.5 };
const side = 96;

/** Round, smooth cells that absorb or delay light. */
function cells(kind: "absorbing" | "delaying", strength: number): ComplexField {
  const random = new Random(3);
  const centres = Array.from({ length: 4 }, () => [random.between(20, 76), random.between(20, 76)]);
  const bump = Float32Array.from({ length: side * side }, (_, i) =>
    centres.reduce((sum, [y, x]) => {
      const r2 = (Math.floor(i / side) - y) ** 2 + ((i % side) - x) ** 2;
      return sum + Math.exp(-r2 / (2 * 4 ** 2));
    }, 0),
  );
  const delay = kind === "delaying" ? strength : 0;
  const loss = kind === "absorbing" ? strength : 0;
  const part = (wave: (phase: number) => number): Float32Array =>
    bump.map((b) => Math.exp(-loss * b) * wave(delay * b));
  return { real: part(Math.cos), imag: part(Math.sin), height: side, width: side };
}

const z = [-10, -5, 0, 5, 10];

/** The field at planes 5 um apart, the middle one in focus, and what a camera sees of it. */
function sampleOf(focus: ComplexField, brightness = 1000): NamedStack & { field: { real: Stack; imag: Stack } } {
  // Light goes down: the plane at z is -z further along.
  const fields = z.map((height) => (height === 0 ? focus : propagate(focus, light, -height, "wrap")));
  const stackOf = (data: Float32Array[]): Stack => ({
    data: Float32Array.from(data.flatMap((plane) => [...plane])),
    depth: z.length,
    height: side,
    width: side,
    pixelSize: { y: 0.25, x: 0.25 },
    zStep: 5,
    optics: { wavelength: light.wavelength, refractiveIndex: light.refractiveIndex, na: light.na },
    dtype: "float32",
  });
  return {
    name: "cells",
    stack: stackOf(fields.map((field) => intensityOf(field).data.map((value) => brightness * value))),
    field: {
      real: stackOf(fields.map(({ real }) => Float32Array.from(real))),
      imag: stackOf(fields.map(({ imag }) => Float32Array.from(imag))),
    },
  };
}

const configOf = (own: object = {}): HidefConfig =>
  resolveConfig({ method: "hidef", patch_size: 32, distance_range: [-10, -5], ...own }) as unknown as HidefConfig;

const sourceOf = (sample: NamedStack, own: object = {}) => {
  const { validation } = runThrough(
    hologramSources({ samples: [sample], fields: { name: "none", field: async () => sample } }, configOf(own)),
  );
  return validation[0];
};

describe("a source", () => {
  it("knows how far each hologram is from the focus, and which of them are learnt", async () => {
    const sample = sampleOf(cells("delaying", 1));
    const distances = async (own: object) =>
      (await sourceOf(sample, own).focused()).holograms.map(({ distance }) => distance);
    // The plane at z = -10 was reached 10 um after the focus: light goes back by 10.
    expect(await distances({})).toEqual([-10, -5]);
    expect(await distances({ distance_range: [-20, 20] })).toEqual([-10, -5, 0, 5, 10]);
    expect(await distances({ distance_range: [3, 12], focus_plane: 1 })).toEqual([5, 10]);
    await expect(distances({ distance_range: [-60, -50] })).rejects.toThrow(/no plane of cells is -60 to -50 um/);
  });

  it("has a truth of mean intensity 1, whose empty field has phase 0", async () => {
    const sample = sampleOf(cells("delaying", 1.5));
    const turned = (angle: number): NamedStack => {
      const { real, imag } = sample.field;
      const [c, s] = [3 * Math.cos(angle), 3 * Math.sin(angle)];
      return {
        ...sample,
        field: {
          real: { ...real, data: real.data.map((re, i) => c * re - s * imag.data[i]) },
          imag: { ...imag, data: real.data.map((re, i) => s * re + c * imag.data[i]) },
        },
      };
    };
    const { truth } = await sourceOf(turned(2.5)).focused();
    const expected = cells("delaying", 1.5);
    expect(fieldError(truth, expected).mae).toBeLessThan(0.01);
    const power = intensityOf(truth).data.reduce((sum, value) => sum + value, 0) / side ** 2;
    expect(power).toBeCloseTo(1, 5);
    expect(Math.abs(phaseOf(truth).data[0])).toBeLessThan(0.02);
  });

  it("leaves slow waves of the phase out where they are not wanted, and keeps what is fine", async () => {
    const slow = Float32Array.from({ length: side * side }, (_, i) => 2 * Math.cos((2 * Math.PI * (i % side)) / side));
    const fine = Float32Array.from(slow, (_, i) => 0.5 * Math.cos((2 * Math.PI * Math.floor(i / side)) / 8));
    const whole: ComplexField = {
      real: slow.map((phase, i) => Math.cos(phase + fine[i])),
      imag: slow.map((phase, i) => Math.sin(phase + fine[i])),
      height: side,
      width: side,
    };
    // Waves of 24 um and of 2 um.
    const { truth } = await sourceOf(sampleOf(whole), { longest_wave: 5 }).focused();
    const expected = { ...whole, real: fine.map(Math.cos), imag: fine.map(Math.sin) };
    expect(fieldError(truth, expected).phase_rms_rad).toBeLessThan(0.2);
    expect(fieldError(truth, whole).phase_rms_rad).toBeGreaterThan(1);
    const { truth: all } = await sourceOf(sampleOf(whole)).focused();
    expect(fieldError(all, whole).phase_rms_rad).toBeLessThan(0.01);
  });

  it("sends holograms back to the focus, and by an error beyond it", async () => {
    const focus = cells("absorbing", 0.2);
    const source = sourceOf(sampleOf(focus));
    const right = await exampleOf(source, 0, 0);
    const wrong = await exampleOf(source, 0, -8);
    expect(right.distance).toBe(-10);
    // The twin image is weak beside the specimen, and lies 20 um off.
    const least = fieldError(right.input, right.truth).amplitude_rms;
    expect(least).toBeLessThan(0.75 * fieldError(wrong.input, wrong.truth).amplitude_rms);
    const expected = propagate(right.input, light, -8);
    expect(fieldError(wrong.input, expected).mae).toBeLessThan(0.005);
  });

  it("is recovered from recorded planes where the field is not known, and focused", async () => {
    const { field: _, ...recorded } = sampleOf(cells("delaying", 1));
    const { truth, holograms } = await sourceOf(recorded, { distance_range: [-14, -6] }).focused();
    expect(fieldError(truth, cells("delaying", 1)).phase_rms_rad).toBeLessThan(0.08);
    expect(Math.abs(holograms[0].distance + 10)).toBeLessThan(1.5);
  });
});

describe("batches", () => {
  const sample = sampleOf(cells("absorbing", 0.4));
  const batches = (own: object) => {
    const config = configOf({ batch_size: 3, ...own });
    const { at } = runThrough(
      hologramSources({ samples: [sample], fields: { name: "one", field: async () => sample } }, config),
    );
    return hologramBatches(at, config);
  };

  it("are input and truth at the same place, turned alike", async () => {
    // A hologram in focus of what only absorbs is its own truth.
    const batch = await batches({ distance_range: [0, 0], distance_error: 0 })(5);
    expect(batch.field.shape).toEqual([3, 2, 32, 32]);
    let most = 0;
    for (let i = 0; i < batch.field.data.length; i++) {
      most = Math.max(most, Math.abs(batch.field.data[i] - batch.truth.data[i]));
    }
    expect(most).toBeLessThan(1e-3);
    const [first, second] = [0, 2 * 32 * 32].map((start) => batch.truth.data.slice(start, start + 32 * 32));
    expect(first).not.toEqual(second);
    expect(Math.min(...first)).toBeLessThan(0.95);
  });

  it("are the same for a training that goes on from any step", async () => {
    const through = batches({});
    for (let step = 1; step < 40; step++) await through(step);
    const [expected, resumed] = [await through(40), await batches({})(40)];
    expect(resumed.field.data).toEqual(expected.field.data);
    expect(resumed.truth.data).toEqual(expected.truth.data);
    expect((await through(41)).field.data).not.toEqual(expected.field.data);
  });
});

describe("data that cannot teach it", () => {
  const sample = sampleOf(cells("delaying", 1));
  const { stack } = sample;
  const alone = { name: "one", stack };
  const refusal = (other: NamedStack, own: object = {}): string => {
    try {
      sourceOf(other, own);
      return "";
    } catch (error) {
      return String(error);
    }
  };

  it("is refused in one sentence", () => {
    const { wavelength: _, ...dark } = stack.optics ?? {};
    const { pixelSize: __, ...sizeless } = stack;
    const { zStep: ___, ...stepless } = stack;
    const single = { ...stack, depth: 1, data: stack.data.slice(0, side * side) };
    const fringes = Float32Array.from(stack.data, (value, i) => value + 900 * Math.cos(1.3 * (i % side)));
    const constant = stack.data.slice().fill(7, 0, side * side);
    expect(refusal({ name: "one", stack: { ...stack, optics: dark } })).toMatch(
      /wavelength is not known.*`wavelength <your wavelength>`/,
    );
    expect(refusal({ name: "one", stack: sizeless })).toMatch(
      /pixel size is not known.*`pixel_size <your pixel size>`/,
    );
    expect(refusal({ name: "one", stack: stepless })).toMatch(/z step is not known.*`z_step <your z step>`.*positions/);
    expect(refusal(alone, { positions: [1, 2] })).toMatch(/positions has 2 values, but one has 5 planes/);
    expect(refusal({ name: "one", stack: single })).toMatch(/a single hologram without a known field/);
    expect(refusal({ name: "one", stack: { ...stack, data: fringes } })).toMatch(
      /fringes of an off-axis hologram, every 4\.8 pixels/,
    );
    expect(refusal({ name: "one", stack: { ...stack, data: constant } })).toMatch(/plane 0 is 7 everywhere/);
    expect(refusal(alone, { focus_plane: 5 })).toMatch(/has no plane 5; expected 0 to 4/);
    expect(() => configOf({ distance_range: [-5, -10] })).toThrow(/from the lower to the higher/);
    expect(() => configOf({ patch_size: 40 })).toThrow(/multiple of 16/);
  });

  it("is refused without a focus inside the stack", async () => {
    const far = sampleOf(propagate(cells("absorbing", 0.5), light, 30, "wrap"));
    const source = sourceOf({ name: "far", stack: far.stack });
    await expect(source.focused()).rejects.toThrow(/far: it has no focus inside the stack.*both sides/);
  });
});

const recorded = new URL("../../shared/data/dhm_cell/on_axis.tif", import.meta.url);
const haveRecorded = existsSync(recorded);
if (!haveRecorded)
  console.warn("skipped: ../shared/data/dhm_cell is not there, so no recorded cell can be learnt from");
describe.skipIf(!haveRecorded)("a recorded cell", () => {
  let sample: NamedStack;
  beforeAll(async () => {
    const file = await openImage(recorded.pathname);
    const [height, width] = file.shape.slice(-2);
    const planes: Float32Array[] = [];
    // 0, 10, 20, 30 and 40 um, the middle of the field.
    for (const plane of [4, 5, 6, 7, 8]) {
      planes.push(await file.readPlane({ z: plane }, { x: 192, y: 192, width: 384, height: 384 }));
    }
    expect([height, width]).toEqual([768, 768]);
    sample = {
      name: "cell",
      stack: {
        data: Float32Array.from({ length: 5 * 384 * 384 }, (_, i) => planes[Math.floor(i / 384 ** 2)][i % 384 ** 2]),
        depth: 5,
        height: 384,
        width: 384,
        pixelSize: { y: 0.16, x: 0.16 },
        zStep: 10,
        optics: { wavelength: 0.532, refractiveIndex: 1, na: 0.5 },
        dtype: "uint8",
      },
    };
    await file.close();
  });

  it("is in focus near 10 um, as the source of the data says", { timeout: 60_000 }, async () => {
    const { holograms, truth } = await sourceOf(sample, { distance_range: [-40, 40] }).focused();
    expect(holograms).toHaveLength(5);
    // From the plane at z = 0, against the light.
    expect(Math.abs(holograms[0].distance + 10)).toBeLessThan(2);
    expect(truth.width).toBe(384);
  });
});
