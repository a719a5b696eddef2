/** Calibration that the user gives instead of that of the file: pixel size, z step and optics. */
import { ParfocalError } from "../errors.ts";
import { extentOf } from "./axes.ts";
import type { CalibrationQuantity, ImageInfo, Optics } from "./image.ts";
import { requirePlausible } from "./plausible-calibration.ts";

/** Values that replace those of a file; lengths in um. */
export interface CalibrationOverrides {
  /** Lateral pixel size, the same along y and x. */
  pixelSize?: number | undefined;
  zStep?: number | undefined;
  na?: number | undefined;
  /** Emission wavelength in vacuum, of every channel. */
  wavelength?: number | undefined;
  refractiveIndex?: number | undefined;
}

/**
 * The same image or open file with some of its calibration replaced.
 * @throws usage for a value that no microscope has ({@link requirePlausible}), or an NA that is not below the
 * refractive index
 */
export function overrideCalibration<T extends ImageInfo>(info: T, overrides: CalibrationOverrides): T {
  const { pixelSize, zStep, na, wavelength, refractiveIndex } = overrides;
  if (pixelSize !== undefined) requirePlausible("pixel_size", pixelSize);
  if (zStep !== undefined) requirePlausible("z_step", zStep, "z_step", { pixelSize: pixelSize ?? info.pixelSize?.x });
  if (na !== undefined) requirePlausible("na", na);
  if (wavelength !== undefined) requirePlausible("wavelength", wavelength);
  if (refractiveIndex !== undefined) requirePlausible("refractive_index", refractiveIndex);
  const optics: Optics = {
    ...info.optics,
    ...(na !== undefined && { na }),
    ...(wavelength !== undefined && { wavelength }),
    ...(refractiveIndex !== undefined && { refractiveIndex }),
  };
  const given = na !== undefined || refractiveIndex !== undefined;
  if (given && optics.na !== undefined && optics.refractiveIndex !== undefined && optics.na >= optics.refractiveIndex) {
    throw new ParfocalError(
      "usage",
      `An NA of ${optics.na} needs a medium with a refractive index above it, but the index is ${optics.refractiveIndex}; ` +
        "give `refractive_index <your refractive index>` (1.333 water, 1.515 oil), or a lower `na <your NA>`.",
      { option: "na", got: optics.na, expected: `below ${optics.refractiveIndex}` },
    );
  }
  const replaced: Readonly<Record<CalibrationQuantity, unknown>> = {
    pixel_size: pixelSize,
    z_step: zStep,
    na,
    wavelength,
    refractive_index: refractiveIndex,
  };
  const { implausible, ...known } = info;
  const still = implausible?.filter(({ quantity }) => replaced[quantity] === undefined) ?? [];
  return {
    ...(known as T),
    ...(still.length > 0 && { implausible: still }),
    ...(pixelSize !== undefined && { pixelSize: { y: pixelSize, x: pixelSize } }),
    ...(zStep !== undefined && { zStep }),
    ...(Object.keys(optics).length > 0 && { optics }),
    // Wavelengths of single channels would take precedence over the one that was given.
    ...(wavelength !== undefined && {
      emissionWavelengths: Array.from({ length: extentOf(info, "C") }, () => wavelength),
    }),
  };
}
