/** Fits a PSF model to the stack of a recorded bead: its position and the actual optics. */

import { fitLineInOnePass } from "../../array/fit-line.ts";
import { type LeastSquaresOptions, leastSquares, type Parameter } from "../../array/least-squares.ts";
import { mean } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { CalibrationQuantity, Stack } from "../../image/image.ts";
import { plausibleRange, requirePlausible } from "../../image/plausible-calibration.ts";
import { type BeadGrid, type BeadSpectra, beadImage, beadSpectra } from "./bead-image.ts";
import { fitErrors } from "./fit-errors.ts";
import { checkInside, checkSupport } from "./fit-support.ts";
import { fitWarnings } from "./fit-warnings.ts";
import { type PsfOptics, type PsfOpticsInput, psfModelOf, resolvePsfOptions } from "./optics-options.ts";
import type { PsfFit } from "./psf-fit.ts";
import { nollOf } from "./zernike.ts";

/**
 * What may be fitted besides the position, brightness and background of the bead: optics and the geometry of the stack.
 */
const fittedOptics = [
  "na",
  "wavelength",
  "refractive_index",
  "sample_index",
  "depth",
  "pinhole",
  "excitation_wavelength",
] as const;
const fittedStack = ["bead_diameter", "z_scale", "shear_x", "shear_y"] as const;

export interface FitPsfOptions extends LeastSquaresOptions {
  /** The optics as far as they are known; values that are not fitted stay fixed. */
  optics: PsfOpticsInput;
  /** Names of `fittedOptics`, `fittedStack` and of Zernike aberrations. Default: none. */
  fit?: readonly string[] | undefined;
  /** Diameter of the bead, um; default 0, a point. */
  beadDiameter?: number | undefined;
  /** Initial position of the bead, pixels and planes; default the brightest voxel. */
  start?: { x: number; y: number; z: number } | undefined;
}

/**
 * Minimum share of the variance that a model with structured residuals must explain to count as describing the bead.
 */
const minExplained = 0.8;
/** Minimum correlation volume, voxels, of structured residuals; noise has 1. */
const minStructuredVolume = 4;

/**
 * Fits background + brightness x (PSF convolved with a ball) at (x, y, z) to a stack of one bead by least squares. At
 * each step, background and brightness are solved for (variable projection of Golub & Pereyra); all other parameters
 * follow the algorithm of Levenberg and Marquardt. Plane i is focused at i x zStep. A single plane is assumed to be in
 * focus.
 *
 * @param stack of one bead, with pixelSize and zStep
 * @throws `usage` for impossible optics or unknown names, `calibration.missing`, `image.unfit` for parameters that the
 * stack cannot determine (`checkSupport`) and for a bead outside of it, `interrupted`
 */
