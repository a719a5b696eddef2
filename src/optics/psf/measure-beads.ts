/** Measures the PSF of a microscope from a stack of beads: their widths, what the optics really are, and their mean. */
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import { cropStack } from "../../image/crop.ts";
import type { Stack } from "../../image/image.ts";
import { averageBeads } from "./average-beads.ts";
import { type FoundBeads, findBeads } from "./find-beads.ts";
import { type FitPsfOptions, fitPsf, type PsfFit } from "./fit-psf.ts";
import { beadWidths } from "./fwhm.ts";
import { psfModelOf, resolvePsfOptions } from "./optics-options.ts";

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
  /** Full widths at half maximum of fitted Gaussians, um. */
  fwhm: { x: number; y: number; z: number };
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

export interface MeasuredBeads {
  beads: MeasuredBead[];
  /** Beads that were found and left out, by reason. */
  rejected: FoundBeads["rejected"];
  /** Their mean: the measured PSF, 1 in the middle, see {@link averageBeads}. */
  average: Stack;
  warnings: string[];
}

/**
 * Finds beads that lie alone, measures their widths, fits the model to each, and averages them.
 * @throws `image.unfit` where there is none; what {@link fitPsf} throws
 */
export async function measureBeads(stack: Stack, options: MeasureBeadsOptions): Promise<MeasuredBeads> {
  const { pixelSize, zStep } = stack;
  if (!pixelSize || !zStep) {
    const [what, option] = pixelSize ? ["z step", "--z-step"] : ["pixel size", "--pixel-size"];
    const message = `Beads: the stack has no ${what}; give ${option} in um.`;
    throw new ParfocalError("calibration.missing", message, { what, option });
  }
  const half = options.half ?? beadHalfWidth(options.optics, pixelSize.x);
  const { threshold, saturation, signal } = options;
  const { beads: all, rejected } = findBeads(stack, { half, threshold, saturation });
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
    const fit = await fitPsf(own, { ...options, start: { x: half, y: half, z: z - bottom }, onProgress: undefined });
    const { x: fx, y: fy, z: fz, z_scale: scale } = fit.parameters;
    beads.push({
      x: left + fx.value / pixelSize.x,
      y: top + fy.value / pixelSize.x,
      z: bottom + fz.value / (zStep * (scale?.value ?? 1)),
      fwhm: {
        x: widths.x.fwhm * pixelSize.x,
        y: widths.y.fwhm * pixelSize.y,
        z: widths.z.fwhm * zStep,
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
  return { beads, rejected, average, warnings: warningsOf(beads) };
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

function noBeads(rejected: FoundBeads["rejected"], half: number): ParfocalError {
  const why: [number, string][] = [
    [rejected.border, "too near the border"],
    [rejected.neighbour, "too near each other"],
    [rejected.saturated, "saturated"],
    [rejected.end, "brightest in the first or last plane"],
  ];
  const reasons = why.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const found = reasons.length > 0 ? `of those found, ${reasons.join(", ")}` : "nothing stands out from the noise";
  const detail =
    `Beads: none that lies alone in a square of ${2 * half + 1} pixels: ${found}; ` +
    "give a smaller --half, or a stack with single, bright beads.";
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
