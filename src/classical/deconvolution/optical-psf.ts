/** A PSF computed from the optics for the grid of an image. */
import { requireMemory } from "../../array/require-memory.ts";
import { ParfocalError } from "../../errors.ts";
import type { Optics } from "../../image/image.ts";
import type { PsfOpticsInput } from "../../optics/psf/optics-options.ts";
import type { Psf, PsfModel } from "../../optics/psf/psf-model.ts";
import type { Warning } from "../../warning.ts";
import type { PsfTarget } from "./measured-psf.ts";
import { trimPsf } from "./trim-psf.ts";
import { type PsfVolume, voxelsOf } from "./volume.ts";

/** Reach of the PSF along z as a share of the z range of a stack. */
const beyond = 0.5;

/**
 * The PSF of a model: where it is sharpest for one plane; for a stack one plane for each distance up to half the
 * stack's depth on either side, beyond which most of the light of a point has spread into the background.
 *
 * @throws `calibration.missing` where the pixel size or z step is not known, `image.unfit` for pixels that are not
 * square, and what the model throws
 */
export function opticalPsf(model: PsfModel, target: PsfTarget): { psf: PsfVolume; warnings: Warning[] } {
  const { y, x: pixelSize } = need(target.pixelSize, "the pixel size", "pixel_size");
  if (Math.abs(y / pixelSize - 1) > 0.01) {
    const detail = `pixels are ${y} um high and ${pixelSize} um wide; a PSF is computed for square ones: resample the image, or give \`psf\``;
    throw new ParfocalError("image.unfit", `The PSF cannot be computed: ${detail}.`, { detail });
  }
  const zStep = target.depth > 1 ? need(target.zStep, "the z step", "z_step") : 1;
  const reach = target.depth > 1 ? Math.max(1, Math.ceil(beyond * target.depth)) : 0;
  const levels = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach).filter((i) => i >= 0 || !model.symmetric);
  const sizes = levels.map((level) => model.size(pixelSize, model.focus + level * zStep));
  const widest = Math.max(...sizes);
  requireMemory({
    what: `A PSF of ${2 * reach + 1} planes, ${zStep} um apart, of up to ${widest} x ${widest} pixels of ${pixelSize} um (NA ${model.na}, ${model.wavelength} um)`,
    // Its planes in float64, and the volume that is cut from them and trimmed.
    bytes:
      8 * sizes.reduce((sum, size) => sum + size ** 2, 0) +
      8 * (2 * reach + 1) * Math.min(widest, 2 * target.height) * Math.min(widest, 2 * target.width),
    advice: "fewer planes or a region of the image, and check pixel size and z step",
    option: "z_step",
  });
  const made = new Map<number, Psf>();
  const planes = Array.from({ length: 2 * reach + 1 }, (_, i) => {
    // For a plane above the point, the point lies below focus.
    const level = model.symmetric ? Math.abs(i - reach) : reach - i;
    const psf = made.get(level) ?? model.psf({ pixelSize, defocus: model.focus + level * zStep });
    made.set(level, psf);
    return psf;
  });
  // Light cannot reach farther than the size of the image.
  const most = Math.max(...planes.map((plane) => plane.size)) - 1;
  const size = {
    depth: planes.length,
    height: Math.min(2 * target.height - 1, most),
    width: Math.min(2 * target.width - 1, most),
  };
  const data = new Float32Array(voxelsOf(size));
  planes.forEach((plane, z) => {
    place(plane, data.subarray(z * size.height * size.width, (z + 1) * size.height * size.width), size);
  });
  const warnings: Warning[] = [];
  const nyquist = model.nyquistPixelSize;
  if (pixelSize > 1.05 * nyquist) {
    warnings.push({
      code: "coarse_sampling",
      text:
        `Pixels of ${pixelSize} um are coarser than the Nyquist limit of the optics, ${nyquist.toPrecision(3)} um: ` +
        "finer detail was not recorded and cannot be restored.",
    });
  }
  return { psf: trimPsf({ ...size, data }), warnings };
}

/** The light path with the medium filled in: if it is unknown, it is guessed from the aperture, with a warning. */
export function opticsOf(optics: Optics | undefined): { optics: PsfOpticsInput; warnings: Warning[] } {
  const na = need(optics?.na, "the numerical aperture", "na");
  const wavelength = need(optics?.wavelength, "the emission wavelength", "wavelength");
  if (optics?.refractiveIndex !== undefined) {
    return { optics: { na, wavelength, refractive_index: optics.refractiveIndex }, warnings: [] };
  }
  const [index, medium] = na < 1 ? [1, "air"] : na < 1.3 ? [1.333, "water"] : [1.515, "oil"];
  const warning = `The immersion medium is not known: ${medium} (${index}) is assumed for an aperture of ${na}; give \`refractive_index\`.`;
  return {
    optics: { na, wavelength, refractive_index: index },
    warnings: [{ code: "assumed_calibration", text: warning }],
  };
}

/** A plane of the PSF in the middle of a larger or smaller one of odd size. */
function place(
  { data, size: from }: Psf,
  to: Float32Array,
  { height, width }: { height: number; width: number },
): void {
  const shiftY = from / 2 - (height - 1) / 2;
  const shiftX = from / 2 - (width - 1) / 2;
  for (let y = Math.max(0, 1 - shiftY); y < Math.min(height, from - shiftY); y++) {
    for (let x = Math.max(0, 1 - shiftX); x < Math.min(width, from - shiftX); x++) {
      to[y * width + x] = data[(y + shiftY) * from + x + shiftX];
    }
  }
}

function need<T>(value: T | undefined, what: string, option: string): T {
  if (value !== undefined) return value;
  throw new ParfocalError(
    "calibration.missing",
    `${what[0].toUpperCase()}${what.slice(1)} is not in the image, and a PSF cannot be computed without it; give \`${option}\`, or a measured PSF with \`psf\`.`,
    { what, option },
  );
}
