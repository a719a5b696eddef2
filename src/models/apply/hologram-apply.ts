/** Reconstructs in-focus fields from in-line holograms of any size with a model. */
import { ParfocalError } from "../../errors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { readOnnx } from "../../graph/onnx/read.ts";
import type { Plane } from "../../image/image.ts";
import type { Region } from "../../image/image-file.ts";
import { propagate } from "../../optics/imaging/angular-spectrum.ts";
import type { CoherentLight } from "../../optics/imaging/coherent-light.ts";
import type { ComplexField } from "../../optics/imaging/complex-field.ts";
import { inLineField } from "../../optics/imaging/in-line-field.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { Warning } from "../../warning.ts";
import type { HologramModel } from "../model-info.ts";
import { hidefAlignment } from "../networks/hidef.ts";
import { applyTiles, type TiledField, type TileOptions } from "./apply-tiles.ts";
import type { ReadRegion } from "./mirrored-region.ts";
import { crop } from "./pixel-grid.ts";

export interface FocusHologramOptions extends TileOptions {
  /** Approximate distance from the hologram to the specimen, um along the light. */
  distance: number;
  /** A hologram of the empty field, of the same size. */
  background?: Plane | undefined;
}

/**
 * Back-propagates the whole hologram by the angular spectrum, then focuses it with the network tile by tile, without
 * seams.
 *
 * @returns the field, of the size of the hologram; its mean intensity is about 1 and its phase about 0 where it is
 *   empty
 * @throws image.unfit for a dark hologram; model.unfit when description and network do not fit; usage for an impossible
 *   wavelength, pixel size or distance; interrupted
 */
export async function focusHologram(
  model: HologramModel,
  runtime: Runtime,
  hologram: Plane,
  light: CoherentLight,
  { distance, background, ...options }: FocusHologramOptions,
): Promise<ComplexField> {
  const sent = propagate(ofMeanOne(inLineField(hologram, background)), light, distance);
  return focusField(model, runtime, sent, light.pixelSize, options);
}

/**
 * Applies the network alone.
 * @param field near the plane of the specimen, mean intensity 1, float32
 * @param pixelSize um; a field with another pixel size than the model's is resampled to it and back
 */
export async function focusField(
  model: HologramModel,
  runtime: Runtime,
  { real, imag, height, width }: ComplexField,
  pixelSize: number,
  options: TileOptions = {},
): Promise<ComplexField> {
  checkNetwork(model);
  const whole = { x: 0, y: 0, height, width };
  const reader =
    (data: Float32Array): ReadRegion =>
    async (region: Region) =>
      crop(data, whole, region);
  const parts = [reader(Float32Array.from(real)), reader(Float32Array.from(imag))];
  const tiled: TiledField<Tensor> = {
    graphAt: (y, x) => readOnnx(model.onnx, { batch: 1, y, x }),
    alignment: hidefAlignment(model.info.architecture),
    modelPixelSize: model.info.pixel_size,
    width,
    height,
    pixelSize: { y: pixelSize, x: pixelSize },
    passes: 1,
    async prepare(seen, at) {
      const size = seen.height * seen.width;
      const data = new Float32Array(2 * size);
      for (const [k, part] of parts.entries()) data.set(await at(part), k * size);
      return { type: "float32", shape: [1, 2, seen.height, seen.width], data };
    },
    async run(session, field) {
      const { focused } = await session.run("network", { field });
      const data = focused.data as Float32Array;
      return [data.subarray(0, data.length / 2), data.subarray(data.length / 2)];
    },
  };
  const out = [new Float32Array(height * width), new Float32Array(height * width)];
  await applyTiles(runtime, tiled, options, async (_pass, part, y0, rows) => out[part].set(rows, y0 * width));
  return { real: out[0], imag: out[1], height, width };
}

function checkNetwork({ info, onnx, path }: HologramModel): void {
  const size = 4 * hidefAlignment(info.architecture);
  const graph = readOnnx(onnx, { batch: 1, y: size, x: size });
  const [input] = graph.inputs;
  const fits = graph.inputs.length === 1 && input.name === "field" && input.shape[1] === 2;
  if (fits && graph.outputs.has("focused")) return;
  const detail = 'its network does not take "field" of 2 channels and give "focused"';
  throw new ParfocalError("model.unfit", `${path}: the description and the network do not fit: ${detail}.`, {
    path,
    detail,
  });
}

/**
 * Scales the field to a mean intensity of 1, as in training, so that the brightness of the background does not matter.
 */
function ofMeanOne(field: ComplexField): ComplexField {
  let power = 0;
  for (let i = 0; i < field.real.length; i++) power += field.real[i] ** 2 + field.imag[i] ** 2;
  const scale = Math.sqrt(field.real.length / power);
  return { ...field, real: field.real.map((value) => value * scale), imag: field.imag.map((value) => value * scale) };
}

/** Warnings about conditions that differ from those of the training. */
export function hologramWarnings({ info }: HologramModel, light: CoherentLight, distance: number): Warning[] {
  const warnings: Warning[] = [];
  const [low, high] = info.distance_range;
  // Training covered the range of distances with the largest error on both sides.
  if (distance < low - info.distance_error || distance > high + info.distance_error) {
    warnings.push({
      code: "distance_range",
      text:
        `A distance of ${distance} um is outside the range that the model was trained on (${low} to ${high} um, with errors of up to ` +
        `${info.distance_error} um): the result is not reliable.`,
    });
  }
  if (Math.abs(light.pixelSize / info.pixel_size - 1) > 0.02) {
    warnings.push({
      code: "resampled",
      text: `Pixels of ${light.pixelSize} um are resampled to the model's ${info.pixel_size} um.`,
    });
  }
  const { optics } = info;
  for (const [what, mine, theirs] of [
    ["wavelength", light.wavelength, optics.wavelength],
    ["refractive index", light.refractiveIndex, optics.refractive_index],
    ["numerical aperture", light.na, optics.na],
  ] as const) {
    if (mine !== undefined && theirs !== undefined && Math.abs(mine / theirs - 1) > 0.05) {
      warnings.push({
        code: "different_optics",
        text: `The ${what} is ${mine}, but the model was trained at ${theirs}, where light propagates differently.`,
      });
    }
  }
  return warnings;
}
