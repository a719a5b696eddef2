/** Measures how confident a single-plane model is of the direction in which an image is out of focus. */
import { throwIfAborted } from "../../errors.ts";
import { createDirectionMeter, directionConfidence, directionDistances, probabilityUp } from "./direction.ts";
import type { RefocusableImage } from "./refocus-image.ts";

export interface DirectionOfImageOptions {
  tileSize?: number | undefined;
  signal?: AbortSignal | undefined;
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
 * @throws interrupted; what the `refocus` of the image throws
 */
export async function directionOfImage(
  image: RefocusableImage,
  { tileSize, signal }: DirectionOfImageOptions = {},
): Promise<DirectionOfImage | undefined> {
  const { info } = image.model;
  if (info.method !== "deep-z" || info.direction === undefined) return undefined;
  const { direction: calibration } = info;
  const { height, width } = image;
  const meter = createDirectionMeter({ height, width });
  for (const distance of directionDistances(info.distance_range)) {
    for (const direction of [1, -1] as const) {
      throwIfAborted(signal);
      const data = new Float32Array(height * width);
      const distances = [direction * distance];
      await image.refocus({ distances, tileSize, signal }, async (_, y0, rows) => data.set(rows, y0 * width));
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

/** How far the direction can be trusted, as a part of a sentence. */
export function directionInWords({ confidence, regions, accuracy }: DirectionOfImage): string {
  const here = `confidence ${confidence.toFixed(2)} over ${regions} regions (0.5 is chance)`;
  return `${here}; on held-out stacks, the direction was right in ${Math.round(100 * accuracy)} % of them`;
}
