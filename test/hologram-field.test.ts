/** Holograms back to fields: simulated ones whose truth is known, real cells, and scikit-image's unwrapping beside ours. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { percentiles } from "../src/array/statistics.ts";
import { focusOfField } from "../src/classical/refocusing/focus-of-field.ts";
import { demodulate, findCarrier } from "../src/classical/refocusing/off-axis.ts";
import { reconstructHologram } from "../src/classical/refocusing/reconstruct-hologram.ts";
import { unwrapPhase } from "../src/classical/refocusing/unwrap-phase.ts";
import type { Plane } from "../src/image/image.ts";
import { propagate } from "../src/optics/imaging/angular-spectrum.ts";
import { divideFields, fieldOf, intensityOf, phaseOf } from "../src/optics/imaging/complex-field.ts";
import { addReference, imageHolograms } from "../src/optics/imaging/hologram.ts";
import type { Volume } from "../src/optics/phantom/volume.ts";
import { rms } from "./helpers/numbers.ts";
import { readNpy, readText, readZip } from "./helpers/numpy-files.ts";
import { textsOf } from "./helpers/texts.ts";

const light = { wavelength: 0.532, refractiveIndex: 1.333, pixelSize: 0.1, na: 0.8 };
const pupil = { na: 0.8, wavelength: 0.532, refractiveIndex: 1.333 };

/** A round cell with a nucleus, and a few granules; 128 x 128 voxels of 0.1 um. */
function cell(): Volume {
  const [depth, size, pixelSize, sliceStep, bottom] = [12, 128, 0.1, 0.4, -2.2];
  const data = new Float32Array(depth * size * size);
  const inside = (x: number, y: number, z: number, cx: number, cy: number, r: number) =>
    Math.hypot(x - cx, y - cy, z) < r ? 1 : 0;
  for (let k = 0; k < depth; k++)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const [px, py, pz] = [x * 0.1, y * 0.1, bottom + k * sliceStep];
        const granule = inside(px, py, pz, 5.2, 8, 0.4) + inside(px, py, pz, 8, 5, 0.5) + inside(px, py, pz, 5, 5, 0.4);
        data[(k * size + y) * size + x] =
          0.5 * inside(px, py, pz, 6.4, 6.6, 2.4) + 0.2 * inside(px, py, pz, 6, 7, 1) + 0.3 * granule;
      }
  return { depth, height: size, width: size, pixelSize, sliceStep, bottom, data };
}

/** Flakes that absorb, in one plane. */
function flakes(): Volume {
  const [size, random] = [128, new Random(4)];
  const data = new Float32Array(size * size);
  for (let n = 0; n < 14; n++) {
    const [cy, cx, r] = [random.between(15, 113), random.between(15, 113), random.between(3, 6)];
    for (let i = 0; i < data.length; i++) if (Math.hypot((i % size) - cx, Math.floor(i / size) - cy) < r) data[i] = 1;
  }
  return { depth: 1, height: size, width: size, pixelSize: 0.1, sliceStep: 0.2, bottom: 0, data };
}

const planeOf = (data: Float32Array, height = 128, width = 128): Plane => ({ data, height, width });

