/** A hologram in a file to amplitude and phase in focus, by a model. */

import { focusOfHologram } from "../classical/refocusing/focus-of-hologram.ts";
import { fringesOf } from "../classical/refocusing/fringes.ts";
import { focusWarnings } from "../classical/refocusing/hologram-focus-warnings.ts";
import { separateField } from "../classical/refocusing/reconstruct-hologram.ts";
import { ParfocalError } from "../errors.ts";
import { checkIndex, extentOf, refuseColour } from "../image/axes.ts";
import type { Plane } from "../image/image.ts";
import type { ImageFile } from "../image/image-file.ts";
import type { Storage } from "../image/storage.ts";
import { focusHologram, hologramWarnings } from "../models/apply/hologram-apply.ts";
import type { HologramModel } from "../models/model-info.ts";
import { inLineField } from "../optics/imaging/in-line-field.ts";
import type { Runtime } from "../run/runtime.ts";
import type { Warning } from "../warning.ts";
import { lightOf, readHologram, writeFields } from "./reconstruct-file.ts";

export interface FocusHologramFileOptions {
  /** From the hologram to the specimen, um along the light, or "auto": sought where the model was trained. */
  distance?: number | "auto" | undefined;
  channel?: number | undefined;
  time?: number | undefined;
  /** Which plane of a stack is the hologram. */
  plane?: number | undefined;
  /** A hologram without specimen. */
  background?: ImageFile | undefined;
  tileSize?: number | undefined;
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface FocusHologramFileResult {
  /** Two channels, float32: amplitude (1 where the field is empty) and phase (radians, 0 there). */
  output: string;
  method: "hidef";
  distance_um: number;
  /** Of a distance that was sought. */
  confidence?: number;
  /** Of the sign of a distance that was sought, 0.5 to 1; null where the model's range leaves no choice. */
  direction_confidence?: number | null;
  warnings: Warning[];
  seconds: number;
}

/**
 * @throws `output.exists` before any work; `usage` without a distance; `calibration.missing` without wavelength or pixel size;
 * `image.unfit` for several planes of which none was chosen; `model.unfit` for an off-axis hologram; what {@link focusHologram} throws
 */
export async function focusHologramFile(
  storage: Storage,
  model: HologramModel,
  runtime: Runtime,
  file: ImageFile,
  output: string,
  options: FocusHologramFileOptions = {},
): Promise<FocusHologramFileResult> {
  const begun = performance.now();
  await storage.checkOutput(output, options.force);
  refuseColour(file, file.path);
  const channel = checkIndex(file, "channel", options.channel, file.path);
  const { background: empty, distance: wanted, time, tileSize, signal, onProgress } = options;
  const { distance_range: range } = model.info;
  if (wanted === undefined) {
    const message =
      "A model needs to know about how far the specimen is from the hologram; give `distance` in um along the light " +
      `(it learnt ${range[0]} to ${range[1]}), or \`distance\` auto.`;
    throw new ParfocalError("usage", message, { option: "distance", expected: "a number, um, or auto" });
  }
  const light = lightOf(file, channel);
  const hologram = await readHologram(file, channel, time, chosenPlane(file, options.plane));
  refuseFringes(hologram, file.path, model);
  const background = empty && (await readHologram(empty, extentOf(empty, "C") > 1 ? channel : 0, undefined, 0));
  if (background && (background.height !== hologram.height || background.width !== hologram.width)) {
    const detail =
      `${file.path} has ${hologram.height} x ${hologram.width} pixels and the background ` +
      `${background.height} x ${background.width}; record both with one camera setting.`;
    throw new ParfocalError("image.unfit", detail, { path: file.path, detail });
  }
  const found =
    wanted === "auto"
      ? await focusOfHologram(inLineField(hologram, background), light, { range: spread(range), signal })
      : undefined;
  const distance = found?.distance ?? (wanted as number);
  const field = await focusHologram(model, runtime, hologram, light, {
    distance,
    background,
    tileSize,
    signal,
    onProgress,
  });
  await writeFields(storage, output, file, [separateField(field)], [0], options.force);
  return {
    output,
    method: "hidef",
    distance_um: distance,
    ...(found && { confidence: found.confidence, direction_confidence: found.directionConfidence ?? null }),
    warnings: [...(found ? focusWarnings(found, spread(range)) : []), ...hologramWarnings(model, light, distance)],
    seconds: (performance.now() - begun) / 1000,
  };
}

/** A range of one distance is none to be searched. */
const spread = ([low, high]: readonly [number, number]): [number, number] =>
  high > low ? [low, high] : [low - 0.25 * Math.abs(low), high + 0.25 * Math.abs(high)];

function chosenPlane(file: ImageFile, plane: number | undefined): number {
  const depth = extentOf(file, "Z");
  if (depth === 1 || plane !== undefined) return checkIndex(file, "z", plane, file.path);
  const detail = `${file.path} has ${depth} planes, and the model takes one hologram; choose it with \`input_planes 0\`.`;
  throw new ParfocalError("image.unfit", detail, { path: file.path, detail });
}

function refuseFringes(hologram: Plane, path: string, model: HologramModel): void {
  const fringes = fringesOf(hologram);
  if (fringes === undefined) return;
  const detail =
    `${path} has the fringes of an off-axis hologram, every ${fringes.toFixed(1)} pixels, and ${model.path} was trained on ` +
    "in-line ones; leave `model` out and give `off_axis` auto.";
  throw new ParfocalError("model.unfit", detail, { path: model.path, detail });
}
