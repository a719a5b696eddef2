/** A short training, from simulated holograms to a file with the field in focus. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { overrideCalibration } from "../src/image/calibration.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { planeOf } from "../src/image/image.ts";
import type { NamedStack } from "../src/image/named-stack.ts";
import { openImage, readImage } from "../src/image/open-image.node.ts";
import { imageOfStack } from "../src/image/stack-image.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { fieldError } from "../src/metrics/field-error.ts";
import { focusHologram } from "../src/models/apply/hologram-apply.ts";
import { type HologramModel, modelFor } from "../src/models/model-info.ts";
import { propagate } from "../src/optics/imaging/angular-spectrum.ts";
import { inLineField } from "../src/optics/imaging/in-line-field.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { simulateField } from "../src/simulate/simulate-field.ts";
import { focusHologramFile } from "../src/tasks/focus-hologram-file.ts";
import { resolveConfig } from "../src/train/config.ts";
import { trainModel } from "../src/train/train.ts";
import { memoryStore } from "./helpers/tiny.ts";

let runtime: Runtime;
let folder: string;
let unseen: NamedStack;
let offAxis: NamedStack;
let model: HologramModel;
const store = memoryStore();
const light = { wavelength: 0.532, refractiveIndex: 1.333, pixelSize: 0.25, na: 0.5 };

beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
  folder = mkdtempSync(join(tmpdir(), "parfocal-hidef-"));
  const recipe = { ...(shippedRecipe("holograms") as object), size: 112, planes: 5 };
  const samples: NamedStack[] = [];
  for (let index = 0; index < 6; index++) {
    const { images } = await simulateField(recipe, {}, { index });
    const { stack, field } = images["in-line"];
    samples.push({ name: `field ${index}`, stack, field });
    offAxis = { name: "off-axis", stack: images["off-axis"].stack };
  }
  [unseen] = samples.splice(0, 1);
  const config = resolveConfig({
    method: "hidef",
    architecture: { channels: [8, 16, 32, 32] },
    patch_size: 64,
    batch_size: 4,
    distance_range: [-10, -5],
    distance_error: 5,
    val_split: "stack",
    num_steps: 120,
    steps_per_epoch: 60,
    learning_rate: 2e-3,
    warmup_steps: 10,
  });
  await trainModel(samples, config, { runtime, store });
  if (store.model) model = modelFor({ ...store.model, path: "model" }, "hologram");
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await runtime.close();
});

const focusPlane = 2;
const truthOf = ({ field, stack }: NamedStack) => ({
  real: field ? planeOf(field.real, focusPlane).data : new Float32Array(),
  imag: field ? planeOf(field.imag, focusPlane).data : new Float32Array(),
  height: stack.height,
  width: stack.width,
});

describe("a short training", () => {
  it("ends below the angular spectrum's errors on fields that it has not seen", async () => {
    const truth = truthOf(unseen);
    // Plane 0 lies 10 um below the focus, plane 1 5 um.
    for (const [plane, distance] of [
      [0, -10],
      [1, -5],
    ]) {
      const hologram = planeOf(unseen.stack, plane);
      for (const error of [0, 5]) {
        const sent = propagate(inLineField(hologram), light, distance + error);
        const ours = await focusHologram(model, runtime, hologram, light, { distance: distance + error });
        const [before, after] = [fieldError(sent, truth), fieldError(ours, truth)];
        expect(after.phase_rms_rad).toBeLessThan(0.5 * before.phase_rms_rad);
        expect(after.mae).toBeLessThan(0.7 * before.mae);
      }
    }
  });

  it("is judged beside the angular spectrum alone, distance by distance", () => {
    expect(store.rows[0]).toHaveProperty("val_phase_rms_rad");
    const [first, last] = [store.rows[0], store.rows.at(-1) ?? {}];
    expect(last.val_loss).toBeLessThan(first.val_loss);
    expect(last.val_input_phase_rms_rad).toBe(first.val_input_phase_rms_rad);
    const { validation, distance_range, distance_error, optics } = model.info;
    expect(validation.phase_rms_rad).toBeLessThan(0.5 * validation.input_phase_rms_rad);
    expect({ distance_range, distance_error, optics }).toEqual({
      distance_range: [-10, -5],
      distance_error: 5,
      optics: { na: 0.5, wavelength: 0.532, refractive_index: 1.333 },
    });
  });
});

describe("a hologram in a file", () => {
  const write = async (name: string, { stack }: NamedStack, planes: number[]) => {
    const size = stack.height * stack.width;
    const data = new Float32Array(planes.length * size);
    planes.forEach((plane, i) => {
      data.set(planeOf(stack, plane).data, i * size);
    });
    const path = join(folder, name);
    await writeImage(path, imageOfStack({ ...stack, data, depth: planes.length }, path), { force: true });
    // ImageJ files hold pixels and steps, but not the light.
    const { wavelength, refractiveIndex, na } = stack.optics ?? {};
    return overrideCalibration(await openImage(path), { wavelength, refractiveIndex, na });
  };

  it("becomes amplitude and phase, of a stack the plane that was chosen", async () => {
    const file = await write("stack.tif", unseen, [0, 1]);
    const output = join(folder, "field.tif");
    const done = await focusHologramFile(fileStorage, model, runtime, file, output, {
      distance: -9,
      plane: 0,
      tileSize: 64,
    });
    expect(done).toMatchObject({ output, method: "hidef", distance_um: -9, warnings: [] });
    const image = await readImage(output);
    expect(image).toMatchObject({ axes: "CYX", shape: [2, 112, 112] });
    const phase = image.data.subarray(112 * 112);
    const { real, imag } = truthOf(unseen);
    const wanted = real.map((re, i) => Math.atan2(imag[i], re));
    const errorOf = (found: ArrayLike<number>) =>
      Math.sqrt(wanted.reduce((sum, value, i) => sum + (value - found[i]) ** 2, 0) / wanted.length);
    expect(errorOf(phase)).toBeLessThan(0.5 * errorOf(wanted.map(() => 0)));
    const sought = await focusHologramFile(fileStorage, model, runtime, file, output, {
      distance: "auto",
      plane: 0,
      force: true,
    });
    expect(sought.distance_um).toBeGreaterThanOrEqual(-10);
    expect(sought.distance_um).toBeLessThanOrEqual(-5);
    await file.close();
  });

  it("is refused in one sentence where it does not fit", async () => {
    const output = join(folder, "refused.tif");
    const attempt = async (sample: NamedStack, planes: number[], options: object): Promise<string> => {
      const file = await write("input.tif", sample, planes);
      try {
        await focusHologramFile(fileStorage, model, runtime, file, output, options);
        return "";
      } catch (error) {
        return String(error);
      } finally {
        await file.close();
      }
    };
    const distance = -8;
    const unknown = (key: "wavelength" | "pixelSize"): NamedStack => {
      const { pixelSize, optics, ...rest } = unseen.stack;
      return {
        ...unseen,
        stack:
          key === "wavelength" ? { ...rest, ...(pixelSize && { pixelSize }) } : { ...rest, ...(optics && { optics }) },
      };
    };
    expect(await attempt(unseen, [0], {})).toMatch(/give `distance` in um along the light \(it learnt -10 to -5\)/);
    expect(await attempt(unseen, [0, 1], { distance })).toMatch(/has 2 planes, and the model takes one hologram/);
    expect(await attempt(offAxis, [0], { distance })).toMatch(/fringes of an off-axis hologram.*`off_axis` auto/);
    expect(await attempt(unknown("wavelength"), [0], { distance })).toMatch(/wavelength is not known/);
  });
});
