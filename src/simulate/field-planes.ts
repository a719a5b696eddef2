/** Cuts the field out of planes of the whole box, shifted and warped as by the stage and a second channel. */

import type { Plane } from "../image/image.ts";
import { misregister, shiftWrapping, tiltFocus } from "../optics/camera/move-planes.ts";
import { isTilted, type StagePosition, tiltHeight } from "../optics/camera/stage.ts";
import type { MisregistrationOptions, StageOptions } from "../optics/camera/stage-options.ts";
import type { FieldBox } from "./field-box.ts";

/** Heights to image for planes at `positions`: their own or, for a tilted specimen, all slices around them. */
export function heightsToImage(stage: StageOptions, box: FieldBox, positions: readonly StagePosition[]): number[] {
  const heights = positions.map(({ z }) => z);
  if (!isTilted(stage)) return heights;
  const { sliceStep, height, width, pixelSize } = box.grid;
  const corners = [-0.5, 0.5].flatMap((y) => [-0.5, 0.5].map((x) => [y * height * pixelSize, x * width * pixelSize]));
  const reach = Math.max(...corners.map(([y, x]) => tiltHeight(stage, y, x)));
  const first = Math.floor((Math.min(...heights) - reach) / sliceStep) - 1;
  const last = Math.ceil((Math.max(...heights) + reach) / sliceStep) + 1;
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * sliceStep);
}

export interface FieldPlaces {
  stage: StageOptions;
  positions: readonly StagePosition[];
  registration: MisregistrationOptions;
  /** Size of the field, pixels. */
  size: number;
}

/**
 * The field in each plane, `[positions, size, size]`, without the brightness of the lamp, as work that yields before
 * every plane: see breathe.ts.
 * @param imaged planes of the box at {@link heightsToImage}
 */
export function* fieldPlanes(
  imaged: Float32Array,
  heights: readonly number[],
  box: FieldBox,
  places: FieldPlaces,
): Generator<void, Float32Array> {
  const { stage, positions, registration, size } = places;
  const { height, width, pixelSize, sliceStep } = box.grid;
  const frame = height * width;
  const planes = { data: imaged, height, width, first: heights[0], step: sliceStep };
  const middle = box.origin + (size - 1) / 2;
  const out = new Float32Array(positions.length * size * size);
  for (const [i, { z, dy, dx }] of positions.entries()) {
    yield;
    // The tilt is defined in the field: a lateral shift of the specimen does not change the height at each point of the
    // field.
    const focused: Plane = isTilted(stage)
      ? tiltFocus(planes, (y, x) => z + tiltHeight(stage, (y - middle) * pixelSize, (x - middle) * pixelSize))
      : { data: imaged.subarray(i * frame, (i + 1) * frame), height, width };
    const still = dy === 0 && dx === 0;
    const moved = still ? focused : shiftWrapping(focused, { dy: dy / pixelSize, dx: dx / pixelSize });
    const field = { data: cutOut(moved.data, box, size), height: size, width: size };
    const seen = isRegistered(registration) ? field : misregister(field, registration, pixelSize);
    out.set(seen.data, i * size * size);
  }
  return out;
}

const isRegistered = ({ shift, scale, rotation }: MisregistrationOptions): boolean =>
  shift[0] === 0 && shift[1] === 0 && scale === 1 && rotation === 0;

/** The field cut out of planes of the whole box, one after another. */
export function cutOut(planes: Float32Array, { grid, origin }: FieldBox, size: number): Float32Array {
  const depth = planes.length / (grid.height * grid.width);
  const out = new Float32Array(depth * size * size);
  for (let row = 0; row < depth * size; row++) {
    const start = (Math.floor(row / size) * grid.height + origin + (row % size)) * grid.width + origin;
    out.set(planes.subarray(start, start + size), row * size);
  }
  return out;
}
