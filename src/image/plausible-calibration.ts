/**
 * Checks pixel sizes, z steps and optics against what a microscope can have, and suggests what was probably meant.
 * Every value from a user or a file is checked here. An impossible value from a user is refused. One from a file is not
 * used, with a warning (docs/decisions/plausible-calibration.md).
 */
import { ParfocalError } from "../errors.ts";
import type { ImageInfo, Implausible, Optics, CalibrationQuantity as Quantity } from "./image.ts";

interface Limits {
  name: string;
  min: number;
  max: number;
  /** " um" for lengths, otherwise empty. */
  unit: string;
  /** "515 um is {what}". */
  what: string;
  /** A corrected value is suggested only if it lies in this range. */
  usual: readonly [number, number];
  /** Likely mistakes, the most likely first: the factor that corrects the value, and the value as it was meant. */
  slips: readonly (readonly [factor: number, meant: (value: number) => string])[];
}

const inNanometres = [1e-3, (value: number) => `${digits(value)} nm`] as const;
const lengthSlips = [
  inNanometres,
  [1e3, (value: number) => `${digits(value)} mm`],
  [1e6, (value: number) => `${digits(value)} m`],
] as const;
const lostPoint = [0.1, 0.01, 0.001].map((factor) => [factor, () => ""] as const);

const limits: Readonly<Record<Quantity, Limits>> = {
  pixel_size: {
    name: "Pixel size",
    min: 0.001,
    max: 50,
    unit: " um",
    what: "not a pixel size of a microscope",
    usual: [0.02, 20],
    slips: lengthSlips,
  },
  z_step: {
    name: "Z step",
    min: 0.001,
    max: 80,
    unit: " um",
    what: "not a distance between planes of a microscope",
    usual: [0.02, 20],
    slips: lengthSlips,
  },
  wavelength: {
    name: "Wavelength",
    min: 0.05,
    max: 20,
    unit: " um",
    what: "not a wavelength of light microscopy",
    usual: [0.15, 3],
    slips: lengthSlips,
  },
  na: {
    name: "NA",
    min: 0.01,
    max: 1.7,
    unit: "",
    what: "not a numerical aperture of an objective",
    usual: [0.02, 1.7],
    slips: lostPoint,
  },
  refractive_index: {
    name: "Refractive index",
    min: 1,
    max: 4,
    unit: "",
    what: "not a refractive index of a medium",
    usual: [1, 1.8],
    slips: lostPoint,
  },
};

/**
 * Stereo microscopes and macro objectives have larger steps: above this pixel size, um, z steps of up to {@link
 * coarseStep} um are possible.
 */
const coarsePixel = 2;
const coarseStep = 1000;

/** Resolutions of printers and screens, dots per inch, which programs write if they do not know the pixel size. */
const printed = [72, 75, 96, 100, 120, 150, 180, 200, 240, 250, 300, 360, 400, 600, 720, 1200];

const digits = (value: number): string => String(Number(value.toPrecision(6)));

/** Other values that a limit depends on. */
export interface Beside {
  /** um; large pixels occur with large z steps. */
  pixelSize?: number | undefined;
}

/**
 * Why a value cannot be right, and what was probably meant: "515 um is not a wavelength of light microscopy (0.05 to 20
 * um); did you mean 0.515 (515 nm)?"
 * @returns undefined for a possible value
 */
export function implausibility(quantity: Quantity, value: number, { pixelSize }: Beside = {}): string | undefined {
  const { min, max: usualMax, unit, what, usual, slips } = limits[quantity];
  const max = quantity === "z_step" && pixelSize !== undefined && pixelSize >= coarsePixel ? coarseStep : usualMax;
  if (value >= min && value <= max && !(quantity === "pixel_size" && dotsPerInch(value) !== undefined)) {
    return undefined;
  }
  const said = `${digits(value)}${unit} is ${what} (${min} to ${max}${unit})`;
  const dots = quantity === "pixel_size" ? dotsPerInch(value) : undefined;
  if (dots !== undefined) return `${said}; it is ${dots} dots per inch, the resolution of a printer or screen`;
  const slip = slips.find(([factor]) => value * factor >= usual[0] && value * factor <= usual[1]);
  if (slip === undefined) return said;
  const [factor, meant] = slip;
  const original = meant(value);
  return `${said}; did you mean ${digits(value * factor)}${original === "" ? "" : ` (${original})`}?`;
}

