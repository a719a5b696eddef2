/** What a fit of a PSF model to the stack of a bead found. */
import type { PsfOptics } from "./optics-options.ts";

export interface FittedValue {
  value: number;
  /**
   * One standard deviation, residuals of unequal size and their correlation counted in (fit-errors.ts): what the model lacks widens it. Infinity
   * where the stack does not say, or the model does not describe the bead.
   */
  error: number;
}

export interface PsfFit {
  /** The optics with what was fitted. */
  optics: PsfOptics;
  /** What was fitted, by name; x, y, z in um from the first pixel and plane. A single plane has no z. */
  parameters: Record<string, FittedValue>;
  /** Light of the bead in its brightest pixel above the background, counts. */
  peak: number;
  /** Counts. */
  background: number;
  /** RMS of measured - fitted, relative to the peak. */
  residual: number;
  /** Share of the stack's variance that the fit explains, 0..1. */
  r2: number;
  /** Whether the model describes the bead well enough for errors to mean anything. */
  described: boolean;
  iterations: number;
  converged: boolean;
  /** The fitted stack, in the counts and size of the measured one. */
  fitted: Float32Array;
  /** What is wrong with the fit, if anything. */
  warnings: string[];
}
