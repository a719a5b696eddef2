/** Measures how confident a single-plane model is of the direction in which an image is out of focus. */
import { throwIfAborted } from "../../errors.ts";
import type { ImageFile } from "../../image/image-file.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { AnyRefocusModel } from "../model-info.ts";
import { createDirectionMeter, directionConfidence, directionDistances, probabilityUp } from "./direction.ts";
import { openRefocusable, type RefocusSource } from "./refocus-image.ts";

export interface DirectionOfImageOptions extends RefocusSource {
  tileSize?: number | undefined;
}

export interface DirectionOfImage {
  /** Mean over regions with content: 0.5 is a guess, 1 is certain. */
  confidence: number;
  /** Share of the regions whose focus is estimated to lie at positive distances. */
  up: number;
  regions: number;
  /** Share of regions whose direction was right on held-out stacks when the model was trained. */
  accuracy: number;
}

/**
 * Runs the network four more times over the image, twice to each side.
 * @returns undefined for models of several planes, for which the direction is known, and for models whose training
 *   could not measure it
 * @throws what {@link openRefocusable} and its `refocus` throw
 */
export async function directionOfImage(
  model: AnyRefocusModel,
  runtime: Runtime,
  file: ImageFile,
  { tileSize, ...source }: DirectionOfImageOptions = {},
): Promise<DirectionOfImage | undefined> {
  const { info } = model;
  if (info.method !== "deep-z" || info.direction === undefined) return undefined;
  const { direction: calibration } = info;
  const image = await openRefocusable(model, runtime, file, source);
  const { height, width } = image;
  const meter = createDirectionMeter({ height, width });
  for (const distance of directionDistances(info.distance_range)) {
    for (const direction of [1, -1] as const) {
      throwIfAborted(source.signal);
      const data = new Float32Array(height * width);
      const distances = [direction * distance];
      await image.refocus({ distances, tileSize, signal: source.signal }, async (_, y0, rows) =>
        data.set(rows, y0 * width),
      );
      meter.add({ data, height, width }, direction);
    }
  }
  const readings = meter.result();
  const ups = readings.filter(({ statistic }) => probabilityUp(statistic, calibration) > 0.5).length;
  return {
    confidence: directionConfidence(readings, calibration),
    up: readings.length === 0 ? 0.5 : ups / readings.length,
    regions: readings.length,
    accuracy: calibration.accuracy,
  };
}
