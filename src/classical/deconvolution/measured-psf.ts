/**
 * Prepares a measured PSF, such as the image of a small bead, for an image: without background, centred, on its grid.
 */

import { requireMemory } from "../../array/require-memory.ts";
import { median } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { Stack } from "../../image/image.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import type { Warning } from "../../warning.ts";
import { resampleVolume } from "./resample-volume.ts";
import { trimPsf } from "./trim-psf.ts";
import type { Extent, PsfVolume, Volume } from "./volume.ts";

/** The image that a PSF is prepared for. Lengths in um. */
export interface PsfTarget extends Extent {
  pixelSize?: { y: number; x: number } | undefined;
  zStep?: number | undefined;
}

export interface MeasuredPsf {
  psf: PsfVolume;
  /** Where its centre was found, in voxels of what was measured. */
  centre: { z: number; y: number; x: number };
  warnings: Warning[];
}

/**
 * Subtracts the background (the median of the outermost voxels), finds the centre to a fraction of a voxel, resamples
 * the PSF to the pixel size and z step of the image with its centre in the middle, crops it to the size of the image,
 * and scales it to sum 1. For an image of one plane, the plane in focus is used. Negative values become 0.
 *
 * @throws `image.unfit` for a PSF that is constant, not finite or without a peak
 */
export function measuredPsf(stack: Stack, target: PsfTarget): MeasuredPsf {
  const { depth, height, width } = stack;
  const fail = (detail: string): never => {
    throw new ParfocalError("image.unfit", `The PSF cannot be used: ${detail}.`, { detail });
  };
  refuseNonFinite(stack.data, { what: "The PSF cannot be used", width, height, z: 0 });
  const background = median(outermost(stack));
  const clean: Volume = { depth, height, width, data: stack.data.map((v) => Math.max(0, v - background)) };
  const centre = findCentre(clean);
  if (!centre) return fail("it has no peak above its background; give the image of one small bead, or a computed PSF");

  const warnings: Warning[] = [];
  if (target.depth > 1 && depth === 1) {
    warnings.push({
      code: "flat_psf",
      text: "The PSF has one plane and the stack several, so that each plane is deconvolved separately and light from other planes remains.",
    });
  }
  const ratio = (image: number | undefined, psf: number | undefined, what: string) => {
    if (image !== undefined && psf !== undefined) return image / psf;
    warnings.push({
      code: "assumed_calibration",
      text: `The ${what} of the ${psf === undefined ? "PSF" : "image"} is not known; that of the other is assumed.`,
    });
    return 1;
  };
  const stepY = ratio(target.pixelSize?.y, stack.pixelSize?.y, "pixel size");
  const stepX = target.pixelSize && stack.pixelSize ? target.pixelSize.x / stack.pixelSize.x : 1;
  const deep = depth > 1 && target.depth > 1;
  const stepZ = deep ? ratio(target.zStep, stack.zStep, "z step") : 1;
  const around = (middle: number, size: number, step: number, most: number) => {
    const reach = Math.min(Math.floor(Math.max(middle, size - 1 - middle) / step), most);
    return { length: 2 * reach + 1, start: middle - reach * step, step };
  };
  const samplings = [
    around(centre.z, depth, stepZ, deep ? target.depth - 1 : 0),
    around(centre.y, height, stepY, target.height - 1),
    around(centre.x, width, stepX, target.width - 1),
  ] as const;
  requireMemory({
    what: `A PSF of ${samplings.map(({ length }) => length).join(" x ")} voxels on the grid of the image (of ${depth} x ${height} x ${width} recorded)`,
    bytes: 8 * samplings.reduce((product, { length }) => product * length, 1),
    advice: "a smaller crop of the bead, or the right pixel sizes of PSF and image",
    option: "psf",
  });
  const resampled = resampleVolume(clean, ...samplings);
  if (Math.min(stepY, stepX, stepZ) < 0.25 || Math.max(stepY, stepX, stepZ) > 4) {
    warnings.push({
      code: "psf_resampled",
      text:
        `The image's voxels are ${[stepZ, stepY, stepX].map((s) => s.toPrecision(2)).join(" x ")} (z, y, x) of the PSF's: ` +
        "check both pixel sizes and z steps.",
    });
  }
  return { psf: trimPsf(resampled), centre, warnings };
}

/** The voxels of the outermost rows and columns of all planes: dark in the image of a bead. */
function outermost({ data, depth, height, width }: Stack): Float32Array {
  const edge: number[] = [];
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const row = (z * height + y) * width;
      if (y === 0 || y === height - 1) for (let x = 0; x < width; x++) edge.push(data[row + x]);
      else edge.push(data[row], data[row + width - 1]);
    }
  }
  return Float32Array.from(edge);
}

/**
 * Centre of mass of the peak: from the voxel that is brightest among its neighbours' means, over all voxels within a
 * few of it that have more than half its height, again and again about the centre found.
 */
function findCentre({ data, depth, height, width }: Volume): { z: number; y: number; x: number } | undefined {
  let best = -1;
  let height0 = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 1; y < height - 1; y++) {
      for (let x = 1; x < width - 1; x++) {
        const i = (z * height + y) * width + x;
        const value = data[i] + 0.5 * (data[i - 1] + data[i + 1] + data[i - width] + data[i + width]);
        if (value > height0) [height0, best] = [value, i];
      }
    }
  }
  if (best < 0) return undefined;
  const [z, y, x] = [Math.floor(best / (height * width)), Math.floor(best / width) % height, best % width];
  const half = height0 / 6;
  // As far as the peak stays above half its height, and no farther: rings and neighbours stay out.
  const extent = (stride: number, at: number, size: number) => {
    let reach = 0;
    while (
      (at - reach - 1 >= 0 && data[best - (reach + 1) * stride] > half) ||
      (at + reach + 1 < size && data[best + (reach + 1) * stride] > half)
    ) {
      reach++;
      if (reach > size) break;
    }
    return reach + 1;
  };
  const [rz, ry, rx] = [extent(height * width, z, depth), extent(width, y, height), extent(1, x, width)];
  let [sum, sz, sy, sx] = [0, 0, 0, 0];
  for (let c = Math.max(0, z - rz); c <= Math.min(depth - 1, z + rz); c++) {
    for (let b = Math.max(0, y - ry); b <= Math.min(height - 1, y + ry); b++) {
      for (let a = Math.max(0, x - rx); a <= Math.min(width - 1, x + rx); a++) {
        const weight = data[(c * height + b) * width + a] - half;
        if (weight <= 0) continue;
        sum += weight;
        sz += weight * c;
        sy += weight * b;
        sx += weight * a;
      }
    }
  }
  return sum > 0 ? { z: sz / sum, y: sy / sum, x: sx / sum } : { z, y, x };
}
