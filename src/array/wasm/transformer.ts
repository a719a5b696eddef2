/** The tables and the scratch of line transforms, laid out in a workspace for one call. */
import type { Layout } from "./layout.ts";
import { type Lines, type LineTransform, scratchNumbers, transformLines } from "./line-transform.ts";
import type { Workspace } from "./workspace.ts";

/** Vectors of lines that are transformed together: enough to use whole cache lines, few enough to stay in the cache. */
export const together = 4;

export interface Transformer {
  /** Addresses of two numbers: 1, and the factor that was given to `fill`. */
  readonly one: number;
  readonly factor: number;
  /** Writes the tables; before the first transform, when the layout is complete. */
  fill(memory: Float32Array | Float64Array, factor: number): void;
  /** At most {@link together} vectors of lines, in place, unscaled; see {@link transformLines}. */
  transform(line: LineTransform, lines: Lines): void;
  /** The same for columns that begin at numbers `re` and `im`. */
  block(line: LineTransform, at: { re: number; im: number; pitch: number }, vectors: number, inverse: boolean): void;
  /**
   * All columns of an array that begins at numbers `re` and `im` and has rows of `pitch` numbers, in place, unscaled.
   */
  columns(line: LineTransform, re: number, im: number, pitch: number, inverse: boolean): void;
}

export function createTransformer(layout: Layout, workspace: Workspace, lines: readonly LineTransform[]): Transformer {
  const { bytes, lanes } = workspace;
  const factors = layout.take(2);
  const tables = new Map(lines.map((line) => [line, layout.take(line.twiddles.length)]));
  const scratch = layout.take(Math.max(...lines.map((line) => scratchNumbers(line, together, lanes))));
  const transform = (line: LineTransform, block: Lines) =>
    transformLines(workspace, line, block, (tables.get(line) ?? 0) * bytes, scratch * bytes);
  const block: Transformer["block"] = (line, { re, im, pitch }, vectors, inverse) => {
    const [a, b] = [re * bytes, im * bytes];
    // Backwards: real and imaginary part change places.
    transform(line, { real: inverse ? b : a, imag: inverse ? a : b, pitch: pitch * bytes, vectors });
  };
  return {
    one: factors * bytes,
    factor: (factors + 1) * bytes,
    fill(memory, factor) {
      memory[factors] = 1;
      memory[factors + 1] = factor;
      for (const [line, at] of tables) memory.set(line.twiddles, at);
    },
    transform,
    block,
    columns(line, re, im, pitch, inverse) {
      const step = together * lanes;
      for (let x = 0; x < pitch; x += step) {
        block(line, { re: re + x, im: im + x, pitch }, Math.min(together, (pitch - x) / lanes), inverse);
      }
    },
  };
}
