/** The true position of the stage and the brightness of the light at every plane of a stack. */
import type { Random } from "../../array/random.ts";
import type { StageOptions } from "./stage-options.ts";

/** Ground truth about one plane, as plain data. */
export interface StagePosition {
  /** Height of the focal plane at the middle of the field, um; rounded to the quantum of the stage. */
  z: number;
  /** Shift of the specimen in the field, um: towards larger coordinates where positive. */
  dy: number;
  dx: number;
  /** Brightness of the light, 1 at the first plane without flicker. */
  brightness: number;
}

/**
 * Draws the actual positions of nominal planes. Steps are scaled by `z_scale`, and each position has an error of
 * `z_error`; drift accumulates from the first plane, the shift by a tilted axis is proportional to z, and bleaching
 * multiplies from plane to plane.
 *
 * @param nominal heights of the planes, um, in the order of recording
 * @param quantum heights are rounded to multiples of this, um, so that OTFs are shared between fields; a quarter of the
 * volume's slices is finer than a tenth of the depth of focus. 0 rounds nothing
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

/** Height of the focal plane at a point of the field relative to the centre, um, of a tilted specimen. */
export function tiltHeight({ tilt }: Pick<StageOptions, "tilt">, y: number, x: number): number {
  const [alongY, alongX] = tilt.map((degrees) => Math.tan((degrees * Math.PI) / 180));
  return alongY * y + alongX * x;
}

/** Whether the focus varies over the field of view. */
export const isTilted = ({ tilt }: Pick<StageOptions, "tilt">): boolean => tilt.some((degrees) => degrees !== 0);
