/** A PSF computed from the optics for the grid of an image. */

import { ParfocalError } from "../../errors.ts";
import { widefieldPsf } from "../../optics/psf/psf.ts";
import { checkPupil, nyquistPixelSize, type Pupil } from "../../optics/psf/pupil.ts";
import type { PsfTarget } from "./measured-psf.ts";
import { trimPsf } from "./trim-psf.ts";
import { type PsfVolume, voxelsOf } from "./volume.ts";

/** The share of the z range of a stack by which light is followed beyond it. */
const beyond = 0.5;

/**
 * The widefield PSF of an objective: in focus for one plane; for a stack one plane for each distance up to half the stack's
 * depth on either side, where most of the light of a point has spread too far to be told from haze.
 *
 * @throws `calibration.missing` where the pixel size or z step is not known, `usage` for impossible optics
 */
export function opticalPsf(pupil: Pupil, target: PsfTarget): { psf: PsfVolume; warnings: string[] } {
  checkPupil(pupil);
  const pixelSize = need(target.pixelSize, "the pixel size", "--pixel-size");
  const zStep = target.depth > 1 ? need(target.zStep, "the z step", "--z-step") : 1;
  const reach = target.depth > 1 ? Math.max(1, Math.ceil(beyond * target.depth)) : 0;
  const side = (n: number) => 2 * (n - 1) + 1;
  const [height, width] = [side(target.height), side(target.width)];
  const depth = 2 * reach + 1;
  const planes = Array.from({ length: depth }, (_, z) =>
    widefieldPsf(pupil, { pixelSize: pixelSize.x, defocus: (z - reach) * zStep }),
  );
  const most = Math.max(...planes.map((plane) => plane.size)) - 1;
  const size = { depth, height: Math.min(height, most), width: Math.min(width, most) };
  const data = new Float32Array(voxelsOf(size));
  planes.forEach((plane, z) => {
    const middle = plane.size / 2;
    for (let y = 0; y < size.height; y++) {
      const fromY = y - (size.height - 1) / 2 + middle;
      if (fromY < 1 || fromY >= plane.size) continue;
      for (let x = 0; x < size.width; x++) {
        const fromX = x - (size.width - 1) / 2 + middle;
        if (fromX < 1 || fromX >= plane.size) continue;
        data[(z * size.height + y) * size.width + x] = plane.data[fromY * plane.size + fromX];
      }
    }
  });
  const warnings: string[] = [];
  const nyquist = nyquistPixelSize(pupil);
  if (pixelSize.x > nyquist) {
    warnings.push(
      `Pixels of ${pixelSize.x} um are coarser than the ${nyquist.toPrecision(3)} um that the objective resolves: ` +
        "finer detail than the pixels was not recorded and does not come back.",
    );
  }
  return { psf: trimPsf({ ...size, data }), warnings };
}

function need<T>(value: T | undefined, what: string, option: string): T {
  if (value !== undefined) return value;
  throw new ParfocalError(
    "calibration.missing",
    `${what[0].toUpperCase()}${what.slice(1)} is not in the image, and a PSF cannot be computed without it; give ${option}.`,
    { what, option },
  );
}
