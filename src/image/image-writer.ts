/** What is asked of an output, and what it tells when it is complete. */
import type { PlaneIndex } from "./axes.ts";
import type { CountLoss } from "./count-tally.ts";
import type { Rescale } from "./image.ts";
import type { EncodeOptions } from "./image-format.ts";
import type { OutputSet } from "./storage.ts";

export interface WriteOptions extends EncodeOptions {
  /** Whether an existing output is replaced. */
  force?: boolean | undefined;
  /**
   * Spreads the values over all counts of `uint8` or `uint16`, from the smallest to the largest value of the whole output,
   * and records in the file what the counts mean. Throws `usage` with float32, which needs none.
   */
  rescale?: boolean | undefined;
  /** The set that the output belongs to: it gets its name when the set is committed. `force` is then that of the set. */
  outputs?: OutputSet | undefined;
}

/** What became of the values. */
export interface Written {
  path: string;
  /** Of whole counts: what was clipped, and what rounding took away. */
  loss?: CountLoss;
  /** What the counts mean, where they were rescaled. */
  rescale?: Rescale;
  /** Sentences for the user: losses of more than one pixel in a thousand. */
  warnings: string[];
}

export interface ImageWriter {
  path: string;
  /**
   * Whole rows of a plane from row `y0` on, in any order of planes and rows; values are rounded and clipped to the
   * pixel type. Throws `usage` (rows outside the plane), `image.unfit` (NaN as whole counts), `output.failed`.
   */
  writeRows(plane: PlaneIndex, y0: number, rows: Float32Array): Promise<void>;
  /** Gives the output its name, unless it belongs to a set. Throws `usage` when rows are missing, `output.failed`. */
  finish(): Promise<Written>;
  /** Removes what has been written. */
  abandon(): Promise<void>;
}