export async function fitPsf(stack: Stack, options: FitPsfOptions): Promise<PsfFit> {
  const { pixelSize, zStep } = calibrationOf(stack);
  const optics = resolvePsfOptions(options.optics);
  const grid: BeadGrid = { depth: stack.depth, height: stack.height, width: stack.width, pixelSize };
  const requested = [...new Set(options.fit ?? [])];
  const names = ["x", "y", ...(stack.depth > 1 ? ["z"] : []), ...requested];
  const at = options.start ?? brightestVoxel(stack);
  const start = { x: at.x * pixelSize, y: at.y * pixelSize, z: at.z * zStep };
  const diameter = options.beadDiameter ?? 0;
  const parameters = names.map((name) => parameterOf(name, { optics, start, diameter, pixelSize, zStep }));
  checkSupport(stack.depth, requested);
  // Impossible optics are refused before the fit begins.
  psfModelOf(optics);

  const spectraOf = keepLast(
    (values: readonly number[]): BeadSpectra => {
      const value = lookUp(names, values);
      const model = psfModelOf(opticsWith(optics, names, values));
      const place = {
        z: value("z", model.focus),
        diameter: value("bead_diameter", diameter),
        zStep: zStep * value("z_scale", 1),
      };
      return beadSpectra(model, grid, place);
    },
    (values) => values.filter((_, i) => !shiftsOnly.has(names[i])).join(" "),
  );
  const modelled = (values: readonly number[]) => {
    const value = lookUp(names, values);
    const place = { x: value("x", 0), y: value("y", 0), z: value("z", 0), zStep: zStep * value("z_scale", 1) };
    return beadImage(spectraOf(values), grid, { ...place, shearX: value("shear_x", 0), shearY: value("shear_y", 0) });
  };
  const residuals = (values: readonly number[]) => {
    const shape = modelled(values);
    const { brightness, background } = bestLine(shape, stack.data);
    return shape.map((v, i) => brightness * v + background - stack.data[i]);
  };

  const found = await leastSquares(residuals, parameters, options);
  const r2 = 1 - found.cost / variation(stack.data);
  const { errors: estimated, correlationVolume } = fitErrors(found.slopes, found.residuals, grid);
  // Large residuals with structure: no error bar can be derived from them.
  const described = r2 >= minExplained || correlationVolume < minStructuredVolume;
  const errors = estimated.map((error) => (described ? error : Number.POSITIVE_INFINITY));
  const fitted = lookUp(names, found.values);
  checkInside(
    {
      x: fitted("x", 0) / pixelSize,
      y: fitted("y", 0) / pixelSize,
      z: fitted("z", 0) / (zStep * fitted("z_scale", 1)),
    },
    stack,
  );
  const shape = modelled(found.values);
  const line = bestLine(shape, stack.data);
  const peak = line.brightness * shape.reduce((a, b) => Math.max(a, b), 0);
  const fit: PsfFit = {
    optics: opticsWith(optics, names, found.values),
    parameters: Object.fromEntries(names.map((name, i) => [name, { value: found.values[i], error: errors[i] }])),
    peak,
    background: line.background,
    residual: Math.sqrt(found.cost / shape.length) / peak,
    r2,
    described,
    iterations: found.iterations,
    converged: found.converged,
    fitted: Float32Array.from(shape, (v) => line.brightness * v + line.background),
    warnings: [],
  };
  return { ...fit, warnings: fitWarnings(fit, stack, names, parameters) };
}

