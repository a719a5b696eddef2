/** Measures the PSF of a microscope from a stack of beads: their widths, the actual optics, and their mean. */
import { mean as meanOf } from "../../array/statistics.ts";
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import { cropStack } from "../../image/crop.ts";
import type { Stack } from "../../image/image.ts";
import { averageBeads } from "./average-beads.ts";
import { type FoundBeads, findBeads } from "./find-beads.ts";
import { type FitPsfOptions, fitPsf } from "./fit-psf.ts";
import { checkSupport } from "./fit-support.ts";
import { beadWidths } from "./fwhm.ts";
import { psfModelOf, resolvePsfOptions } from "./optics-options.ts";
import type { PsfFit } from "./psf-fit.ts";

export interface MeasureBeadsOptions extends Omit<FitPsfOptions, "start"> {
  /** Half the width of the square around a bead, pixels; default by the optics: see `beadHalfWidth`. */
  half?: number | undefined;
  /** Maximum number of beads to measure, the brightest first; default 10. */
  beads?: number | undefined;
  threshold?: number | undefined;
  saturation?: number | undefined;
  /** Called with the number of beads that have been measured. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** One bead of a stack; places in pixels and planes of the whole stack. */
export interface MeasuredBead {
  x: number;
  y: number;
  z: number;
  /** Full widths at half maximum of fitted Gaussians, um; along z only if the planes contain it. */
  fwhm: { x: number; y: number; z: number | undefined };
  /** Counts of the brightest voxel above the Gaussians' background. */
  brightness: number;
  /** The stack around the bead, and its first column, row and plane in the whole stack. */
  stack: Stack;
  left: number;
  top: number;
  bottom: number;
  /** The fitted model. */
  fit: PsfFit;
}

/** How many beads were left out: by `findBeads`, and because their fit lies outside the stack. */
export type RejectedBeads = FoundBeads["rejected"] & { outside: number };

export interface MeasuredBeads {
  beads: MeasuredBead[];
  /** How many beads were left out, by reason. */
  rejected: RejectedBeads;
  /**
   * Mean of each fitted parameter over the beads, which share one microscope, and the standard deviation between beads;
   * positions excepted.
   */
  spread: Record<string, { mean: number; deviation: number }>;
  /** The mean of the beads: the measured PSF, about 1 at the centre, see `averageBeads`. */
  average: Stack;
  warnings: string[];
}

/**
 * Finds beads without neighbours, measures their widths, fits the model to each, and averages them.
 * @throws `image.unfit` where no bead is left; what {@link fitPsf} throws
 */
export async function measureBeads(stack: Stack, options: MeasureBeadsOptions): Promise<MeasuredBeads> {
  const { pixelSize } = stack;
  const zStep = stack.zStep ?? (stack.depth === 1 ? 1 : undefined);
  if (!pixelSize || zStep === undefined) {
    const [what, option] = pixelSize ? ["z step", "z_step"] : ["pixel size", "pixel_size"];
    const message = `Beads: the stack has no ${what}; give \`${option} <your ${what}>\` (um).`;
    throw new ParfocalError("calibration.missing", message, { what, option });
  }
  const half = options.half ?? beadHalfWidth(options.optics, pixelSize.x);
  const { threshold, saturation, signal } = options;
  checkSupport(stack.depth, [...new Set(options.fit ?? [])]);
  const found = findBeads(stack, { half, threshold, saturation });
  const { beads: all } = found;
  const rejected: RejectedBeads = { ...found.rejected, outside: 0 };
  const chosen = all.slice(0, options.beads ?? 10);
  if (chosen.length === 0) throw noBeads(rejected, half);
  const model = psfModelOf(options.optics);
  // In sectioning modes, a bead is dark in far planes.
  const reach = model.scanned ? Math.ceil((6 * model.axialPeriod) / zStep) : stack.depth;
  const beads: MeasuredBead[] = [];
  for (const { x, y, z } of chosen) {
    throwIfAborted(signal);
    const [left, top] = [x - half, y - half];
    const { bottom, own } = around(cropStack(stack, [top, top + 2 * half + 1], [left, left + 2 * half + 1]), z, reach);
    const widths = await beadWidths(own);
    const start = { x: half, y: half, z: z - bottom };
    const fit = await fitPsf(own, { ...options, start, onProgress: undefined }).catch(unlessUnfit);
    if (fit === undefined) {
      rejected.outside++;
      continue;
    }
    const { x: fx, y: fy, z: fz, z_scale: scale } = fit.parameters;
    beads.push({
      x: left + fx.value / pixelSize.x,
      y: top + fy.value / pixelSize.x,
      z: bottom + (fz?.value ?? 0) / (zStep * (scale?.value ?? 1)),
      fwhm: {
        x: widths.x.fwhm * pixelSize.x,
        y: widths.y.fwhm * pixelSize.y,
        z: widths.z && widths.z.fwhm * zStep,
      },
      brightness: widths.x.height,
      stack: own,
      left,
      top,
      bottom,
      fit,
    });
    options.onProgress?.({ done: beads.length, total: chosen.length });
  }
  if (beads.length === 0) throw noBeads(rejected, half);
  const spread = spreadOf(beads);
  const average = averageBeads(
    beads.map((bead) => ({
      stack: bead.stack,
      x: bead.x - bead.left,
      y: bead.y - bead.top,
      z: bead.z - bead.bottom,
      background: bead.fit.background,
      peak: bead.fit.peak,
    })),
  );
  return { beads, rejected, spread, average, warnings: [...warningsOf(beads), ...widthWarnings(beads, stack)] };
}

/** A bead whose fit is `image.unfit` is left out; any other error is thrown. */
function unlessUnfit(error: unknown): undefined {
  if (!(error instanceof ParfocalError && error.code === "image.unfit")) throw error;
}

/** Minimum number of beads for a standard deviation between beads. */
const minCompared = 3;

/**
 * Beads of one stack share their optics. If they differ by more than their errors, the errors are raised to the
 * difference.
 */
function spreadOf(beads: readonly MeasuredBead[]): MeasuredBeads["spread"] {
  const names = Object.keys(beads[0].fit.parameters).filter((name) => !["x", "y", "z"].includes(name));
  return Object.fromEntries(
    names.map((name) => {
      const values = beads.map(({ fit }) => fit.parameters[name].value);
      const mean = meanOf(values);
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : Number.NaN;
      if (beads.length >= minCompared) {
        for (const { fit } of beads) fit.parameters[name].error = Math.max(fit.parameters[name].error, deviation);
      }
      return [name, { mean, deviation }];
    }),
  );
}

function widthWarnings(beads: readonly MeasuredBead[], { depth }: Stack): string[] {
  if (depth === 1) {
    return [
      "A single plane gives lateral widths only. The axial width, defocus and aberrations cannot be measured, and the plane is assumed to be in focus.",
    ];
  }
  const without = beads.flatMap(({ fwhm }, i) => (fwhm.z === undefined ? [i + 1] : []));
  if (without.length === 0) return [];
  return [
    `bead ${without.join(", ")}: the axial width is not given, because the ${depth} planes do not contain it; it needs at least 5 planes that reach farther than the width on both sides.`,
  ];
}

/** The planes around z, and the first of them. */
function around(stack: Stack, z: number, reach: number): { bottom: number; own: Stack } {
  const bottom = Math.max(0, z - reach);
  const top = Math.min(stack.depth, z + reach + 1);
  const size = stack.height * stack.width;
  return { bottom, own: { ...stack, depth: top - bottom, data: stack.data.slice(bottom * size, top * size) } };
}

/**
 * Half the width, pixels, of a square that holds the light of a bead near focus: 4 lambda / NA in wide field, 1.25 in
 * confocal.
 */
function beadHalfWidth(optics: FitPsfOptions["optics"], pixelSize: number): number {
  const { na, wavelength, pinhole } = resolvePsfOptions(optics);
  const reach = (pinhole === undefined ? 4 : 1.25) * (wavelength / na);
  return Math.max(4, Math.round(reach / pixelSize));
}

function noBeads(rejected: RejectedBeads, half: number): ParfocalError {
  const why: [number, string][] = [
    [rejected.border, "too near the border"],
    [rejected.neighbour, "too near each other"],
    [rejected.saturated, "saturated"],
    [rejected.end, "brightest in the first or last plane"],
    [rejected.outside, "fitted outside the stack"],
  ];
  const reasons = why.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const found = reasons.length > 0 ? `of the spots found, ${reasons.join(", ")}` : "nothing stands out from the noise";
  const detail =
    `Beads: no bead lies alone in a square of ${2 * half + 1} pixels: ${found}; ` +
    "give a smaller `half <pixels>`, or a stack with single, bright beads.";
  return new ParfocalError("image.unfit", detail, { detail });
}

/** Warnings of the fits, each once with the beads that it concerns. */
function warningsOf(beads: readonly MeasuredBead[]): string[] {
  const concerned = new Map<string, number[]>();
  beads.forEach(({ fit }, i) => {
    for (const warning of fit.warnings) concerned.set(warning, [...(concerned.get(warning) ?? []), i + 1]);
  });
  return Array.from(concerned, ([warning, which]) => `bead ${which.join(", ")}: ${warning}`);
}
