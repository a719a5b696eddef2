/** Stages that drift, tilt and step wrongly: planes are where the truth says, and what measures drift finds it. */
import { describe, expect, test } from "vitest";
import { gaussianFilter } from "../src/array/filters.ts";
import { Random } from "../src/array/random.ts";
import { measureDrift, measureShift } from "../src/array/registration.ts";
import { misregister, shiftWrapping, tiltFocus } from "../src/optics/camera/move-planes.ts";
import { stagePositions, tiltHeight } from "../src/optics/camera/stage.ts";
import { misregistrationOptions, stageOptions } from "../src/optics/camera/stage-options.ts";
import { createImager, imageVolume } from "../src/optics/imaging/image-volume.ts";
import { emptyVolume, type Volume } from "../src/optics/phantom/volume.ts";
import type { Pupil } from "../src/optics/psf/pupil.ts";

const pupil: Pupil = { na: 0.75, wavelength: 0.515, refractiveIndex: 1 };
const box = { depth: 9, height: 128, width: 160, pixelSize: 0.3, sliceStep: 0.5, bottom: -2 };
const size = box.height * box.width;

function specimen(seed: number): Volume {
  const volume = emptyVolume(box);
  const random = new Random(seed);
  for (let i = 0; i < 150; i++) volume.data[random.integer(volume.data.length)] = random.between(0.3, 1);
  return volume;
}

/** A smooth random plane that wraps nowhere near its middle. */
function blobs(height: number, width: number, sigma: number) {
  const random = new Random(3);
  const data = Float32Array.from({ length: height * width }, () => random.normal());
  return gaussianFilter({ data, height, width }, sigma);
}

const nominal = Array.from({ length: 12 }, (_, i) => (i - 6) * 0.5);
const stage = (given: object) => stageOptions.parse(given);