function calibrationOf(stack: Stack): { pixelSize: number; zStep: number } {
  const { pixelSize, zStep } = { zStep: stack.depth === 1 ? 1 : undefined, ...stack };
  if (!pixelSize || !zStep) {
    const [what, option] = pixelSize ? ["z step", "z_step"] : ["pixel size", "pixel_size"];
    const message = `Bead: the stack has no ${what}; give \`${option} <your ${what}>\` (um).`;
    throw new ParfocalError("calibration.missing", message, { what, option });
  }
  if (Math.abs(pixelSize.x / pixelSize.y - 1) > 1e-3) {
    const detail = `Bead: pixels of ${pixelSize.x} x ${pixelSize.y} um are not square; a fit needs square ones.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  requirePlausible("pixel_size", pixelSize.x);
  requirePlausible("z_step", zStep, "z_step", { pixelSize: pixelSize.x });
  return { pixelSize: pixelSize.x, zStep };
}

interface Known {
  optics: PsfOptics;
  start: { x: number; y: number; z: number };
  diameter: number;
  pixelSize: number;
  zStep: number;
}

/** Parameters that only shift the bead and leave its spectra unchanged. */
const shiftsOnly = new Set(["x", "y", "shear_x", "shear_y"]);

/** Limits a parameter to plausible values of the quantity. */
function within(quantity: CalibrationQuantity, parameter: Parameter): Parameter {
  const { min, max } = plausibleRange(quantity);
  return { ...parameter, min: Math.max(min, parameter.min), max: Math.min(max, parameter.max) };
}

/** Start, bounds and scale of a parameter. @throws `usage` for a name that cannot be fitted */
function parameterOf(name: string, { optics, start, diameter, pixelSize, zStep }: Known): Parameter {
  const unit = optics.wavelength / optics.na;
  const near = (value: number, reach: number, scale: number): Parameter => ({
    value,
    min: value - reach,
    max: value + reach,
    scale,
  });
  if (name === "x" || name === "y") return near(start[name], 10 * Math.max(pixelSize, unit), 0.2 * unit);
  if (name === "z") return near(start.z, 10 * Math.max(zStep, 2 * unit), unit);
  if (name === "bead_diameter") return { value: diameter || 0.3 * unit, min: 0, max: 6 * unit, scale: 0.3 * unit };
  if (name === "shear_x" || name === "shear_y") return { value: 0, min: -1, max: 1, scale: 0.05 };
  if (name === "z_scale") return { value: 1, min: 0.3, max: 3, scale: 0.1 };
  if (name === "na") {
    const limit = 0.998 * Math.min(optics.refractive_index, optics.immersion_index ?? optics.refractive_index);
    return within("na", { value: optics.na, min: 0.3 * optics.na, max: limit, scale: 0.1 * optics.na });
  }
  if ((fittedOptics as readonly string[]).includes(name)) {
    const value = Number(optics[name as keyof PsfOptics] ?? optics.refractive_index);
    if (name === "depth") return { value, min: 0, max: value + 100, scale: 1 };
    if (name === "pinhole") return { value, min: 0.05, max: 20, scale: 0.3 };
    const quantity = name.endsWith("wavelength") ? "wavelength" : "refractive_index";
    return within(quantity, { value, min: 0.6 * value, max: 1.6 * value, scale: 0.05 * value });
  }
  const noll = name === "spherical_aberration" ? 11 : nollOf(name);
  if (noll === undefined || noll <= 4) {
    const expected = `${[...fittedOptics, ...fittedStack].join(", ")}, or a Zernike aberration such as spherical, astigmatism, coma`;
    const why = noll === undefined ? "is not a parameter of the fit" : "only shifts the bead, as x, y and z do";
    throw new ParfocalError("usage", `Fit: ${name} ${why}; expected ${expected}.`, {
      option: "fit",
      got: name,
      expected,
    });
  }
  const value = name === "spherical_aberration" ? optics.spherical_aberration : (optics.zernike[name] ?? 0);
  return { value, min: -2, max: 2, scale: 0.1 };
}

const lookUp = (names: readonly string[], values: readonly number[]) => (name: string, otherwise: number) =>
  names.includes(name) ? values[names.indexOf(name)] : otherwise;

function opticsWith(optics: PsfOptics, names: readonly string[], values: readonly number[]): PsfOptics {
  const changed: Record<string, unknown> = { ...optics };
  const zernike: Record<string, number> = { ...optics.zernike };
  names.forEach((name, i) => {
    if (nollOf(name) !== undefined) zernike[name] = values[i];
    else if (Object.hasOwn(optics, name) || (fittedOptics as readonly string[]).includes(name))
      changed[name] = values[i];
  });
  return { ...(changed as PsfOptics), zernike };
}

/** Caches the last result of a function: the fit often asks twice for the same values. */
function keepLast<T>(make: (values: readonly number[]) => T, key: (values: readonly number[]) => string) {
  let last: { key: string; made: T } | undefined;
  return (values: readonly number[]): T => {
    const now = key(values);
    if (last?.key !== now) last = { key: now, made: make(values) };
    return last.made;
  };
}

/** Least squares of brightness x shape + background. */
function bestLine(shape: Float64Array, data: Float32Array): { brightness: number; background: number } {
  const { slope, intercept } = fitLineInOnePass({ x: shape, y: data });
  return { brightness: slope, background: intercept };
}

function variation(data: Float32Array): number {
  const middle = mean(data);
  return data.reduce((sum, v) => sum + (v - middle) ** 2, 0);
}

function brightestVoxel({ data, height, width }: Stack): { x: number; y: number; z: number } {
  let best = 0;
  for (let i = 1; i < data.length; i++) if (data[i] > data[best]) best = i;
  const rest = best % (height * width);
  return { z: Math.floor(best / (height * width)), y: Math.floor(rest / width), x: rest % width };
}
