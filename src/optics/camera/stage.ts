/** Where a stage really was, and how bright the light, at every plane of a stack. */
import type { Random } from "../../array/random.ts";
import type { StageOptions } from "./stage-options.ts";

/** The truth about one plane. JSON can hold it. */
export interface StagePosition {
  /** Height of the focal plane at the middle of the field, um; rounded to the stage's quantum. */
  z: number;
  /** Of the specimen in the field, um: towards larger coordinates where positive. */
  dy: number;
  dx: number;
  /** Brightness of the light, 1 at the first plane without flicker. */
  brightness: number;
}

/**
 * Draws what becomes of nominal planes. Steps are wrong by `z_scale` and, each on its own, by `z_error`; drift adds up from the
 * first plane on, the shift of a tilted axis grows with z from z = 0; bleaching multiplies from plane to plane.
 *
 * @param nominal heights of the planes, um, in the order of recording
 * @param quantum heights are rounded to multiples of this, um, so that OTFs are shared between fields; a quarter of the volume's
 * slices is finer than a tenth of the depth of focus. 0 rounds nothing
 */
export function stagePositions(
  options: StageOptions,
  nominal: readonly number[],
  random: Random,
  quantum = 0,
): StagePosition[] {
  const { drift, drift_walk: walk, axis_tilt: axis, z_error: error, z_scale: scale, bleaching, flicker } = options;
  const slope = axis.map((degrees) => Math.tan((degrees * Math.PI) / 180));
  const walked = [0, 0];
  return nominal.map((height, i) => {
    const exact = height * scale + (error > 0 ? error * random.normal() : 0);
    const z = quantum > 0 ? Math.round(exact / quantum) * quantum : exact;
    const [dy, dx] = [0, 1].map((axisIndex) => {
      if (i > 0 && walk > 0) walked[axisIndex] += walk * random.normal();
      return i * drift[axisIndex] + walked[axisIndex] + slope[axisIndex] * height;
    });
    const lamp = flicker > 0 ? Math.max(0, 1 + flicker * random.normal()) : 1;
    return { z, dy, dx, brightness: (1 - bleaching) ** i * lamp };
  });
}

/** Whether focus varies over the field. */
export const isTilted = ({ tilt }: Pick<StageOptions, "tilt">): boolean => tilt.some((degrees) => degrees !== 0);

/** Height of the focal plane over the middle one's at a point of the field, um, where the specimen is tilted. */
export function tiltHeight({ tilt }: Pick<StageOptions, "tilt">, y: number, x: number): number {
  const [alongY, alongX] = tilt.map((degrees) => Math.tan((degrees * Math.PI) / 180));
  return alongY * y + alongX * x;
}