describe("off-axis holograms", () => {
  test("carriers are found to a hundredth of a cycle over the image", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.12, max: 0.4, noNaN: true }),
        fc.double({ min: 0, max: 3.1, noNaN: true }),
        (f, angle) => {
          const [height, width] = [90, 110];
          const carrier = { y: f * Math.cos(angle), x: f * Math.sin(angle) };
          const random = new Random(1);
          const data = new Float32Array(height * width);
          for (let i = 0; i < data.length; i++) {
            const turn = carrier.y * Math.floor(i / width) + carrier.x * (i % width);
            data[i] = 100 + 30 * Math.cos(2 * Math.PI * turn + 0.7) + 5 * random.normal();
          }
          const found = findCarrier(planeOf(data, height, width));
          const sign = found.x * carrier.x + found.y * carrier.y < 0 ? -1 : 1;
          expect(Math.abs(sign * found.y - carrier.y) * height).toBeLessThan(0.03);
          expect(Math.abs(sign * found.x - carrier.x) * width).toBeLessThan(0.03);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("the field comes back, amplitude and phase", async () => {
    const { data, fields, carrier } = await imageHolograms(cell(), { ...pupil, na: 0.6 }, [0], {
      kind: "off-axis",
      index_difference: 0.06,
    });
    if (!carrier) throw new Error("an off-axis hologram has a carrier");
    const found = demodulate(planeOf(data), { radius: (0.6 / 0.532) * 0.1 });
    expect(found.carrier.y).toBeCloseTo(carrier.y * 0.1, 3);
    expect(found.carrier.x).toBeCloseTo(carrier.x * 0.1, 3);
    const quotient = divideFields(found, fields[0]);
    const turn = phaseOf(quotient).data;
    const middle = turn.slice().sort()[turn.length >> 1];
    const errors = turn.map((v) => Math.atan2(Math.sin(v - middle), Math.cos(v - middle)));
    expect(Math.max(...phaseOf(fields[0]).data)).toBeGreaterThan(1.5);
    expect(rms(errors)).toBeLessThan(0.1);
    expect(intensityOf(quotient).data.reduce((sum, v) => sum + v, 0) / errors.length).toBeCloseTo(1, 1);
  });

  test("a picture without fringes is refused, an in-line hologram and noise as well", async () => {
    const { data } = await imageHolograms(flakes(), pupil, [-8], { absorption: 3 });
    expect(() => findCarrier(planeOf(data))).toThrow(/no side band was found .* leave `off_axis` out/);
    const random = new Random(2);
    const noise = planeOf(Float32Array.from({ length: 128 * 128 }, () => random.poisson(50)));
    expect(() => findCarrier(noise)).toThrow(/no side band was found/);
    expect(() => demodulate(noise, { carrier: { y: 0.1, x: 0 }, radius: 0.2 })).toThrow(
      /does not fit between the zero order/,
    );
  });
});

describe("focus of a field", () => {
  const depth = (1.333 * 0.532) / 0.64;

  test("a phase object and an absorbing one, each told by itself, either direction", async () => {
    const cases = [
      { volume: cell(), options: { index_difference: 0.06 }, specimen: "phase" },
      { volume: flakes(), options: { index_difference: 0, absorption: 4 }, specimen: "amplitude" },
    ] as const;
    for (const { volume, options, specimen } of cases) {
      for (const z of [-6.3, 4.1]) {
        const { fields } = await imageHolograms(volume, pupil, [z], options);
        const found = await focusOfField(fields[0], light, { range: [-15, 15], edges: "wrap" });
        expect(found.specimen).toBe(specimen);
        // The plane at z lies -z along the light, which goes down; back to the object it is z.
        expect(Math.abs(found.distance - z)).toBeLessThan(depth);
        expect(found.confidence).toBeGreaterThan(0.3);
      }
    }
  });

  test("an in-line hologram, which has no phase, when the range is on the right side", async () => {
    const { data } = await imageHolograms(flakes(), pupil, [-9.2], { index_difference: 0, absorption: 4 });
    const found = await reconstructHologram(planeOf(data), light, { range: [-20, -2], specimen: "amplitude" });
    expect(Math.abs(found.distance + 9.2)).toBeLessThan(depth);
    const truth = flakes().data.map((d) => Math.exp(-0.5 * 4 * 0.2 * d));
    let [inFocus, asRecorded] = [0, 0];
    truth.forEach((v, i) => {
      inFocus += (found.amplitude.data[i] - v) ** 2;
      asRecorded += (Math.sqrt(data[i]) - v) ** 2;
    });
    expect(inFocus).toBeLessThan(0.6 * asRecorded);
    const both = await reconstructHologram(planeOf(data), light, { range: [-20, 20] });
    expect(textsOf(both.warnings).join()).toMatch(/gives the same in-line hologram on both sides/);
  });

  test("at the end of its range its confidence is 0; a uniform field is refused", async () => {
    const { fields } = await imageHolograms(cell(), pupil, [8], { index_difference: 0.06 });
    const found = await focusOfField(fields[0], light, { range: [-15, 4], specimen: "phase", edges: "wrap" });
    expect(found.confidence).toBeLessThan(0.2);
    const flat = fieldOf(planeOf(new Float32Array(128 * 128).fill(1)));
    await expect(focusOfField(flat, light, { range: [-5, 5] })).rejects.toThrow(/no contrast at any distance/);
    await expect(focusOfField(flat, light, { range: [5, -5] })).rejects.toThrow(/range 5 to -5 um is empty/);
  });
});

