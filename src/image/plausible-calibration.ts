/**
 * Which pixel sizes, z steps and optics a microscope can have, and what was likely meant by others. Every value that comes from a user or
 * a file passes here: impossible ones of a user are refused, those of a file are left out with a warning (docs/decisions/plausible-calibration.md).
 */
import { ParfocalError } from "../errors.ts";
import type { ImageInfo, Implausible, Optics, CalibrationQuantity as Quantity } from "./image.ts";

interface Limits {
  name: string;
  least: number;
  most: number;
  /** " um" of lengths. */
  unit: string;
  /** "515 um is {what}". */
  what: string;
  /** Between these a corrected value is worth suggesting. */
  usual: readonly [number, number];
  /** What slips multiply a value by, undone by the factor, the likeliest first. */
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
    least: 0.001,
    most: 50,
    unit: " um",
    what: "no pixel of a microscope",
    usual: [0.02, 20],
    slips: lengthSlips,
  },
  z_step: {
    name: "Z step",
    least: 0.001,
    most: 80,
    unit: " um",
    what: "no distance between planes",
    usual: [0.02, 20],
    slips: lengthSlips,
  },
  wavelength: {
    name: "Wavelength",
    least: 0.05,
    most: 20,
    unit: " um",
    what: "no light of a microscope",
    usual: [0.15, 3],
    slips: lengthSlips,
  },
  na: {
    name: "NA",
    least: 0.01,
    most: 1.7,
    unit: "",
    what: "no numerical aperture of an objective",
    usual: [0.02, 1.7],
    slips: lostPoint,
  },
  refractive_index: {
    name: "Refractive index",
    least: 1,
    most: 4,
    unit: "",
    what: "no refractive index of a medium",
    usual: [1, 1.8],
    slips: lostPoint,
  },
};

/** Stereo microscopes and macro objectives step by more: where pixels are this coarse, um, z steps of up to {@link coarseStep} um are possible. */
const coarsePixel = 2;
const coarseStep = 1000;

/** Resolutions of printers and screens that programs write where they know of no pixel size, dots per inch. */
const printed = [72, 75, 96, 100, 120, 150, 180, 200, 240, 250, 300, 360, 400, 600, 720, 1200];

const digits = (value: number): string => String(Number(value.toPrecision(6)));

/** What a value is seen beside. */
export interface Beside {
  /** um; coarse pixels go with far planes. */
  pixelSize?: number | undefined;
}

/**
 * Why a value cannot be right, with what was likely meant: "515 um is no light of a microscope (0.05 to 20 um); did you mean 0.515 (515 nm)?"
 * @returns undefined for a value that can be
 */
export function implausibility(quantity: Quantity, value: number, { pixelSize }: Beside = {}): string | undefined {
  const { least, most: usualMost, unit, what, usual, slips } = limits[quantity];
  const most = quantity === "z_step" && pixelSize !== undefined && pixelSize >= coarsePixel ? coarseStep : usualMost;
  if (value >= least && value <= most && !(quantity === "pixel_size" && dotsPerInch(value) !== undefined)) {
    return undefined;
  }
  const said = `${digits(value)}${unit} is ${what} (${least} to ${most}${unit})`;
  const dots = quantity === "pixel_size" ? dotsPerInch(value) : undefined;
  if (dots !== undefined) return `${said}; it is ${dots} dots per inch, the resolution of a printer or screen`;
  const slip = slips.find(([factor]) => value * factor >= usual[0] && value * factor <= usual[1]);
  if (slip === undefined) return said;
  const [factor, meant] = slip;
  const original = meant(value);
  return `${said}; did you mean ${digits(value * factor)}${original === "" ? "" : ` (${original})`}?`;
}

/** Between which values a quantity can be; lengths in um. */
export const plausibleRange = (quantity: Quantity): { least: number; most: number } => {
  const { least, most } = limits[quantity];
  return { least, most };
};

/** The resolution of a printer that a pixel size is; undefined for others, and below 20 um, where microscopes have pixels. */
function dotsPerInch(pixelSize: number): number | undefined {
  if (!(pixelSize >= 20)) return undefined;
  return printed.find((dots) => Math.abs((pixelSize * dots) / 25400 - 1) < 5e-4);
}

/**
 * Refuses a value that a user gave and no microscope has.
 * @param option what it is called where it was given, such as "optics.na"
 * @throws usage with what was likely meant
 */
export function requirePlausible(quantity: Quantity, value: number, option: string = quantity, beside?: Beside): void {
  const { name, least, unit } = limits[quantity];
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
  const expected = `${least} to ${limits[quantity].most}${unit}`;
  throw new ParfocalError("usage", sentence, { option, got: value, expected });
}

const placeholder = (quantity: Quantity): string => (quantity === "na" ? "NA" : limits[quantity].name.toLowerCase());

/**
 * What a file says of its calibration without what cannot be right: it counts as not known, and `implausible` says what was there.
 * An index that is not above the NA is left out; the NA stays, which is written on the objective.
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
  const sentence = `${name} of the file left out: ${why}${why.endsWith("?") ? " G" : "; g"}ive ${give}.`;
  return { quantity, value, sentence };
}
