/**
 * HiLo images: one with uniform and one with speckled light for every plane, from which the section is computed (Lim,
 * Chu & Mertz, Opt. Lett. 33, 1819, 2008).
 */
import { breatheThrough } from "../../array/breathe.ts";
import type { Volume } from "../phantom/volume.ts";
import {
  checkPlanes,
  checkSides,
  drawSlice,
  groupBySlicing,
  type Imager,
  levelsWithContent,
  shiftedBank,
} from "./image-volume.ts";
import { createPace, type ImagingControl } from "./pace.ts";
import { requirePlanes } from "./require-planes.ts";
import type { Speckle } from "./speckle.ts";
import { superpose, transformSlicesSteps } from "./superpose.ts";

/**
 * Images a specimen in the light of one diffuser position. The pattern belongs to the objective and moves with its
 * focus, as it does when the specimen's stage is moved; every slice is lit by the speckle of its own distance.
 *
 * Every pair of slice and plane needs a transform: 40 slices and 14 planes of 512 x 512 take twenty times the work of
 * wide field.
 *
 * @param imager the detection
 * @param planes focal planes, um
 * @returns `[planes, height, width]` in the unit of `imageVolume`
 * @throws `usage` as `imageVolume`, `interrupted`
 */
export async function imageWithSpeckle(
  imager: Imager,
  speckle: Speckle,
  volume: Volume,
  planes: readonly number[],
  control: ImagingControl = {},
): Promise<Float32Array> {
  checkSides(imager, volume);
  checkPlanes(planes);
  requirePlanes(planes.length, imager);
  const pace = createPace(control, planes.length);
  const { height, width, plan } = imager;
  const { sliceStep } = volume;
  const levels = levelsWithContent(volume);
  const out = new Float32Array(planes.length * height * width);
  for (const { indices, levels: focal, offset } of groupBySlicing(volume, planes)) {
    const bank = shiftedBank(imager, sliceStep, offset);
    for (const [i, plane] of focal.entries()) {
      const work = transformSlicesSteps(plan, levels, (slice, s) => {
        drawSlice(slice, volume, levels[s], speckle.at((levels[s] - plane) * sliceStep - offset));
      });
      const slices = await breatheThrough(work, control.signal);
      for (const image of superpose(plan, slices, [plane], bank)) out.set(image, indices[i] * height * width);
      await pace();
    }
  }
  return out;
}