describe("reconstruction", () => {
  test("a defocused off-axis hologram of a cell: focus and optical thickness", async () => {
    const optics = { ...pupil, na: 0.6 };
    const { data, carrier } = await imageHolograms(cell(), optics, [-5], { kind: "off-axis", index_difference: 0.08 });
    const empty = addReference(
      fieldOf(planeOf(new Float32Array(128 * 128).fill(1))),
      carrier ?? { y: 0, x: 0 },
      1,
      0.1,
    );
    const found = await reconstructHologram(
      planeOf(data),
      { ...light, na: 0.6 },
      {
        offAxis: "auto",
        background: intensityOf(empty),
        range: [-12, 12],
      },
    );
    expect(Math.abs(found.distance + 5)).toBeLessThan(2);
    expect(found.focus?.specimen).toBe("phase");
    // Optical thickness over the cell's area, um^3: what the volume holds.
    const held = cell().data.reduce((sum, d) => sum + d, 0) * 0.08 * 0.1 * 0.1 * 0.4;
    const seen = found.phase.data.reduce((sum, p) => sum + p, 0) * (0.532 / (2 * Math.PI)) * 0.1 * 0.1;
    expect(seen / held).toBeCloseTo(1, 0);
    expect(Math.abs(seen / held - 1)).toBeLessThan(0.12);
    const inverted = await reconstructHologram(
      planeOf(data),
      { ...light, na: 0.6 },
      {
        offAxis: "auto",
        distance: 0,
        invertPhase: true,
      },
    );
    expect(percentiles(inverted.phase.data, [1])[0]).toBeLessThan(-1);
  });

  test("says what is wrong", async () => {
    const hologram = planeOf(new Float32Array(128 * 128).fill(3));
    const background = planeOf(new Float32Array(16), 4, 4);
    await expect(reconstructHologram(hologram, light, { background })).rejects.toThrow(
      /128 x 128 pixels and the background 4 x 4/,
    );
    await expect(reconstructHologram(hologram, light, { offAxis: "auto" })).rejects.toThrow(/no side band/);
    await expect(reconstructHologram(planeOf(new Float32Array(128 * 128)), light)).rejects.toThrow(/it is dark/);
  });
});

describe("unwrapping", () => {
  const wrap = (data: Float32Array) => data.map((v) => Math.atan2(Math.sin(v), Math.cos(v)));
  const hills = (seed: number, noise: number): Plane => {
    const random = new Random(seed);
    const [height, width] = [70, 90];
    const data = new Float32Array(height * width);
    for (let i = 0; i < data.length; i++) {
      const [y, x] = [Math.floor(i / width), i % width];
      data[i] = 14 * Math.exp(-(((y - 30) / 16) ** 2 + ((x - 50) / 20) ** 2)) + 0.05 * x + noise * random.normal();
    }
    return { data, height, width };
  };

  test("hills of several turns come back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const truth = hills(seed, 0.25);
        const found = unwrapPhase({ ...truth, data: wrap(truth.data) });
        const offset = found.data[0] - truth.data[0];
        expect(Math.max(...truth.data)).toBeGreaterThan(3 * Math.PI);
        found.data.forEach((v, i) => {
          if (Math.abs(v - truth.data[i] - offset) > 1e-3) throw new Error(`pixel ${i}: ${v} for ${truth.data[i]}`);
        });
      }),
      { numRuns: 15 },
    );
  });

  const python = "/usr/bin/python3";
  const script = new URL("fixtures/coherent/unwrap.py", import.meta.url).pathname;
  const haveSkimage = existsSync(python) && spawnSync(python, ["-c", "import skimage.restoration"]).status === 0;
  if (!haveSkimage) console.warn("skipped: scikit-image is not there, so unwrapping cannot be compared with it");
  test.skipIf(!haveSkimage)("as scikit-image, noise that leaves vortices included", () => {
    const noisy = hills(7, 0.9);
    const wrapped = { ...noisy, data: wrap(noisy.data) };
    const input = Buffer.from(wrapped.data.buffer);
    const run = spawnSync(python, [script, "70", "90"], { input, maxBuffer: 1e8 });
    const theirs = new Float32Array(
      run.stdout.buffer.slice(run.stdout.byteOffset, run.stdout.byteOffset + 70 * 90 * 4),
    );
    const ours = unwrapPhase(wrapped).data;
    const turns = Array.from(ours, (v, i) => Math.round((v - theirs[i]) / (2 * Math.PI)));
    const common = turns.slice().sort((a, b) => a - b)[turns.length >> 1];
    const same = turns.filter((t) => t === common).length / turns.length;
    expect(
      new Set(Array.from(theirs, (v, i) => Math.round((v - wrapped.data[i]) / (2 * Math.PI)))).size,
    ).toBeGreaterThan(2);
    expect(same).toBeGreaterThan(0.97);
  });
});