/** The smallest and largest possible value of a quantity; lengths in um. */
export const plausibleRange = (quantity: Quantity): { min: number; max: number } => {
  const { min, max } = limits[quantity];
  return { min, max };
};

/**
 * The printer resolution that a pixel size corresponds to; undefined for others and below 20 um, the usual range of
 * pixel sizes.
 */
function dotsPerInch(pixelSize: number): number | undefined {
  if (!(pixelSize >= 20)) return undefined;
  return printed.find((dots) => Math.abs((pixelSize * dots) / 25400 - 1) < 5e-4);
}

/**
 * Refuses a value that a user gave and no microscope has.
 * @param option the name of the option or key, such as "optics.na"
 * @throws usage with what was probably meant
 */
export function requirePlausible(quantity: Quantity, value: number, option: string = quantity, beside?: Beside): void {
  const { name, min, unit } = limits[quantity];
  const give = `give \`${option} <your ${placeholder(quantity)}>\`${unit && " (um)"}`;
  if (!(value > 0 && Number.isFinite(value))) {
    throw new ParfocalError("usage", `${name}: ${option} must be above 0, got ${value}; ${give}.`, {
      option,
      got: value,
      expected: "above 0",
    });
  }
  const why = implausibility(quantity, value, beside);
  if (why === undefined) return;
  const sentence = `${name}: ${why}${why.endsWith("?") ? " G" : "; g"}${give.slice(1)}.`;
  const expected = `${min} to ${limits[quantity].max}${unit}`;
  throw new ParfocalError("usage", sentence, { option, got: value, expected });
}

const placeholder = (quantity: Quantity): string => (quantity === "na" ? "NA" : limits[quantity].name.toLowerCase());

/**
 * The calibration of a file without impossible values: they are treated as unknown, and `implausible` lists them. A
 * refractive index that is not above the NA is removed. The NA is kept, because it is printed on the objective.
 */
export function leaveOutImplausible<T extends ImageInfo>(info: T): T {
  const found: Implausible[] = [];
  const check = (quantity: Quantity, value: number | undefined, beside?: Beside): boolean => {
    if (value === undefined) return true;
    const why = implausibility(quantity, value, beside);
    if (why !== undefined) found.push(leftOut(quantity, value, why));
    return why === undefined;
  };
  const { pixelSize, zStep, optics: opticsOfFile = {}, emissionWavelengths, ...rest } = info;
  const goodPixels = check("pixel_size", pixelSize?.x) && check("pixel_size", pixelSize?.y);
  const goodStep = check("z_step", zStep, { pixelSize: goodPixels ? pixelSize?.x : undefined });
  const optics: Optics = { ...opticsOfFile };
  if (!check("na", optics.na)) delete optics.na;
  if (!check("refractive_index", optics.refractiveIndex)) delete optics.refractiveIndex;
  const { na, refractiveIndex } = optics;
  if (na !== undefined && refractiveIndex !== undefined && na >= refractiveIndex) {
    found.push(leftOut("refractive_index", refractiveIndex, `${refractiveIndex} is not above the file's NA of ${na}`));
    delete optics.refractiveIndex;
  }
  const wavelengths = emissionWavelengths?.map((one) => (check("wavelength", one) ? one : undefined));
  const same = emissionWavelengths?.includes(optics.wavelength);
  if (same ? !wavelengths?.includes(optics.wavelength) : !check("wavelength", optics.wavelength)) {
    delete optics.wavelength;
  }
  if (found.length === 0) return info;
  return {
    ...rest,
    ...(goodPixels && pixelSize && { pixelSize }),
    ...(goodStep && zStep !== undefined && { zStep }),
    ...(Object.keys(optics).length > 0 && { optics }),
    ...(wavelengths?.some((one) => one !== undefined) && { emissionWavelengths: wavelengths }),
    implausible: found,
  } as unknown as T;
}

function leftOut(quantity: Quantity, value: number, why: string): Implausible {
  const { name, unit } = limits[quantity];
  const give = `\`${quantity} <your ${placeholder(quantity)}>\`${unit && " (um)"}`;
  const sentence = `${name} of the file is not used: ${why}${why.endsWith("?") ? " G" : "; g"}ive ${give}.`;
  return { quantity, value, sentence };
}
