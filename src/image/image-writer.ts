/** The options of an output, and the report on it when it is complete. */

import type { Warning } from "../warning.ts";
import type { PlaneIndex } from "./axes.ts";
import type { CountLoss } from "./count-tally.ts";
import type { Rescale } from "./image.ts";
import type { EncodeOptions } from "./image-format.ts";
import type { OutputSet } from "./storage.ts";

export interface WriteOptions extends EncodeOptions {
  /** Whether an existing output is replaced. */
  force?: boolean | undefined;
  /**
   * Spreads the values over all counts of `uint8` or `uint16`, from the smallest to the largest value of the whole
   * output, and records in the file what the counts mean. Throws `usage` for float32, which needs no rescaling.
   */
  rescale?: boolean | undefined;
  /**
   * The set that the output belongs to. The output is renamed when the set is committed, and `force` is that of the
   * set.
   */
  outputs?: OutputSet | undefined;
}

/** How the values were changed by writing them. */
export interface Written {
  path: string;
  /** For whole counts: what clipping and rounding lost. */
  loss?: CountLoss;
  /** The meaning of the counts, if they were rescaled. */
  rescale?: Rescale;
  /** Warnings about losses of more than one pixel in a thousand. */
  warnings: Warning[];
}

export interface ImageWriter {
  path: string;
  /**
   * Whole rows of a plane from row `y0` on, in any order of planes and rows; values are rounded and clipped to the
   * pixel type. Throws `usage` (rows outside the plane), `image.unfit` (NaN as whole counts), `output.failed`.
   */
  writeRows(plane: PlaneIndex, y0: number, rows: Float32Array): Promise<void>;
  /**
   * Gives the output its final name, unless it belongs to a set. Throws `usage` when rows are missing, `output.failed`.
   */
  finish(): Promise<Written>;
  /** Removes what has been written. */
  abandon(): Promise<void>;
}
