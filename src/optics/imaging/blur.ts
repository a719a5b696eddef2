/** Blurs a plane as if it were out of focus: convolution with the widefield PSF. */

import { createRealFft2, nextFastSize } from "../../array/fft.ts";
import { reflectedIndex } from "../../array/reflected-index.ts";
import { ParfocalError } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import { requirePlausible } from "../../image/plausible-calibration.ts";
import { createOtfBank } from "../psf/otf.ts";
import { psfSize } from "../psf/psf.ts";
import { checkPupil, type Pupil } from "../psf/pupil.ts";
import { superpose, transformSlices } from "./superpose.ts";

export interface BlurOptions {
  /** Camera pixel in the specimen plane, um. */
  pixelSize: number;
  /** z(emitter) - z(focal plane), um. */
  defocus: number;
}

/**
 * The image of a plane at a defocus, assuming that all of the specimen lies in one slice. The plane is mirrored beyond
 * its edges (edge pixel repeated), so that nothing wraps and a constant plane stays constant.
 *
 * @returns a new plane of the same size, in the same unit
 * @throws `usage` for impossible optics, or a defocus whose blur exceeds 4096 pixels
 */
export function blur(plane: Plane, pupil: Pupil, options: BlurOptions): Plane {
  checkPupil(pupil);
  const { pixelSize, defocus } = options;
  requirePlausible("pixel_size", pixelSize);
  const margin = psfSize(pupil, pixelSize, defocus) / 2;
  if (!(margin <= 2048)) {
    const message = `Optics: at defocus ${defocus} um the blur is ${2 * margin} pixels wide; the maximum is 4096; give a smaller defocus.`;
    throw new ParfocalError("usage", message, { option: "defocus", got: defocus, expected: "blur up to 4096 pixels" });
  }
  const height = nextFastSize(plane.height + 2 * margin);
  const width = nextFastSize(plane.width + 2 * margin);
  const plan = createRealFft2(height, width);
  const bank = createOtfBank(pupil, { pixelSize, step: defocus, height, width });
  const slices = transformSlices(plan, [1], (image) => drawMirrored(plane, image, width, margin));

  const out = new Float32Array(plane.height * plane.width);
  for (const image of superpose(plan, slices, [0], bank)) {
    for (let y = 0; y < plane.height; y++) {
      const start = (y + margin) * width + margin;
      out.set(image.subarray(start, start + plane.width), y * plane.width);
    }
  }
  return { data: out, height: plane.height, width: plane.width };
}

/** The plane at [margin, margin] of a larger image, mirrored `margin` pixels outwards. */
function drawMirrored(plane: Plane, image: Float32Array, width: number, margin: number): void {
  for (let y = 0; y < plane.height + 2 * margin; y++) {
    const source = reflectedIndex(y - margin, plane.height) * plane.width;
    for (let x = 0; x < plane.width + 2 * margin; x++) {
      image[y * width + x] = plane.data[source + reflectedIndex(x - margin, plane.width)];
    }
  }
}
