/** Volumes of numbers, a single plane being a volume of depth 1. */
import { ParfocalError } from "../../errors.ts";

export interface Extent {
  depth: number;
  height: number;
  width: number;
}

/** `[z, y, x]`, row-major, x fastest. */
export interface Volume extends Extent {
  data: Float32Array;
}

/** A point spread function on the grid of an image: odd along every axis, its centre in the middle, sum 1. */
export interface PsfVolume extends Volume {}

export const voxelsOf = ({ depth, height, width }: Extent): number => depth * height * width;

/** "32 x 256 x 256", or "256 x 256" for a plane. */
export function describeExtent({ depth, height, width }: Extent): string {
  return depth > 1 ? `${depth} x ${height} x ${width}` : `${height} x ${width}`;
}

/**
 * Whether a PSF is as {@link PsfVolume} promises.
 * @throws `image.unfit` for even sides, values that are not finite, or a sum that is not above 0
 */
export function checkPsfVolume(psf: PsfVolume): void {
  const { data, depth, height, width } = psf;
  const fail = (detail: string) => {
    throw new ParfocalError("image.unfit", `The PSF cannot be used: ${detail}.`, { detail });
  };
  if ([depth, height, width].some((side) => side % 2 !== 1) || data.length !== voxelsOf(psf)) {
    fail(`it is ${describeExtent(psf)} with ${data.length} values, expected odd sides so that it has a middle`);
  }
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  if (!Number.isFinite(sum) || sum <= 0) fail(`its values sum to ${sum}, expected a finite number above 0`);
}