describe("a stage", () => {
  test("that is perfect changes nothing", () => {
    const positions = stagePositions(stage({}), nominal, new Random(1));
    expect(positions).toEqual(nominal.map((z) => ({ z, dy: 0, dx: 0, brightness: 1 })));
  });

  test("drifts, steps and bleaches as it was told", () => {
    const positions = stagePositions(
      stage({ drift: [0.1, -0.2], z_scale: 1.1, axis_tilt: [0, 10], bleaching: 0.1 }),
      nominal,
      new Random(1),
    );
    positions.forEach(({ z, dy, dx, brightness }, i) => {
      expect(z).toBeCloseTo(1.1 * nominal[i], 9);
      expect(dy).toBeCloseTo(0.1 * i, 9);
      expect(dx).toBeCloseTo(-0.2 * i + Math.tan(Math.PI / 18) * nominal[i], 9);
      expect(brightness).toBeCloseTo(0.9 ** i, 9);
    });
  });

  test("errs by as much as it was told, the same with the same seed", () => {
    const many = Array.from({ length: 4000 }, () => 0);
    const given = stage({ z_error: 0.2, flicker: 0.05, drift_walk: 0.1 });
    const positions = stagePositions(given, many, new Random(2));
    const rms = (values: number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    expect(rms(positions.map(({ z }) => z))).toBeCloseTo(0.2, 1.5);
    expect(rms(positions.map(({ brightness }) => brightness - 1))).toBeCloseTo(0.05, 2);
    expect(rms(positions.slice(1).map(({ dx }, i) => dx - positions[i].dx))).toBeCloseTo(0.1, 2);
    expect(stagePositions(given, many, new Random(2))).toEqual(positions);
    const coarse = stagePositions(given, many, new Random(2), 0.125);
    coarse.forEach(({ z }, i) => {
      expect(z / 0.125).toBeCloseTo(Math.round(z / 0.125), 9);
      expect(Math.abs(z - positions[i].z)).toBeLessThanOrEqual(0.0625 + 1e-9);
    });
  });

  test("whose drift is put in is found to drift so", async () => {
    const positions = stagePositions(stage({ drift: [0.21, -0.33] }), nominal, new Random(1));
    const images = await imageVolume(
      specimen(1),
      pupil,
      positions.map(({ z }) => z),
    );
    const data = new Float32Array(images.length);
    positions.forEach(({ dy, dx }, i) => {
      const plane = { data: images.slice(i * size, (i + 1) * size), height: box.height, width: box.width };
      data.set(shiftWrapping(plane, { dy: dy / box.pixelSize, dx: dx / box.pixelSize }).data, i * size);
    });
    const { path, confidence } = measureDrift({ data, depth: nominal.length, height: box.height, width: box.width });
    let worst = 0;
    positions.forEach(({ dy, dx }, i) => {
      worst = Math.max(worst, Math.abs(path[i].dy - dy / box.pixelSize), Math.abs(path[i].dx - dx / box.pixelSize));
    });
    console.info(
      `drift put in and found again: worst difference ${worst.toFixed(3)} px of ${((Math.hypot(0.21, 0.33) * 11) / 0.3).toFixed(1)}`,
    );
    expect(confidence).toBeGreaterThan(0.7);
    expect(worst).toBeLessThan(0.5);
  });
});

describe("moving planes", () => {
  test("by parts of a pixel is exact for what the pixels resolve, and wraps", () => {
    const waves = [
      [3, 5, 1],
      [15, 2, 0.4],
      [0, 23, 0.7],
      [-7, 11, 2],
    ];
    const value = (y: number, x: number) =>
      waves.reduce((sum, [v, u, a]) => sum + a * Math.cos(2 * Math.PI * ((v * y) / 32 + (u * x) / 48) + a), 3);
    const sampled = (dy: number, dx: number) =>
      Float32Array.from({ length: 32 * 48 }, (_, i) => value(Math.floor(i / 48) - dy, (i % 48) - dx));
    for (const [dy, dx] of [
      [0.37, -1.81],
      [3, -5],
      [-40, 0.5],
    ]) {
      const moved = shiftWrapping({ data: sampled(0, 0), height: 32, width: 48 }, { dy, dx }).data;
      const expected = sampled(dy, dx);
      expect(Math.max(...moved.map((v, i) => Math.abs(v - expected[i])))).toBeLessThan(2e-5);
    }
  });

  test("a tilted focus is at every pixel the plane of its height", async () => {
    const imager = createImager(pupil, box);
    const volume = specimen(4);
    const step = 0.25;
    const planes = Array.from({ length: 25 }, (_, i) => -3 + i * step);
    const data = await imager.image(volume, planes);
    const tilt = stage({ tilt: [3, -2] });
    const heightAt = (y: number, x: number) => tiltHeight(tilt, (y - 64) * box.pixelSize, (x - 80) * box.pixelSize);
    const tilted = tiltFocus({ data, height: box.height, width: box.width, first: -3, step }, heightAt);
    const random = new Random(5);
    const peak = data.reduce((most, v) => Math.max(most, v), 0);
    for (let n = 0; n < 12; n++) {
      const [y, x] = [random.integer(box.height), random.integer(box.width)];
      const exact = await imager.image(volume, [heightAt(y, x)]);
      expect(Math.abs(tilted.data[y * box.width + x] - exact[y * box.width + x])).toBeLessThan(0.004 * peak);
    }
    expect(() => tiltFocus({ data, height: box.height, width: box.width, first: -1, step: 0.01 }, heightAt)).toThrow(
      /image more planes/,
    );
  });

  test("a second channel lies where its shift, scale and rotation put it", () => {
    const plane = blobs(129, 129, 3);
    const parse = (given: object) => misregistrationOptions.parse(given);
    expect(
      misregister(plane, parse({}), 0.2).data.reduce((most, v, i) => Math.max(most, Math.abs(v - plane.data[i])), 0),
    ).toBeLessThan(1e-6);
    const shifted = misregister(plane, parse({ shift: [0.5, -0.9] }), 0.2);
    const { dy, dx } = measureShift(plane, shifted);
    expect(Math.abs(dy - 2.5)).toBeLessThan(0.2);
    expect(Math.abs(dx + 4.5)).toBeLessThan(0.2);
    // A spot 40 pixels right of the middle, turned by 5 degrees from x to y and magnified, moves down and out.
    const spot = { data: new Float32Array(129 * 129), height: 129, width: 129 };
    for (let i = 0; i < spot.data.length; i++) {
      spot.data[i] = Math.exp(-((Math.floor(i / 129) - 64) ** 2 + ((i % 129) - 104) ** 2) / 18);
    }
    const turned = misregister(spot, parse({ rotation: 5, scale: 1.05 }), 0.2).data;
    let [sum, y, x] = [0, 0, 0];
    turned.forEach((v, i) => {
      sum += v;
      y += v * (Math.floor(i / 129) - 64);
      x += v * ((i % 129) - 64);
    });
    expect(y / sum).toBeCloseTo(42 * Math.sin((5 * Math.PI) / 180), 1);
    expect(x / sum).toBeCloseTo(42 * Math.cos((5 * Math.PI) / 180), 1);
  });
});
