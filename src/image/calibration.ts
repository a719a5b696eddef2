/** What the user knows better than the file: pixel size, z step and optics. */
import { ParfocalError } from "../errors.ts";
import { extentOf } from "./axes.ts";
import type { ImageInfo, Optics } from "./image.ts";

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
 * @throws usage for a value that is not above 0, or an aperture that its medium cannot have
 */
export function overrideCalibration<T extends ImageInfo>(info: T, overrides: CalibrationOverrides): T {
  const { pixelSize, zStep, na, wavelength, refractiveIndex } = overrides;
  requireLength("--pixel-size", pixelSize, "um, such as 0.325");
  requireLength("--z-step", zStep, "um, such as 0.5");
  requireLength("--na", na, "the numerical aperture on the objective, such as 0.8");
  requireLength("--wavelength", wavelength, "um, such as 0.515");
  requireLength("--refractive-index", refractiveIndex, "1 for air, 1.333 for water, 1.515 for oil");
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
      `An aperture of ${optics.na} needs a medium of a higher refractive index than ${optics.refractiveIndex}; give --refractive-index 1.333 (water) or 1.515 (oil), or a lower --na.`,
      { option: "--na", got: optics.na, expected: `below ${optics.refractiveIndex}` },
    );
  }
  return {
    ...info,
    ...(pixelSize !== undefined && { pixelSize: { y: pixelSize, x: pixelSize } }),
    ...(zStep !== undefined && { zStep }),
    ...(Object.keys(optics).length > 0 && { optics }),
    // A wavelength of its own for each channel would win over the one that was given.
    ...(wavelength !== undefined && {
      emissionWavelengths: Array.from({ length: extentOf(info, "C") }, () => wavelength),
    }),
  };
}

function requireLength(option: string, value: number | undefined, example: string): void {
  if (value === undefined || (value > 0 && Number.isFinite(value))) return;
  throw new ParfocalError("usage", `${option} must be above 0, got ${value}; give ${example}.`, {
    option,
    got: value,
    expected: "above 0",
  });
}
