/** Warnings about calibration that is missing or implausible. */
import { extentOf } from "../image/axes.ts";
import type { CalibrationQuantity, ImageInfo } from "../image/image.ts";
import { calibrationDoubts } from "../optics/psf/calibration-doubts.ts";
import { nyquistPixelSize } from "../optics/psf/pupil.ts";
import { type Warning, warningsOf } from "../warning.ts";

/** Sentences for the user, each with the option that solves the problem. */
export function calibrationWarnings(info: ImageInfo): Warning[] {
  const warnings: Warning[] = [];
  const depth = extentOf(info, "Z");
  const { pixelSize, zStep, optics } = info;
  for (const { sentence } of info.implausible ?? []) warnings.push({ code: "implausible_calibration", text: sentence });
  const leftOut = (one: CalibrationQuantity) => info.implausible?.some(({ quantity }) => quantity === one) ?? false;
  if (!pixelSize && !leftOut("pixel_size"))
    warnings.push({
      code: "missing_calibration",
      text: "The image has no pixel size. Give `pixel_size <your pixel size>` (um).",
    });
  if (depth > 1 && zStep === undefined && !leftOut("z_step"))
    warnings.push({
      code: "missing_calibration",
      text: `The image has ${depth} planes but no z step. Give \`z_step <your z step>\` (um).`,
    });
  if (pixelSize && Math.abs(pixelSize.y / pixelSize.x - 1) > 0.01) {
    warnings.push({
      code: "non_square_pixels",
      text: `The pixels are not square: ${pixelSize.x} um wide and ${pixelSize.y} um high. Check this, and give \`pixel_size\` if it is wrong.`,
    });
  }
  const wavelength = optics?.wavelength ?? info.emissionWavelengths?.find((one) => one !== undefined);
  if (pixelSize && optics?.na !== undefined && wavelength !== undefined) {
    const nyquist = nyquistPixelSize({ na: optics.na, wavelength });
    const doubts = calibrationDoubts(info);
    warnings.push(...warningsOf("doubtful_calibration", doubts));
    if (doubts.length === 0 && Math.max(pixelSize.x, pixelSize.y) > 1.01 * nyquist) {
      warnings.push({
        code: "coarse_sampling",
        text: `The pixels are larger than lambda / (4 NA) = ${nyquist.toFixed(3)} um, so the camera does not record everything that the objective resolves.`,
      });
    }
  }
  if (depth === 1 && extentOf(info, "T") > 4 && extentOf(info, "C") === 1) {
    warnings.push({
      code: "time_or_depth",
      text: `The image has ${extentOf(info, "T")} time points and one plane. If it is really a z-stack, give \`axes ${info.axes.replace("T", "Z")}\`.`,
    });
  }
  return warnings;
}