const root = new URL("../../shared/data/hl60_holography/", import.meta.url);
const haveCells = existsSync(root);
if (!haveCells)
  console.warn("skipped: ../shared/data/hl60_holography is not there, so real holograms cannot be judged");
describe.skipIf(!haveCells)("real HL60 cells", () => {
  test("a field is focused where nrefocus focuses it, and its phase is a cell's", async () => {
    const files = readZip(new URL("HL60_field.zip", root));
    const [real, imag] = ["HL60_real.txt", "HL60_imag.txt"].map((name) => readText(files.get(name) ?? Buffer.alloc(0)));
    const field = { real: real.data, imag: imag.data, height: real.height, width: real.width };
    const optics = { wavelength: 0.647, refractiveIndex: 1.333, pixelSize: 0.139 };
    const found = await focusOfField(field, optics, { range: [-10, 10] });
    // nrefocus 0.8.0, "average gradient" of the amplitude, -5..5 um: -0.87 um; least amplitude contrast in its planes: -1.0 um.
    expect(found.specimen).toBe("phase");
    expect(Math.abs(found.distance + 0.87)).toBeLessThan(0.3);
    expect(found.confidence).toBeGreaterThan(0.5);
    const phase = unwrapPhase(phaseOf(propagate(field, optics, found.distance)));
    const [background, top] = percentiles(phase.data, [25, 98]);
    expect(Math.abs(background)).toBeLessThan(0.2);
    expect(top).toBeGreaterThan(3);
    expect(top).toBeLessThan(6);
  });

  test("an off-axis hologram with its background: a round cell of a few radians on a flat field", async () => {
    const files = readZip(new URL("hologram_cell.npz", root));
    const [hologram, background] = ["data.npy", "bg_data.npy"].map((name) =>
      readNpy(files.get(name) ?? Buffer.alloc(0)),
    );
    const carrier = findCarrier(hologram);
    // qpretrieve 0.7.0 finds the side band at 0.203, 0.121 cycles per pixel.
    expect(carrier.y).toBeCloseTo(0.203, 1);
    expect(carrier.x).toBeCloseTo(0.121, 1);
    const optics = { wavelength: 0.633, refractiveIndex: 1.333, pixelSize: 0.14 };
    const { phase } = await reconstructHologram(hologram, optics, { offAxis: "auto", background, distance: 0 });
    const [low, middle, top] = percentiles(phase.data, [1, 50, 98]);
    // Their phase, unwrapped: from 0.5 rad below to 4.7 rad above the background.
    expect(top).toBeGreaterThan(3.5);
    expect(top).toBeLessThan(5.5);
    expect(low).toBeGreaterThan(-0.6);
    expect(Math.abs(middle)).toBeLessThan(0.3);
    const corner = Float32Array.from(
      { length: 30 * 30 },
      (_, i) => phase.data[Math.floor(i / 30) * phase.width + (i % 30)],
    );
    expect(rms(corner)).toBeLessThan(0.2);
  });
});
