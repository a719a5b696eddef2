/** The result of fitting a PSF model to the stack of a bead. */
import type { PsfOptics } from "./optics-options.ts";

export interface FittedValue {
  value: number;
  /**
   * One standard deviation, which accounts for unequal and correlated residuals (`fitErrors`) and so grows where
   * the model is incomplete. Infinity where the stack does not determine the value, or the model does not describe the
   * bead.
   */
  error: number;
}

export interface PsfFit {
  /** The optics with the fitted values. */
  optics: PsfOptics;
  /** The fitted values by name; x, y, z in um from the first pixel and plane. A single plane has no z. */
  parameters: Record<string, FittedValue>;
  /** Light of the bead in its brightest pixel above the background, counts. */
  peak: number;
  /** Counts. */
  background: number;
  /** RMS of measured - fitted, relative to the peak. */
  residual: number;
  /** Share of the stack's variance that the fit explains, 0..1. */
  r2: number;
  /** Whether the model describes the bead well enough for the errors to be meaningful. */
  described: boolean;
  iterations: number;
  converged: boolean;
  /** The fitted stack, in counts and of the size of the measured one. */
  fitted: Float32Array;
  /** Problems of the fit. */
  warnings: string[];
}
