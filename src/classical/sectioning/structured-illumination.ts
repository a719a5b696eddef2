/** Optical sections from three exposures with a grid (Neil, Juskaitis & Wilson, Opt. Lett. 22, 1905, 1997). */
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import type { Warning } from "../../warning.ts";
import {
  addPower,
  type DifferenceSpectra,
  differenceSpectra,
  type Exposures,
  exposureBrightness,
  findGridFrequency,
  type GridFrequency,
  type GridTrace,
  phasesOf,
  sumTraces,
  traceGrid,
} from "./grid-phases.ts";

/** Three exposures of every plane, `[planes, 3, height, width]`. */
export interface GridStack {
  data: Float32Array;
  planes: number;
  height: number;
  width: number;
}

export interface GridSectionOptions {
  /** Offset of the camera, counts; default 0. Needed for the widefield image and for a flickering lamp. */
  offset?: number | undefined;
  /**
   * Whether phases and brightness of the exposures are estimated from them (default), or assumed to be 0, 2 pi / 3, 4
   * pi / 3 and equal. See {@link sectionFromGrid}.
   */
  correct?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface GridSection {
  /** `[planes, height, width]`, 0 or above: density in focus x contrast of the grid there. */
  section: Float32Array;
  /** `[planes, height, width]`: the exposures without their grid. */
  widefield: Float32Array;
  /** Phases of the grid that were used for each plane, radians. */
  phases: number[][];
  /** Relative brightness that was used for the exposures of each plane, mean 1. */
  brightness: number[][];
  /** Frequency of the grid, if it was estimated; cycles/pixel. */
  frequency?: GridFrequency;
  /** Warnings, if no grid is visible. */
  warnings: Warning[];
}

/** Minimum peak at the grid's frequency that is not chance. */
const VISIBLE = 30;
const ideal = [0, (2 * Math.PI) / 3, (4 * Math.PI) / 3];

/**
 * Exposure j is b_j (W + cos(phase_j) C - sin(phase_j) S) at every pixel; three exposures give W, the widefield image,
 * and the section sqrt(C^2 + S^2). With exact thirds and equal light this is Neil's sqrt(2) / 3 sqrt((I1 - I2)^2 + (I2
 * - I3)^2 + (I3 - I1)^2), in the unit of the exposures.
 *
 * With `correct`, brightness comes from the light of low frequency and phases from the differences of the exposures at
 * the grid's frequency (see grid-phases.ts), for each plane in which it is visible, and otherwise from all planes
 * together. If no plane shows a grid, nothing is corrected and a warning is given.
 *
 * Noise: a section is a length and so never below 0. Noise of standard deviation s in the exposures lifts empty places
 * to a mean of sqrt(pi / 3) s, about 1.02 s, and sections of strength M to sqrt(M^2 + 4/3 s^2): subtract that before
 * measuring faint things. The section holds the shot noise of all the out-of-focus light, although that light itself is
 * removed.
 *
 * @throws `usage` where the numbers of planes and pixels do not fit the data, `interrupted`
 */
export function sectionFromGrid(stack: GridStack, options: GridSectionOptions = {}): GridSection {
  const { data, planes, height, width } = stack;
  const { offset = 0, correct = true, signal, onProgress } = options;
  const size = height * width;
  if (data.length !== 3 * planes * size || planes < 1) {
    const message = `Sectioning: ${planes} planes of 3 exposures with ${height} x ${width} pixels need ${3 * planes * size} values, got ${data.length}.`;
    throw new ParfocalError("usage", message, {
      option: "stack",
      got: data.length,
      expected: String(3 * planes * size),
    });
  }
  const exposures = (z: number): Exposures => {
    const part = data.slice(3 * z * size, 3 * (z + 1) * size);
    if (offset !== 0) for (let i = 0; i < part.length; i++) part[i] -= offset;
    return { data: part, height, width };
  };
  const grid = correct ? measureGrid(planes, exposures, signal) : undefined;
  const section = new Float32Array(planes * size);
  const widefield = new Float32Array(planes * size);
  for (let z = 0; z < planes; z++) {
    throwIfAborted(signal);
    const { phases, brightness } = grid?.planes[z] ?? { phases: ideal, brightness: [1, 1, 1] };
    demodulate(exposures(z), phases, brightness, section.subarray(z * size), widefield.subarray(z * size));
    onProgress?.({ done: z + 1, total: planes });
  }
  const used = Array.from({ length: planes }, (_, z) => grid?.planes[z] ?? { phases: ideal, brightness: [1, 1, 1] });
  return {
    section,
    widefield,
    phases: used.map(({ phases }) => [...phases]),
    brightness: used.map(({ brightness }) => [...brightness]),
    ...(grid && { frequency: grid.frequency }),
    warnings: grid && !grid.seen ? [{ code: "no_grid", text: NO_GRID }] : [],
  };
}

const NO_GRID =
  "No grid is visible in the differences of the three exposures, so that phases a third of a period apart are assumed. " +
  "Check that the exposures are in the right order and that something is in focus.";

interface GridMeasurement {
  planes: { phases: number[]; brightness: number[] }[];
  frequency: GridFrequency;
  seen: boolean;
}

function measureGrid(
  planes: number,
  exposures: (z: number) => Exposures,
  signal: AbortSignal | undefined,
): GridMeasurement {
  // The grid is first found with the mean brightness; then both are measured with its period known.
  let power: Float64Array | undefined;
  let last: DifferenceSpectra | undefined;
  for (let z = 0; z < planes; z++) {
    throwIfAborted(signal);
    const one = exposures(z);
    last = differenceSpectra(one, meanBrightness(one));
    power ??= new Float64Array(last.height * last.spectrumWidth);
    addPower(last, power);
  }
  const frequency = findGridFrequency(power ?? new Float64Array(0), last?.height ?? 0, last?.width ?? 0);
  const period = 1 / Math.max(1e-9, Math.hypot(frequency.x, frequency.y));
  const brightness: number[][] = [];
  const traces: GridTrace[] = [];
  for (let z = 0; z < planes; z++) {
    throwIfAborted(signal);
    const one = exposures(z);
    // A blur wider than the field makes no further difference.
    brightness.push(exposureBrightness(one, Math.min(period, one.height, one.width)));
    traces.push(traceGrid(differenceSpectra(one, brightness[z]), frequency));
  }
  const visible = traces.filter(({ significance }) => significance > VISIBLE);
  const together = visible.length > 0 ? phasesOf(sumTraces(visible)) : undefined;
  return {
    frequency,
    seen: together !== undefined,
    planes: traces.map((trace, z) => {
      if (together === undefined) return { phases: ideal, brightness: [1, 1, 1] };
      const own = trace.significance > VISIBLE ? phasesOf(trace) : undefined;
      return { phases: own ?? together, brightness: brightness[z] };
    }),
  };
}

function meanBrightness({ data, height, width }: Exposures): number[] {
  const size = height * width;
  const sums = [0, 1, 2].map((j) => data.subarray(j * size, (j + 1) * size).reduce((sum, v) => sum + v, 0));
  const total = sums[0] + sums[1] + sums[2];
  return sums.every((sum) => sum > 0) ? sums.map((sum) => (3 * sum) / total) : [1, 1, 1];
}

/** Solves exposure_j / b_j = W + cos(phase_j) C - sin(phase_j) S for every pixel. */
function demodulate(
  { data, height, width }: Exposures,
  phases: readonly number[],
  brightness: readonly number[],
  section: Float32Array,
  widefield: Float32Array,
): void {
  const size = height * width;
  const rows = invert(phases.map((phase) => [1, Math.cos(phase), -Math.sin(phase)]));
  const [w, c, s] = rows.map((row) => row.map((value, j) => value / brightness[j]));
  for (let i = 0; i < size; i++) {
    const first = data[i];
    const second = data[size + i];
    const third = data[2 * size + i];
    widefield[i] = w[0] * first + w[1] * second + w[2] * third;
    const cosine = c[0] * first + c[1] * second + c[2] * third;
    const sine = s[0] * first + s[1] * second + s[2] * third;
    section[i] = Math.sqrt(cosine * cosine + sine * sine);
  }
}

/** Inverse of a 3 x 3 matrix by its cofactors; phases apart from each other make it regular. */
function invert(m: readonly (readonly number[])[]): number[][] {
  const minor = (i: number, j: number) => {
    const [r0, r1] = [(i + 1) % 3, (i + 2) % 3];
    const [c0, c1] = [(j + 1) % 3, (j + 2) % 3];
    return m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
  };
  const determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => minor(j, i) / determinant));
}
