/** Measures the PSF of a microscope from a stack of beads: their widths, what the optics really are, and their mean. */
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
  /** Half the width of the square about a bead, pixels; default by the optics: see {@link beadHalfWidth}. */
  half?: number | undefined;
  /** Most beads that are measured, the brightest first; default 10. */
  beads?: number | undefined;
  threshold?: number | undefined;
  saturation?: number | undefined;
  /** Called with the beads that are done. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** One bead of a stack; places in pixels and planes of the whole stack. */
export interface MeasuredBead {
  x: number;
  y: number;
  z: number;
  /** Full widths at half maximum of fitted Gaussians, um; along z only where the planes hold it. */
  fwhm: { x: number; y: number; z: number | undefined };
  /** Counts of the brightest voxel above the Gaussians' background. */
  brightness: number;
  /** Its own stack, and the column, row and plane of the whole one where it begins. */
  stack: Stack;
  left: number;
  top: number;
  bottom: number;
  /** The model, fitted. */
  fit: PsfFit;
}

/** How many were left out: by {@link findBeads}, and those whose fit leaves the stack. */
export type RejectedBeads = FoundBeads["rejected"] & { outside: number };

export interface MeasuredBeads {
  beads: MeasuredBead[];
  /** Beads that were found and left out, by reason. */
  rejected: RejectedBeads;
  /** What the beads, which share one microscope, say of each fitted parameter but their places: their mean, and the standard deviation between them. */
  spread: Record<string, { mean: number; deviation: number }>;
  /** Their mean: the measured PSF, 1 in the middle, see {@link averageBeads}. */
  average: Stack;
  warnings: string[];
}

/**
 * Finds beads that lie alone, measures their widths, fits the model to each, and averages them.
 * @throws `image.unfit` where there is none; what {@link fitPsf} throws
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
  // Where light is sectioned, nothing of a bead is left in far planes.
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

/** A bead whose fit leaves the stack is left out; everything else stops. */
function unlessUnfit(error: unknown): undefined {
  if (!(error instanceof ParfocalError && error.code === "image.unfit")) throw error;
}

/** Fewest beads whose differences say how sure one of them is. */
const fewestCompared = 3;

/** Beads of one stack share their optics: where they differ by more than their errors, the errors grow to that. */
function spreadOf(beads: readonly MeasuredBead[]): MeasuredBeads["spread"] {
  const names = Object.keys(beads[0].fit.parameters).filter((name) => !["x", "y", "z"].includes(name));
  return Object.fromEntries(
    names.map((name) => {
      const values = beads.map(({ fit }) => fit.parameters[name].value);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : Number.NaN;
      if (beads.length >= fewestCompared) {
        for (const { fit } of beads) fit.parameters[name].error = Math.max(fit.parameters[name].error, deviation);
      }
      return [name, { mean, deviation }];
    }),
  );
}

function widthWarnings(beads: readonly MeasuredBead[], { depth }: Stack): string[] {
  if (depth === 1) {
    return [
      "One plane gives widths across only: nothing is said of the axial width, defocus or aberrations, and the plane is taken to be in focus.",
    ];
  }
  const without = beads.flatMap(({ fwhm }, i) => (fwhm.z === undefined ? [i + 1] : []));
  if (without.length === 0) return [];
  return [
    `bead ${without.join(", ")}: no axial width, which the ${depth} planes do not hold: it needs 5 planes or more, farther up and down than it is wide.`,
  ];
}

/** The planes about z, and the first of them. */
function around(stack: Stack, z: number, reach: number): { bottom: number; own: Stack } {
  const bottom = Math.max(0, z - reach);
  const top = Math.min(stack.depth, z + reach + 1);
  const size = stack.height * stack.width;
  return { bottom, own: { ...stack, depth: top - bottom, data: stack.data.slice(bottom * size, top * size) } };
}

/** Half a square, pixels, that holds a bead's light near focus: 4 lambda / NA in wide field, 1.25 where light is sectioned. */
export function beadHalfWidth(optics: FitPsfOptions["optics"], pixelSize: number): number {
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
  const found = reasons.length > 0 ? `of those found, ${reasons.join(", ")}` : "nothing stands out from the noise";
  const detail =
    `Beads: none that lies alone in a square of ${2 * half + 1} pixels: ${found}; ` +
    "give a smaller `half <pixels>`, or a stack with single, bright beads.";
  return new ParfocalError("image.unfit", detail, { detail });
}

/** Warnings of the fits, said once with the beads that they concern. */
function warningsOf(beads: readonly MeasuredBead[]): string[] {
  const concerned = new Map<string, number[]>();
  beads.forEach(({ fit }, i) => {
    for (const warning of fit.warnings) concerned.set(warning, [...(concerned.get(warning) ?? []), i + 1]);
  });
  return Array.from(concerned, ([warning, which]) => `bead ${which.join(", ")}: ${warning}`);
}
